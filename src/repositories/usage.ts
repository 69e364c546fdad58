/**
 * What projects use a day. Accepting appends deltas (accepted-events.ts) and recording does
 * (delivery-stats.ts); folding takes them into the days: a count is in one of the two, never in
 * both.
 */
import type { ProjectId } from '../domain/ids.ts';
import type { TenantTx, WorkerTx } from './transactions.ts';

/** Days are texts as `2026-01-31`, of UTC. */
export type UsageCounts = { events: number; bytes: number; deliveries: number; attempts: number };
export type UsageDay = UsageCounts & { day: string };
export type UsageOfProject = UsageCounts & { projectId: ProjectId };

/** Half open. */
export type DayRange = { from: string; before: string };

/**
 * Folds up to `limit` deltas and answers how many, null when another process is at it. By key: two
 * upserts in different order would deadlock.
 */
export async function foldUsageDeltas(tx: WorkerTx, limit: number): Promise<number | null> {
  const { sql } = tx;
  const [lock] = await tx.run(
    'lockUsageFold',
    sql<{ got: boolean }[]>`
      select pg_try_advisory_xact_lock(hashtext('opsforge.usage_fold')) as got`,
  );
  if (lock?.got !== true) return null;
  const [row] = await tx.run(
    'foldUsageDeltas',
    sql<{ folded: number }[]>`
      with taken as materialized (
        delete from usage_deltas
        where ctid = any(array(select ctid from usage_deltas limit ${limit}))
        returning *
      ), days as (
        insert into usage_days as held (tenant_id, project_id, day, events, bytes)
        select tenant_id, project_id, day, sum(events), sum(bytes) from taken
        group by tenant_id, project_id, day order by tenant_id, project_id, day
        on conflict (tenant_id, project_id, day) do update set
          events = held.events + excluded.events, bytes = held.bytes + excluded.bytes
      )
      select count(*)::integer as folded from taken`,
  );
  return row?.folded ?? 0;
}

/** Of the tenant or one of its projects, oldest first; days without use are not in it. */
export function listUsageDays(
  tx: TenantTx,
  filter: { projectId: ProjectId | null; range: DayRange; limit: number },
): Promise<UsageDay[]> {
  const { sql } = tx;
  const { projectId, range } = filter;
  return tx.run(
    'listUsageDays',
    sql<UsageDay[]>`
      select day::text as day, ${sums(sql)} from usage_days
      where tenant_id = ${tx.tenantId} ${projectId === null ? sql`` : sql`and project_id = ${projectId}`}
        and day >= ${range.from} and day < ${range.before}
      group by usage_days.day order by usage_days.day limit ${filter.limit}`,
  );
}

/** Those that used anything, the one with the most events first. */
export function listUsageOfProjects(
  tx: TenantTx,
  filter: { projectId: ProjectId | null; range: DayRange; limit: number },
): Promise<UsageOfProject[]> {
  const { sql } = tx;
  const { projectId, range } = filter;
  return tx.run(
    'listUsageOfProjects',
    sql<UsageOfProject[]>`
      select project_id as "projectId", ${sums(sql)} from usage_days
      where tenant_id = ${tx.tenantId} ${projectId === null ? sql`` : sql`and project_id = ${projectId}`}
        and day >= ${range.from} and day < ${range.before}
      group by project_id order by events desc, project_id limit ${filter.limit}`,
  );
}

function sums(sql: TenantTx['sql']) {
  return sql`sum(events)::float8 as events, sum(bytes)::float8 as bytes,
    sum(deliveries)::float8 as deliveries, sum(attempts)::float8 as attempts`;
}

/** Up to `limit` rows from before so many days; answers how many. By the index on the day. */
export async function deleteOldUsage(
  tx: WorkerTx,
  keptDays: number,
  limit: number,
): Promise<number> {
  const rows = await tx.run(
    'deleteOldUsage',
    tx.sql`
      delete from usage_days
      where ctid = any(array(
        select ctid from usage_days where day < (now() at time zone 'UTC')::date - ${keptDays}::integer
        order by day limit ${limit}))
      returning 1`,
  );
  return rows.length;
}
