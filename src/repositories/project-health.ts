/**
 * How projects do, for pages: by the projects' own rollups, and by the queue rows of each endpoint,
 * which lie together, so that other projects and tenants cost nothing.
 */
import type { ProjectId } from '../domain/ids.ts';
import { latencyBoundsMs } from '../domain/latency-histogram.ts';
import type { StatsBucket } from './delivery-stats.ts';
import type { TenantTx } from './transactions.ts';

export type HealthRow = {
  projectId: ProjectId;
  endpoints: number;
  /** People paused or disabled it, or the engine did. */
  stopped: number;
  /** The engine waits after failures in a row. */
  breakersOpen: number;
  failing: number;
  /** At most `pendingMax` are counted for an endpoint. */
  pending: number;
  /** When a delivery last ended, to the minute; ms since the epoch. */
  lastMinuteMs: number | null;
};

/** Of all living projects, or one. By the keys of endpoints, delivery_queue and the minutes. */
export async function listProjectHealth(
  tx: TenantTx,
  options: { only: ProjectId | null; pendingMax: number },
): Promise<HealthRow[]> {
  const { sql, tenantId } = tx;
  return tx.run(
    'listProjectHealth',
    sql<HealthRow[]>`
      select p.id as "projectId",
        count(e.id)::integer as endpoints,
        (count(e.id) filter (where e.status <> 'active'))::integer as stopped,
        (count(e.id) filter (where e.status = 'active' and e.paused_until > now()
          and e.pause_reason = 'circuit_breaker'))::integer as "breakersOpen",
        (count(e.id) filter (where e.status = 'active' and e.failing_since is not null))::integer
          as failing,
        coalesce(sum(waiting.count), 0)::integer as pending,
        (extract(epoch from (select max(m.bucket) from delivery_stats_minute m
          where m.tenant_id = ${tenantId} and m.endpoint_id = p.id)) * 1000)::float8
          as "lastMinuteMs"
      from projects p
      left join endpoints e on e.tenant_id = ${tenantId} and e.project_id = p.id
        and e.deleted_at is null
      left join lateral (
        select count(*) as count from (
          select from delivery_queue q
          where q.tenant_id = ${tenantId} and q.endpoint_id = e.id and not q.manual
          limit ${options.pendingMax}) counted
      ) waiting on e.id is not null
      where p.tenant_id = ${tenantId} and p.deleted_at is null
        and (${options.only}::uuid is null or p.id = ${options.only}::uuid)
      group by p.id`,
  );
}

export type SeriesRow = {
  projectId: ProjectId;
  atMs: number;
  delivered: number;
  failed: number;
  attempts: number;
  attemptsFailed: number;
  /** By latencyBoundsMs; from acceptance to success. */
  latencyCounts: number[];
};

type SeriesRange = {
  only: ProjectId | null;
  bucket: StatsBucket;
  stepMs: number;
  since: Date;
  until: Date;
};

/**
 * The rollups of projects, deleted endpoints included, added up in steps from `since`. Steps
 * without deliveries are left out.
 */
export async function listProjectSeries(tx: TenantTx, range: SeriesRange): Promise<SeriesRow[]> {
  const { sql, tenantId } = tx;
  const table = sql(`delivery_stats_${range.bucket}`);
  // As texts: drizzle has taken the client's way of writing a Date away.
  const since = range.since.toISOString();
  const until = range.until.toISOString();
  const places = latencyBoundsMs.length + 1;
  return tx.run(
    'listProjectSeries',
    sql<SeriesRow[]>`
      with steps as materialized (
        select s.project_id, s.delivered, s.failed, s.attempts, s.attempts_failed,
          s.latency_counts, date_bin(${range.stepMs}::integer * interval '1 ms', s.bucket,
            ${since}::timestamptz) as at
        from projects p
        join ${table} s on s.tenant_id = ${tenantId} and s.endpoint_id = p.id
          and s.bucket >= ${since}::timestamptz and s.bucket < ${until}::timestamptz
        where p.tenant_id = ${tenantId} and (${range.only}::uuid is null or p.id = ${range.only}::uuid)
      ), counted as (
        select project_id, at, sum(delivered)::integer as delivered, sum(failed)::integer as failed,
          sum(attempts)::integer as attempts, sum(attempts_failed)::integer as attempts_failed
        from steps group by project_id, at
      ), timed as (
        select project_id, at, array_agg(total order by place) as latency_counts from (
          select project_id, at, place, sum(coalesce(latency_counts[place], 0))::integer as total
          from steps, generate_series(1, ${places}::integer) place group by 1, 2, 3) added
        group by project_id, at
      )
      select project_id as "projectId", (extract(epoch from at) * 1000)::float8 as "atMs", delivered,
        failed, attempts, attempts_failed as "attemptsFailed", latency_counts as "latencyCounts"
      from counted join timed using (project_id, at)
      order by project_id, at`,
  );
}
