/**
 * Accepts a batch by the same group commit as single events. Each event has an outcome of its own.
 * Events are committed in the order of the batch: those that are submitted together are written by
 * one statement, and the next ones are submitted when these are committed. So the first that find
 * no room, or no database, end the batch: what comes after them is refused with them.
 */
import { AppError } from '../../domain/errors.ts';
import { cutJsonBatch, cutNdjsonBatch } from '../../domain/event-batch.ts';
import { readEnvelope } from '../../domain/event-envelope.ts';
import type { Batcher } from '../../lib/batcher.ts';
import type { Clock } from '../../lib/clock.ts';
import type { AcceptedEvent, Candidate, Poster } from './candidate.ts';
import type { CommitOutcome } from './commit-events.ts';
import type { EndpointDirectory, TenantDirectory } from './endpoint-directory.ts';
import { checkHops, makeCandidate } from './make-candidate.ts';

export type PostedBatch = {
  /** The request's body, decoded. */
  text: string;
  format: 'json' | 'ndjson';
  hops: number;
};

export type BatchOutcome = AcceptedEvent | AppError;

type Weight = { bytes: number; rows: number };

type BatchParts = {
  clock: Clock;
  directory: EndpointDirectory;
  batcher: Pick<Batcher<Candidate, CommitOutcome>, 'submitTogether'>;
  weigh(candidate: Candidate): Weight;
  /** What one group may hold. */
  group: { itemsMax: number; bytesMax: number; rowsMax: number };
};

type Indexed = { index: number; candidate: Candidate };

/** Reading so much takes about 10 ms; then what else waits has its turn. */
const charactersAtOnce = 512 * 1_024;

/**
 * Throws AppError for what is wrong with the whole, and `unavailable` when nothing was accepted
 * because the database is away or too much waits: all of it may be sent again.
 */
export async function acceptBatch(
  parts: BatchParts,
  poster: Poster,
  { text, format, hops }: PostedBatch,
): Promise<BatchOutcome[]> {
  const texts = format === 'json' ? cutJsonBatch(text) : cutNdjsonBatch(text);
  checkHops(hops);
  const { tenantId } = poster;
  const known = parts.directory.peek(tenantId) ?? (await parts.directory.get(tenantId));
  const outcomes: BatchOutcome[] = [];
  const candidates: Indexed[] = [];
  let characters = 0;
  for (const [index, item] of texts.entries()) {
    const made = readItem(parts.clock, poster, item, hops, known);
    if (made instanceof AppError) {
      // One text that is not JSON is a whole that is not.
      if (made.code === 'malformed' && format === 'json') {
        throw new AppError('malformed', 'The body is not JSON.', { cause: made });
      }
      outcomes[index] = made;
    } else candidates.push({ index, candidate: made });
    characters += item.length;
    if (characters < charactersAtOnce) continue;
    characters = 0;
    await new Promise(setImmediate);
  }
  await commitInOrder(parts, candidates, outcomes);
  const nothing = outcomes.every((outcome) => outcome instanceof AppError);
  const away = outcomes.find((outcome) => isUnavailable(outcome));
  if (nothing && away !== undefined) throw away;
  return outcomes;
}

const isUnavailable = (outcome: BatchOutcome) =>
  outcome instanceof AppError && outcome.code === 'unavailable';

function readItem(
  clock: Clock,
  poster: Poster,
  text: string,
  hops: number,
  known: TenantDirectory,
): Candidate | AppError {
  try {
    const envelope = readEnvelope(text, { batchItem: true });
    const { idempotencyKey } = envelope;
    const posted = { envelope, idempotencyKey, keyDecides: false, hops };
    return makeCandidate(poster, posted, known, clock.databaseNow());
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** Fills the gaps that reading left in `outcomes`. */
async function commitInOrder(
  parts: BatchParts,
  candidates: readonly Indexed[],
  outcomes: BatchOutcome[],
): Promise<void> {
  let refusal: AppError | null = null;
  for (const together of cutByGroup(parts, candidates)) {
    let committed: CommitOutcome[] = [];
    try {
      if (refusal === null) {
        committed = await parts.batcher.submitTogether(together.map((one) => one.candidate));
      }
    } catch (cause) {
      refusal = asRefusal(cause);
    }
    for (const [at, { index, candidate }] of together.entries()) {
      const outcome = refusal ?? committed[at];
      if (outcome === undefined) throw new Error('an event of a batch came back without outcome');
      const { type, projectId } = candidate.event;
      outcomes[index] = outcome instanceof AppError ? outcome : { ...outcome, type, projectId };
    }
  }
}

function asRefusal(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  return new AppError('internal', 'This event could not be stored.', { cause });
}

/** Runs of candidates, each as long as fits into one group; one that fits into none goes alone. */
function cutByGroup({ weigh, group }: BatchParts, candidates: readonly Indexed[]): Indexed[][] {
  const runs: Indexed[][] = [];
  let run: Indexed[] = [];
  let bytes = 0;
  let rows = 0;
  for (const one of candidates) {
    const weight = weigh(one.candidate);
    const fits =
      run.length < group.itemsMax &&
      bytes + weight.bytes <= group.bytesMax &&
      rows + weight.rows <= group.rowsMax;
    if (run.length === 0 || !fits) {
      run = [];
      runs.push(run);
      bytes = 0;
      rows = 0;
    }
    run.push(one);
    bytes += weight.bytes;
    rows += weight.rows;
  }
  return runs;
}
