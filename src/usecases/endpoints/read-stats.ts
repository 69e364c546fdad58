/**
 * How an endpoint does: counts of its deliveries and attempts by minute or hour, with estimated
 * percentiles, from the rollups (at most 5 s behind), and what is pending now.
 */
import { invalidField } from '../../domain/errors.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { addCounts, estimatePercentileMs } from '../../domain/latency-histogram.ts';
import { countPending, listStats, type StatsRow } from '../../repositories/delivery-stats.ts';
import { findEndpoint as findRow } from '../../repositories/endpoints.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';
import type { EndpointStats, EndpointStatsQuery, StatsFigures } from './stats-schemas.ts';

/** A day of minutes, sixty days of hours. */
const bucketsMax = 1_440;
const bucketsDefault = { minute: 60, hour: 24 };
const bucketMs = { minute: 60_000, hour: 3_600_000 };
/** More are not counted: it would take longer than all the rest (5 ms for so many). */
const pendingMax = 10_000;

export async function readEndpointStats(
  ctx: Ctx,
  id: EndpointId,
  query: EndpointStatsQuery,
): Promise<EndpointStats> {
  requireScope(ctx, 'endpoints:read');
  const { database, clock } = ctx.deps;
  const { bucket } = query;
  const stepMs = bucketMs[bucket];
  const { sinceMs, untilMs } = rangeOf(query, clock.databaseNow());
  const [endpoint, rows, pending] = await database.withTenant(ctx.tenantId, (tx) =>
    Promise.all([
      findRow(tx, id),
      listStats(tx, id, {
        bucket,
        since: new Date(sinceMs),
        until: new Date(untilMs),
        limit: bucketsMax,
      }),
      countPending(tx, id, pendingMax + 1),
    ]),
  );
  requireVisibleEndpoint(ctx, id, endpoint);
  const byTime = new Map(rows.map((row) => [row.bucket.getTime(), row]));
  const series: EndpointStats['series'] = [];
  for (let atMs = sinceMs; atMs < untilMs; atMs += stepMs) {
    series.push({ at: new Date(atMs).toISOString(), ...figuresOf(byTime.get(atMs) ?? nothing) });
  }
  return {
    bucket,
    since: new Date(sinceMs).toISOString(),
    until: new Date(untilMs).toISOString(),
    totals: figuresOf(rows.reduce(sumOf, nothing)),
    series,
    pending: { count: Math.min(pending, pendingMax), more: pending > pendingMax },
  };
}

/** Whole buckets: the first begins at or before `since`, the last ends at or after `until`. */
function rangeOf(query: EndpointStatsQuery, nowMs: number): { sinceMs: number; untilMs: number } {
  const { bucket, since, until } = query;
  const stepMs = bucketMs[bucket];
  const untilMs = Math.ceil((until?.getTime() ?? nowMs) / stepMs) * stepMs;
  const sinceMs =
    since === undefined
      ? untilMs - bucketsDefault[bucket] * stepMs
      : Math.floor(since.getTime() / stepMs) * stepMs;
  if (sinceMs >= untilMs) throw invalidField('since', 'must be before until');
  if (untilMs - sinceMs > bucketsMax * stepMs) {
    throw invalidField('since', `must be at most ${bucketsMax} ${bucket}s before until`);
  }
  return { sinceMs, untilMs };
}

type Counts = Omit<StatsRow, 'bucket'>;

const nothing: Counts = {
  delivered: 0,
  failed: 0,
  attempts: 0,
  attemptsFailed: 0,
  answerCounts: [],
  latencyCounts: [],
};

const sumOf = (a: Counts, b: Counts): Counts => ({
  delivered: a.delivered + b.delivered,
  failed: a.failed + b.failed,
  attempts: a.attempts + b.attempts,
  attemptsFailed: a.attemptsFailed + b.attemptsFailed,
  answerCounts: addCounts(a.answerCounts, b.answerCounts),
  latencyCounts: addCounts(a.latencyCounts, b.latencyCounts),
});

function figuresOf(counts: Counts): StatsFigures {
  const { delivered, failed, attempts, attemptsFailed, answerCounts, latencyCounts } = counts;
  const ended = delivered + failed;
  const percentiles = (of: readonly number[]) => ({
    p50: estimatePercentileMs(of, 0.5),
    p95: estimatePercentileMs(of, 0.95),
  });
  return {
    ...{ delivered, failed, attempts, attemptsFailed },
    successRatio: ended === 0 ? null : delivered / ended,
    answerMs: percentiles(answerCounts),
    latencyMs: percentiles(latencyCounts),
  };
}
