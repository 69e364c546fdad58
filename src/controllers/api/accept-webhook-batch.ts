/**
 * POST /api/v1/webhooks/batch: one JSON object, or NDJSON. Called by Bun's router and by Elysia, as
 * accept-webhook.ts is.
 */
import { AppError, invalidField } from '../../domain/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { BatchOutcome } from '../../usecases/webhooks/accept-batch.ts';
import type { EventAcceptor } from '../../usecases/webhooks/accept-event.ts';
import type { Poster } from '../../usecases/webhooks/candidate.ts';
import { toProblem } from '../problem.ts';
import { requestFacts } from '../request-id.ts';
import { isJsonType, readHops, wrongType } from './ingest-request.ts';
import { readText } from './request-body.ts';

export type AcceptWebhookBatchDeps = {
  identifyPoster(request: Request): Promise<Poster>;
  acceptor: Pick<EventAcceptor, 'acceptBatch'>;
  log: Log;
};

const batchBodyBytesMax = 8 * 1_024 * 1_024;
const ndjsonType = /^application\/(?:x-)?ndjson\s*(?:;|$)/i;

/** Answers 202 even when every event is rejected; throws AppError for the request as a whole. */
export async function acceptWebhookBatch(
  deps: AcceptWebhookBatchDeps,
  request: Request,
): Promise<Response> {
  const { headers } = request;
  const poster = await deps.identifyPoster(request);
  const format = readFormat(headers.get('content-type'));
  if (headers.has('idempotency-key')) {
    // Passed over, it would promise what does not hold.
    throw invalidField('Idempotency-Key', 'give each event its own idempotencyKey instead');
  }
  const text = await readText(request, batchBodyBytesMax);
  const hops = readHops(headers.get('opsforge-hops'));
  const outcomes = await deps.acceptor.acceptBatch(poster, { text, format, hops });
  logInternal(deps.log, request, outcomes);
  const results = outcomes.map((outcome, index) => resultOf(outcome, index));
  const rejected = outcomes.filter((outcome) => outcome instanceof AppError).length;
  const accepted = outcomes.length - rejected;
  return Response.json({ accepted, rejected, results }, { status: 202 });
}

function readFormat(contentType: string | null): 'json' | 'ndjson' {
  if (isJsonType(contentType)) return 'json';
  if (contentType !== null && ndjsonType.test(contentType)) return 'ndjson';
  throw wrongType(contentType, 'application/json or application/x-ndjson');
}

function resultOf(outcome: BatchOutcome, index: number) {
  if (outcome instanceof AppError) {
    const { code, detail: message } = toProblem(outcome);
    return { index, error: { code, message } };
  }
  const { id, duplicate } = outcome;
  return duplicate ? { index, id, duplicate } : { index, id };
}

/** One line for the batch: its events mostly fail for one reason. */
function logInternal(log: Log, request: Request, outcomes: readonly BatchOutcome[]): void {
  const failed = outcomes.filter(
    (outcome) => outcome instanceof AppError && outcome.code === 'internal',
  );
  if (failed.length === 0) return;
  const requestId = requestFacts(request).id;
  log.error({ err: failed[0], requestId, events: failed.length }, 'events of a batch failed');
}
