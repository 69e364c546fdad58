/** How many events came over time. Nothing rolls events up by the minute, so rows are counted. */
import type { EventId, ProjectId } from '../domain/ids.ts';
import type { TenantTx } from './transactions.ts';

export type EventVolumeRow = {
  /** 1 for the first step. */
  place: number;
  count: number;
  /** Ms since the epoch; where the first step begins. */
  sinceMs: number;
};

/**
 * Counts the project's among the tenant's newest `scanMax` events of a range, in `steps` steps of
 * the same length; steps without events are left out. Where those do not reach back to the range's
 * beginning, the steps begin at the oldest of them. By the primary key, so that the budget bounds
 * what is read: 5,000 rows are 4 ms.
 */
export function listEventVolume(
  tx: TenantTx,
  range: {
    projectId: ProjectId;
    from: EventId;
    before: EventId;
    sinceMs: number;
    untilMs: number;
    steps: number;
    scanMax: number;
  },
): Promise<EventVolumeRow[]> {
  const { sql } = tx;
  const scanMax = sql.unsafe(String(range.scanMax));
  return tx.run(
    'listEventVolume',
    sql<EventVolumeRow[]>`
      with newest as materialized (
        select project_id, (extract(epoch from received_at) * 1000)::float8 as at_ms
        from webhook_events
        where tenant_id = ${tx.tenantId} and id >= ${range.from} and id < ${range.before}
        order by id desc limit ${scanMax}
      ), bounds as (
        select case when count(*) < ${scanMax} then ${range.sinceMs}::float8
          else least(min(at_ms), ${range.untilMs}::float8 - 1) end as since_ms
        from newest
      )
      select width_bucket(greatest(at_ms, since_ms), since_ms, ${range.untilMs}::float8,
          ${range.steps}::integer) as place,
        count(*)::integer as count, since_ms as "sinceMs"
      from newest, bounds where project_id = ${range.projectId}
      group by place, since_ms`,
  );
}
