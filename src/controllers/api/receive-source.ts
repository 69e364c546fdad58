/** POST /api/v1/sources/{id}: reads the bytes, and says what became of them. */
import { payloadBytesMax } from '../../domain/event-envelope.ts';
import type { SourceId } from '../../domain/ids.ts';
import type { Challenge } from '../../domain/sources/source.ts';
import type { SourceReceiver } from '../../usecases/sources/receive-source.ts';
import { readHops } from './ingest-request.ts';
import { readBytes } from './request-body.ts';

export type ReceiverDeps = Pick<SourceReceiver, 'receive' | 'answerCrc'>;

/** Of a JSON body, which is the payload; other bodies grow when they become one. */
const bodyBytesMax = payloadBytesMax;

/** Answers 202, or 200 with what the sender asked for; throws AppError. */
export async function receiveMessage(
  receiver: ReceiverDeps,
  id: SourceId,
  request: Request,
): Promise<Response> {
  const body = await readBytes(request, bodyBytesMax);
  const query = new URL(request.url).search;
  const { headers } = request;
  const hops = readHops(headers.get('opsforge-hops'));
  const received = await receiver.receive(id, { headers, query, body, hops });
  if (received.kind === 'challenge') return challengeResponse(received.challenge);
  const { id: eventId, type, projectId, receivedAtMs, deliveries, duplicate } = received.event;
  const receivedAt = new Date(receivedAtMs).toISOString();
  return Response.json(
    { id: eventId, type, projectId, receivedAt, deliveries, duplicate },
    { status: 202 },
  );
}

export async function answerCrc(
  receiver: ReceiverDeps,
  id: SourceId,
  token: string,
): Promise<Response> {
  return challengeResponse(await receiver.answerCrc(id, token));
}

function challengeResponse({ contentType, body }: Challenge): Response {
  return new Response(body, { headers: { 'content-type': contentType } });
}
