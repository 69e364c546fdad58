/**
 * POST /api/v1/webhooks, the hottest route: a plain handler that Bun's router calls before Elysia
 * is asked (Elysia with a zod body costs a fifth of the throughput, docs/benchmarks.md). The route
 * in webhooks.ts describes it and calls the same handler, so the two cannot answer differently.
 */
import { AppError } from '../../domain/errors.ts';
import { payloadBytesMax } from '../../domain/event-envelope.ts';
import type { Identity } from '../../usecases/accounts/authenticate-key.ts';
import type { EventAcceptor } from '../../usecases/webhooks/accept-event.ts';

export type AcceptWebhookDeps = {
  authenticateKey(authorization: string | null): Promise<Identity>;
  acceptor: Pick<EventAcceptor, 'accept'>;
};

/** Payload, 50 labels of escaped text and the rest: more is not an event. */
const eventBodyBytesMax = payloadBytesMax + 256 * 1024;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Answers 202, or throws AppError. */
export async function acceptWebhook(deps: AcceptWebhookDeps, request: Request): Promise<Response> {
  const { headers } = request;
  const identity = await deps.authenticateKey(headers.get('authorization'));
  checkContentType(headers.get('content-type'));
  const text = await readText(request);
  const accepted = await deps.acceptor.accept(identity, {
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

/** None at all is taken as JSON. */
function checkContentType(contentType: string | null): void {
  if (contentType === null || /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType)) {
    return;
  }
  throw new AppError(
    'unsupported_media_type',
    `The body is sent as ${contentType.slice(0, 100)}; send it as application/json.`,
  );
}

async function readText(request: Request): Promise<string> {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > eventBodyBytesMax) throw tooLarge(announced);
  const bytes = await request.bytes();
  if (bytes.length > eventBodyBytesMax) throw tooLarge(bytes.length);
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new AppError('malformed', 'The body is not valid UTF-8.', { cause });
  }
}

const tooLarge = (bytes: number) =>
  new AppError('too_large', `The body has ${bytes} bytes; at most ${eventBodyBytesMax} are read.`);

/** @throws AppError `invalid` for what is no number; its bound is the acceptor's to judge */
export function readHops(header: string | null): number {
  if (header === null) return 0;
  if (/^\d{1,3}$/.test(header)) return Number(header);
  throw new AppError('invalid', 'opsforge-hops must be a whole number.', {
    fields: [{ path: 'opsforge-hops', message: 'must be a whole number' }],
  });
}
