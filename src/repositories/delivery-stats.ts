/**
 * Rollups of deliveries by minute and hour. Recording appends deltas (delivery-records.ts), folding
 * takes them into the rollups: a count is in the deltas or in the rollups, never in both. Beside an
 * endpoint's rows stand its project's, whose endpoint_id is the project's id (migration 0010).
 */
import { and, asc, eq, gte, lt } from 'drizzle-orm';
import { deliveryStatsHour, deliveryStatsMinute } from '../../db/schema/delivery-stats.ts';
import type { DeliveryId, EndpointId, ProjectId } from '../domain/ids.ts';
import { latencyBoundsMs } from '../domain/latency-histogram.ts';
import type { TenantTx, WorkerTx } from './transactions.ts';

export type StatsBucket = 'minute' | 'hour';
export type StatsRow = Pick<
  typeof deliveryStatsMinute.$inferSelect,
  | 'bucket'
  | 'delivered'
  | 'failed'
  | 'attempts'
  | 'attemptsFailed'
  | 'answerCounts'
  | 'latencyCounts'
>;

const tables = { minute: deliveryStatsMinute, hour: deliveryStatsHour };

/** How many deltas, and the projects that they are of. */
export type Folded = { count: number; projectIds: ProjectId[] };

/**
 * Folds up to `limit` deltas and says which, null when another process is at it. Joins
 * nothing: the counts of a bucket, its zeros and its sums are rows of one list that is grouped, so
 * that no statistics can turn the plan. The upserts go by key: two in different order would
 * deadlock.
 */
export async function foldStatsDeltas(tx: WorkerTx, limit: number): Promise<Folded | null> {
  const { sql } = tx;
  const [lock] = await tx.run(
    'lockStatsFold',
    sql<{ got: boolean }[]>`
      select pg_try_advisory_xact_lock(hashtext('opsforge.stats_fold')) as got`,
  );
  if (lock?.got !== true) return null;
  const [row] = await tx.run(
    'foldStatsDeltas',
    sql<Folded[]>`
      with taken as materialized (
        delete from delivery_stats_deltas
        where ctid = any(array(select ctid from delivery_stats_deltas limit ${limit}))
        returning *
      ), endpoint_places as materialized (
        select tenant_id, project_id, endpoint_id, minute as bucket, place, ${sums(sql)}
        from (${places(sql)}) counted
        group by tenant_id, project_id, endpoint_id, minute, place
      ), minute_places as materialized (
        select * from endpoint_places
        union all
        select tenant_id, project_id, project_id, bucket, place, ${sums(sql)}
        from endpoint_places group by tenant_id, project_id, bucket, place
      ), hour_places as materialized (
        select tenant_id, project_id, endpoint_id,
          date_bin('1 hour', bucket, 'epoch'::timestamptz) as bucket, place, ${sums(sql)}
        from minute_places group by 1, 2, 3, 4, 5
      ), minutes as (
        ${upsertRollup(sql, 'delivery_stats_minute', 'minute_places')}
      ), hours as (
        ${upsertRollup(sql, 'delivery_stats_hour', 'hour_places')}
      ), days as (
        insert into usage_days as held (tenant_id, project_id, day, deliveries, attempts)
        select tenant_id, project_id, (bucket at time zone 'UTC')::date,
          sum(delivered) + sum(failed), sum(attempts)
        from hour_places where endpoint_id = project_id group by 1, 2, 3 order by 1, 2, 3
        on conflict (tenant_id, project_id, day) do update set
          deliveries = held.deliveries + excluded.deliveries,
          attempts = held.attempts + excluded.attempts
      )
      select count(*)::integer as count,
        coalesce(array_agg(distinct project_id), '{}') as "projectIds" from taken`,
  );
  return row ?? { count: 0, projectIds: [] };
}

/** A place is the index of a count; what is counted once for the bucket stands at place 0. */
function places(sql: WorkerTx['sql']) {
  const bounds = sql`${[...latencyBoundsMs]}::integer[]`;
  const keys = sql`tenant_id, project_id, endpoint_id, minute`;
  return sql`
    select ${keys}, 0 as place, delivered, failed, attempts, attempts_failed, 0 as answers,
      0 as latencies
    from taken
    union all
    select ${keys}, width_bucket(ms, ${bounds}), 0, 0, 0, 0, 1, 0 from taken, unnest(answers_ms) ms
    union all
    select ${keys}, width_bucket(ms, ${bounds}), 0, 0, 0, 0, 0, 1 from taken, unnest(latencies_ms) ms
    union all
    select ${keys}, place, 0, 0, 0, 0, 0, 0
    from (select distinct ${keys} from taken) one,
      generate_series(0, ${latencyBoundsMs.length}::integer) place`;
}

