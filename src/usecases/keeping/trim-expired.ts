/**
 * Deletes what has served its time in tables without partitions, in small transactions, so that
 * nobody waits for it. Several processes at once do no harm: they only find less.
 */
import { deleteExpiredReservations } from '../../repositories/accepted-events.ts';
import { deleteOldAuditEntries } from '../../repositories/audit-log.ts';
import { deleteOldStats } from '../../repositories/delivery-stats.ts';
import { deleteOldSourceCounts } from '../../repositories/source-counts.ts';
import type { WorkerTx } from '../../repositories/transactions.ts';
import { deleteOldUsage } from '../../repositories/usage.ts';
import type { Deps } from '../context.ts';

export type Trimmed = {
  idempotencyKeys: number;
  statsMinutes: number;
  statsHours: number;
  auditEntries: number;
  usageDays: number;
  sourceHours: number;
};

/** A few milliseconds each. */
const rowsMax = 5_000;
/** Of one table in one round: 50 M rows, more than a day of keys at full load. */
const statementsMax = 10_000;

/**
 * A series of minutes is at most a day long (usecases/endpoints/read-stats.ts); two days allow
 * one beside the day before. Longer times are read in hours, a sixtieth of the rows, which are kept
 * for a year and a month to compare with (400 days).
 */
const minutesKeptHours = 48;
const hoursKeptHours = 400 * 24;
const usageKeptDays = 400;
const sourceCountsKeptDays = 31;

/** Ends early, between two statements, when `signal` says so. */
export async function trimExpired(
  { database }: Pick<Deps, 'database'>,
  signal: AbortSignal,
): Promise<Trimmed> {
  const trim = async (work: (tx: WorkerTx) => Promise<number>): Promise<number> => {
    let total = 0;
    for (let statement = 0; statement < statementsMax && !signal.aborted; statement += 1) {
      const deleted = await database.withWorker(work);
      total += deleted;
      if (deleted < rowsMax) break;
    }
    return total;
  };
  return {
    idempotencyKeys: await trim((tx) => deleteExpiredReservations(tx, rowsMax)),
    statsMinutes: await trim((tx) => deleteOldStats(tx, 'minute', minutesKeptHours, rowsMax)),
    statsHours: await trim((tx) => deleteOldStats(tx, 'hour', hoursKeptHours, rowsMax)),
    auditEntries: await trim((tx) => deleteOldAuditEntries(tx, rowsMax)),
    usageDays: await trim((tx) => deleteOldUsage(tx, usageKeptDays, rowsMax)),
    sourceHours: await trim((tx) => deleteOldSourceCounts(tx, sourceCountsKeptDays, rowsMax)),
  };
}
