/**
 * Rollups of deliveries by minute and hour. Recording appends deltas (delivery-records.ts), folding
 * takes them into the rollups: a count is in the deltas or in the rollups, never in both.
 */
import { and, asc, eq, gte, lt } from 'drizzle-orm';
import { deliveryStatsHour, deliveryStatsMinute } from '../../db/schema/delivery-stats.ts';
import type { EndpointId } from '../domain/ids.ts';
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

/**
 * Folds up to `limit` deltas and answers how many, null when another process is at it. Joins
 * nothing: the counts of a bucket, its zeros and its sums are rows of one list that is grouped, so
 * that no statistics can turn the plan. The upserts go by key: two in different order would
 * deadlock.
 */
export async function foldStatsDeltas(tx: WorkerTx, limit: number): Promise<number | null> {
  const { sql } = tx;
  const [lock] = await tx.run(
    'lockStatsFold',
    sql<{ got: boolean }[]>`
      select pg_try_advisory_xact_lock(hashtext('opsforge.stats_fold')) as got`,
  );
  if (lock?.got !== true) return null;
  const upsert = sql`
    on conflict (tenant_id, endpoint_id, bucket) do update set
      delivered = held.delivered + excluded.delivered, failed = held.failed + excluded.failed,
      attempts = held.attempts + excluded.attempts,
      attempts_failed = held.attempts_failed + excluded.attempts_failed,
      answer_counts = add_counts(held.answer_counts, excluded.answer_counts),
      latency_counts = add_counts(held.latency_counts, excluded.latency_counts)`;
  const bounds = sql`${[...latencyBoundsMs]}::integer[]`;
  const [row] = await tx.run(
    'foldStatsDeltas',
    sql<{ folded: number }[]>`
      with taken as materialized (
        delete from delivery_stats_deltas
        where ctid = any(array(select ctid from delivery_stats_deltas limit ${limit}))
        returning *
      ), cells as materialized (
        select tenant_id, project_id, endpoint_id, minute, place, sum(delivered)::integer as delivered,
          sum(failed)::integer as failed, sum(attempts)::integer as attempts,
          sum(attempts_failed)::integer as attempts_failed, sum(answers)::integer as answers,
          sum(latencies)::integer as latencies
        from (
          select tenant_id, project_id, endpoint_id, minute, 0 as place, delivered, failed, attempts,
            attempts_failed, 0 as answers, 0 as latencies
          from taken
          union all
          select tenant_id, project_id, endpoint_id, minute, width_bucket(ms, ${bounds}),
            0, 0, 0, 0, 1, 0
          from taken, unnest(answers_ms) ms
          union all
          select tenant_id, project_id, endpoint_id, minute, width_bucket(ms, ${bounds}),
            0, 0, 0, 0, 0, 1
          from taken, unnest(latencies_ms) ms
          union all
          select tenant_id, project_id, endpoint_id, minute, place, 0, 0, 0, 0, 0, 0
          from (select distinct tenant_id, project_id, endpoint_id, minute from taken) one,
            generate_series(0, ${latencyBoundsMs.length}::integer) place
        ) counted
        group by tenant_id, project_id, endpoint_id, minute, place
      ), minutes as (
        insert into delivery_stats_minute as held (tenant_id, project_id, endpoint_id, bucket,
          delivered, failed, attempts, attempts_failed, answer_counts, latency_counts)
        select tenant_id, project_id, endpoint_id, minute, sum(delivered), sum(failed),
          sum(attempts), sum(attempts_failed), array_agg(answers order by place),
          array_agg(latencies order by place)
        from cells group by tenant_id, project_id, endpoint_id, minute
        order by tenant_id, endpoint_id, minute
        ${upsert}
      ), hours as (
        insert into delivery_stats_hour as held (tenant_id, project_id, endpoint_id, bucket,
          delivered, failed, attempts, attempts_failed, answer_counts, latency_counts)
        select tenant_id, project_id, endpoint_id, hour, sum(delivered), sum(failed),
          sum(attempts), sum(attempts_failed), array_agg(answers order by place),
          array_agg(latencies order by place)
        from (
          select tenant_id, project_id, endpoint_id,
            date_bin('1 hour', minute, 'epoch'::timestamptz) as hour, place,
            sum(delivered)::integer as delivered, sum(failed)::integer as failed,
            sum(attempts)::integer as attempts, sum(attempts_failed)::integer as attempts_failed,
            sum(answers)::integer as answers, sum(latencies)::integer as latencies
          from cells group by 1, 2, 3, 4, 5
        ) by_hour
        group by tenant_id, project_id, endpoint_id, hour
        order by tenant_id, endpoint_id, hour
        ${upsert}
      )
      select count(*)::integer as folded from taken`,
  );
  return row?.folded ?? 0;
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