function sums(sql: WorkerTx['sql']) {
  return sql`
    sum(delivered)::integer as delivered, sum(failed)::integer as failed,
    sum(attempts)::integer as attempts, sum(attempts_failed)::integer as attempts_failed,
    sum(answers)::integer as answers, sum(latencies)::integer as latencies`;
}

function upsertRollup(sql: WorkerTx['sql'], table: string, source: string) {
  return sql`
    insert into ${sql(table)} as held (tenant_id, project_id, endpoint_id, bucket, delivered, failed,
      attempts, attempts_failed, answer_counts, latency_counts)
    select tenant_id, project_id, endpoint_id, bucket, sum(delivered), sum(failed), sum(attempts),
      sum(attempts_failed), array_agg(answers order by place), array_agg(latencies order by place)
    from ${sql(source)} group by tenant_id, project_id, endpoint_id, bucket
    order by tenant_id, endpoint_id, bucket
    on conflict (tenant_id, endpoint_id, bucket) do update set
      delivered = held.delivered + excluded.delivered, failed = held.failed + excluded.failed,
      attempts = held.attempts + excluded.attempts,
      attempts_failed = held.attempts_failed + excluded.attempts_failed,
      answer_counts = add_counts(held.answer_counts, excluded.answer_counts),
      latency_counts = add_counts(held.latency_counts, excluded.latency_counts)`;
}

/** The rows of an endpoint in a half open time, oldest first. By the primary key. */
export function listStats(
  tx: TenantTx,
  endpointId: EndpointId,
  range: { bucket: StatsBucket; since: Date; until: Date; limit: number },
): Promise<StatsRow[]> {
  const table = tables[range.bucket];
  return tx.run(
    'listStats',
    tx.db
      .select({
        bucket: table.bucket,
        delivered: table.delivered,
        failed: table.failed,
        attempts: table.attempts,
        attemptsFailed: table.attemptsFailed,
        answerCounts: table.answerCounts,
        latencyCounts: table.latencyCounts,
      })
      .from(table)
      .where(
        and(
          eq(table.tenantId, tx.tenantId),
          eq(table.endpointId, endpointId),
          gte(table.bucket, range.since),
          lt(table.bucket, range.until),
        ),
      )
      .orderBy(asc(table.bucket))
      .limit(range.limit),
  );
}

/** Pending deliveries of an endpoint, counted up to `limit`. Index: delivery_queue_endpoint_idx. */
export async function countPending(
  tx: TenantTx,
  endpointId: EndpointId,
  limit: number,
): Promise<number> {
  const [row] = await tx.run(
    'countPending',
    tx.sql<{ count: number }[]>`
      select count(*)::integer as count from (
        select from delivery_queue
        where tenant_id = ${tx.tenantId} and endpoint_id = ${endpointId} and not manual
        limit ${limit}
      ) pending`,
  );
  return row?.count ?? 0;
}

/** The pending delivery that waits longest. Index: delivery_queue_endpoint_idx. */
export async function findOldestPending(
  tx: TenantTx,
  endpointId: EndpointId,
): Promise<DeliveryId | null> {
  const [row] = await tx.run(
    'findOldestPending',
    tx.sql<{ id: DeliveryId }[]>`
      select id from delivery_queue
      where tenant_id = ${tx.tenantId} and endpoint_id = ${endpointId} and not manual
      order by id limit 1`,
  );
  return row?.id ?? null;
}

/** Up to `limit` rows from before this age; answers how many. By the index on bucket. */
export async function deleteOldStats(
  tx: WorkerTx,
  bucket: StatsBucket,
  keptHours: number,
  limit: number,
): Promise<number> {
  const table = tx.sql(`delivery_stats_${bucket}`);
  const rows = await tx.run(
    'deleteOldStats',
    tx.sql`
      delete from ${table}
      where ctid = any(array(
        select ctid from ${table} where bucket < now() - ${keptHours}::integer * interval '1 hour'
        order by bucket limit ${limit}))
      returning 1`,
  );
  return rows.length;
}
