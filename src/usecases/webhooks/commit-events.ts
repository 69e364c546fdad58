/**
 * Commits a group of events of any tenants in one transaction and says of each what became of it.
 * A group that the database refuses is halved until the bad event stands alone, so that it never
 * fails its neighbours. What may not be accepted twice is decided in reserve-events.ts.
 */
import { AppError } from '../../domain/errors.ts';
import { insertEvents } from '../../repositories/accepted-events.ts';
import { makePartitionsOf } from '../../repositories/partitions.ts';
import { type Database, databaseErrorCode } from '../../repositories/transactions.ts';
import { writeMakingPartitions } from '../missing-partitions.ts';
import type { Candidate, Committed } from './candidate.ts';
import { idTaken, reserveEvents } from './reserve-events.ts';

export type CommitOutcome = Committed | AppError;

/** SQLSTATE classes that are about the rows, so that halving finds the one at fault. */
const rowErrorClasses = ['22', '23', '42501', '54'];
const uniqueViolation = '23505';
const foreignKeyViolation = '23503';

/** Throws only what is not about a row: the database is away, or a defect. */
export async function commitEvents(
  database: Database,
  candidates: Candidate[],
): Promise<CommitOutcome[]> {
  const outcomes = await commitOrHalve(database, candidates);
  // Rare: their key was first named by a neighbour in the group that was itself refused.
  const again = candidates.filter((_, index) => outcomes[index] === 'again');
  const later = again.length === 0 ? [] : await commitEvents(database, again);
  let next = 0;
  return outcomes.map((outcome) => {
    if (outcome !== 'again') return outcome;
    const settled = later[next];
    next += 1;
    return settled ?? new AppError('internal', 'This event could not be stored.');
  });
}

async function commitOrHalve(
  database: Database,
  candidates: Candidate[],
): Promise<(CommitOutcome | 'again')[]> {
  try {
    return await writeMakingPartitions(
      () => commitOnce(database, candidates),
      () => database.withIngest([], (tx) => makePartitionsOf(tx, candidates.flatMap(idsOf))),
    );
  } catch (error) {
    const code = databaseErrorCode(error);
    if (error instanceof AppError || code === null) throw error;
    if (!rowErrorClasses.some((start) => code.startsWith(start))) throw error;
    const [only] = candidates;
    if (candidates.length === 1 && only !== undefined) return [refused(only, code, error)];
    const middle = Math.ceil(candidates.length / 2);
    // One after the other: the halves may hold the same key.
    const first = await commitOrHalve(database, candidates.slice(0, middle));
    return [...first, ...(await commitOrHalve(database, candidates.slice(middle)))];
  }
}

const idsOf = ({ event }: Candidate): string[] => [
  event.id,
  ...event.deliveries.map((delivery) => delivery.id),
];

function refused(candidate: Candidate, code: string, cause: unknown): AppError {
  if (code === uniqueViolation) return idTaken(candidate);
  if (code === foreignKeyViolation) {
    const detail = 'An endpoint of this event was changed while it was accepted. Send it again.';
    return new AppError('unavailable', detail, { cause, retryAfterMs: 1_000 });
  }
  return new AppError('internal', 'This event could not be stored.', { cause });
}

function commitOnce(
  database: Database,
  candidates: Candidate[],
): Promise<(CommitOutcome | 'again')[]> {
  const tenantIds = [...new Set(candidates.map(({ event }) => event.tenantId))];
  return database.withIngest(tenantIds, async (tx) => {
    const reserved = await reserveEvents(tx, candidates);
    const accepted = candidates.flatMap(({ event }, index) =>
      reserved[index] === 'free' ? [event] : [],
    );
    const receivedAtMs = accepted.length === 0 ? 0 : await insertEvents(tx, accepted);
    return candidates.map(({ event }, index) => {
      const outcome = reserved[index] ?? 'free';
      if (outcome === 'again' || outcome instanceof AppError) return outcome;
      if (outcome === 'free') {
        const deliveries = event.deliveries.length;
        return { id: event.id, receivedAtMs, deliveries, duplicate: false };
      }
      // A repeat within one group has the group's own time.
      return { ...outcome, receivedAtMs: outcome.receivedAtMs ?? receivedAtMs, duplicate: true };
    });
  });
}
