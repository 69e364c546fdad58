/**
 * POST /api/v1/webhooks, the hottest route: a plain handler that Bun's router calls before Elysia
 * is asked (Elysia with a zod body costs a fifth of the throughput, docs/benchmarks.md). The route
 * in webhooks.ts describes it and calls the same handler, so the two cannot answer differently.
 */
import { payloadBytesMax } from '../../domain/event-envelope.ts';
import type { EventAcceptor } from '../../usecases/webhooks/accept-event.ts';
import type { Poster } from '../../usecases/webhooks/candidate.ts';
import { isJsonType, readHops, wrongType } from './ingest-request.ts';
import { readText } from './request-body.ts';

export type AcceptWebhookDeps = {
  identifyPoster(request: Request): Promise<Poster>;
  acceptor: Pick<EventAcceptor, 'accept'>;
};

/** Payload, 50 labels of escaped text and the rest: more is not an event. */
const eventBodyBytesMax = payloadBytesMax + 256 * 1024;

/** Answers 202, or throws AppError. */
export async function acceptWebhook(deps: AcceptWebhookDeps, request: Request): Promise<Response> {
  const { headers } = request;
  const poster = await deps.identifyPoster(request);
  const contentType = headers.get('content-type');
  if (!isJsonType(contentType)) throw wrongType(contentType, 'application/json');
  const text = await readText(request, eventBodyBytesMax);
  const accepted = await deps.acceptor.accept(poster, {
    text,
    idempotencyKey: headers.get('idempotency-key'),
    hops: readHops(headers.get('opsforge-hops')),
  });
  return Response.json(
    {
      id: accepted.id,
      type: accepted.type,
      projectId: accepted.projectId,
      receivedAt: new Date(accepted.receivedAtMs).toISOString(),
      deliveries: accepted.deliveries,
      duplicate: accepted.duplicate,
    },
    { status: 202 },
  );
}
