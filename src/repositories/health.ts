/** What readiness and the clock ask of the database. */
import type { LookupTx, WorkerTx } from './transactions.ts';

/** The database's time (ms) and the newest schema version applied. */
export async function readHealth(tx: LookupTx): Promise<{ nowMs: number; schemaVersion: number }> {
  const [row] = await tx.run(
    'readHealth',
    tx.sql<{ now_ms: number; version: number }[]>`
      select (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms,
        (select max(version) from schema_migrations) as version`,
  );
  if (row === undefined) throw new Error('the health query answered no row');
  return { nowMs: row.now_ms, schemaVersion: row.version };
}

/**
 * Deliveries that wait, and how overdue the oldest one is that may be sent. Counts the whole queue:
 * 55 ms at 1 M rows, so callers keep the answer for a while.
 */
export async function readQueueFigures(
  tx: WorkerTx,
): Promise<{ pending: number; lagSeconds: number }> {
  const [row] = await tx.run(
    'readQueueFigures',
    tx.sql<{ pending: number; lag_seconds: number }[]>`
      select count(*)::int as pending,
        greatest(0, coalesce(extract(epoch from now() - min(queued.next_attempt_at)
          filter (where target.status = 'active'
            and coalesce(target.paused_until, '-infinity') <= now())), 0))::float8 as lag_seconds
      from delivery_queue queued
      join endpoints target on target.tenant_id = queued.tenant_id and target.id = queued.endpoint_id
      where not queued.manual`,
  );
  return { pending: row?.pending ?? 0, lagSeconds: row?.lag_seconds ?? 0 };
}
