/**
 * Records a batch of attempts in one transaction: attempt rows, final rows, next times, and what
 * they change of their endpoints. All or nothing, and never twice: when the answer to the
 * commit is lost, `resume` asks the database whether the transaction went through before anything
 * is repeated.
 */
import type { AttemptRecord } from '../../domain/dispatch/attempt-record.ts';
import { AppError } from '../../domain/errors.ts';
import {
  findTransactionState,
  insertAttempts,
  type RecordedBatch,
  updateEndedDelivery,
} from '../../repositories/delivery-records.ts';
import { makePartitionsOf } from '../../repositories/partitions.ts';
import { databaseErrorCode, isDatabaseAway } from '../../repositories/transactions.ts';
import type { Deps } from '../context.ts';
import { writeMakingPartitions } from '../missing-partitions.ts';
import { type Turns, turnEndpoints } from './turn-endpoints.ts';

export type RecordDeps = Pick<Deps, 'database' | 'clock' | 'announceChange' | 'wakeEndpoints'> & {
  workerName: string;
};
/** What is known of a transaction whose commit was not answered. */
export type UnknownCommit = RecordedBatch & Turns;

export type RecordResult =
  /** Indexes of the records that came too late: they count for nothing. */
  | { kind: 'recorded'; superseded: ReadonlySet<number> }
  /** The database is away or busy: the same again later, with `unknown` handed back. */
  | { kind: 'away'; error: unknown; unknown: UnknownCommit | null }
  /** The database refuses something in the batch. */
  | { kind: 'refused'; error: unknown };

/**
 * Serialization failure, deadlock, lock not available, statement timeout: may go well next time.
 */
const passingStates = new Set(['40001', '40P01', '55P03', '57014']);

export async function recordAttempts(
  deps: RecordDeps,
  records: readonly AttemptRecord[],
  unknown: UnknownCommit | null,
): Promise<RecordResult> {
  let written: UnknownCommit | null = null;
  try {
    if (unknown !== null) {
      const resumed = await resume(deps, unknown);
      if (resumed !== null) return resumed;
    }
    await writeMakingPartitions(
      () =>
        deps.database.withWorker(async (tx) => {
          const batch = await insertAttempts(tx, records, deps.workerName);
          written = { ...batch, changes: [], woken: [] };
          for (const [index, record] of records.entries()) {
            if (record.step.kind !== 'manual' || batch.superseded.has(index)) continue;
            await updateEndedDelivery(tx, record);
          }
          const nowMs = deps.clock.databaseNow();
          written = { ...batch, ...(await turnEndpoints(tx, records, batch.superseded, nowMs)) };
        }),
      () => {
        const ids = records.map(({ deliveryId }) => deliveryId);
        return deps.database.withWorker((tx) => makePartitionsOf(tx, ids));
      },
    );
  } catch (error) {
    const passing =
      (error instanceof AppError && error.code === 'unavailable') ||
      isDatabaseAway(error) ||
      passingStates.has(databaseErrorCode(error) ?? '');
    if (!passing) return { kind: 'refused', error };
    return { kind: 'away', error, unknown: written ?? unknown };
  }
  return settled(deps, written);
}

/** Null: it did not go through (or nobody knows any more, and the guard decides). */
async function resume(deps: RecordDeps, unknown: UnknownCommit): Promise<RecordResult | null> {
  const state = await deps.database.withWorker((tx) =>
    findTransactionState(tx, unknown.transactionId),
  );
  if (state === 'committed') return settled(deps, unknown);
  if (state !== 'in progress') return null;
  return { kind: 'away', error: new Error('the last attempt to record is under way'), unknown };
}

function settled(deps: RecordDeps, written: UnknownCommit | null): RecordResult {
  for (const change of written?.changes ?? []) deps.announceChange(change);
  if (written !== null && written.woken.length > 0) deps.wakeEndpoints(written.woken);
  return { kind: 'recorded', superseded: written?.superseded ?? new Set() };
}
