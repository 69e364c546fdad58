/** What pages tell of how projects do. Not part of the API, so it has no schema. */
import { addCounts, estimatePercentileMs } from '../../domain/latency-histogram.ts';
import type { HealthRow, SeriesRow } from '../../repositories/project-health.ts';

/** More are not counted for an endpoint: it takes 5 ms for so many. */
export const pendingMax = 10_000;

export type ProjectHealth = Omit<HealthRow, 'projectId' | 'lastMinuteMs'> & {
  /** RFC 3339; when a delivery last ended, to the minute. Null: none in 48 hours. */
  lastDeliveryAt: string | null;
};

export type Figures = {
  delivered: number;
  failed: number;
  attempts: number;
  attemptsFailed: number;
  /** delivered / (delivered + failed); null for none. */
  successRatio: number | null;
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
};

/** Oldest first, every step, also those without deliveries. */
export type Series = { at: string; figures: Figures }[];

export const noHealth: ProjectHealth = {
  endpoints: 0,
  stopped: 0,
  breakersOpen: 0,
  failing: 0,
  pending: 0,
  lastDeliveryAt: null,
};

export function toHealth({ projectId: _, lastMinuteMs, ...counts }: HealthRow): ProjectHealth {
  return {
    ...counts,
    lastDeliveryAt: lastMinuteMs === null ? null : new Date(lastMinuteMs).toISOString(),
  };
}

type Counts = Omit<SeriesRow, 'projectId' | 'atMs'>;

const nothing: Counts = {
  delivered: 0,
  failed: 0,
  attempts: 0,
  attemptsFailed: 0,
  latencyCounts: [],
};

export function toFigures(rows: readonly Counts[]): Figures {
  const sum = rows.reduce(
    (a, b) => ({
      delivered: a.delivered + b.delivered,
      failed: a.failed + b.failed,
      attempts: a.attempts + b.attempts,
      attemptsFailed: a.attemptsFailed + b.attemptsFailed,
      latencyCounts: addCounts(a.latencyCounts, b.latencyCounts),
    }),
    nothing,
  );
  const { latencyCounts, ...counts } = sum;
  const ended = sum.delivered + sum.failed;
  return {
    ...counts,
    successRatio: ended === 0 ? null : sum.delivered / ended,
    p50Ms: estimatePercentileMs(latencyCounts, 0.5),
    p95Ms: estimatePercentileMs(latencyCounts, 0.95),
    p99Ms: estimatePercentileMs(latencyCounts, 0.99),
  };
}

/** Whole steps, of which the last ends at or after `nowMs`. */
export function stepsUntil(nowMs: number, stepMs: number, steps: number) {
  const untilMs = Math.ceil(nowMs / stepMs) * stepMs;
  return { sinceMs: untilMs - steps * stepMs, untilMs };
}

export function toSeries(
  rows: readonly SeriesRow[],
  range: { sinceMs: number; untilMs: number; stepMs: number },
): Series {
  const byTime = new Map(rows.map((row) => [row.atMs, row]));
  const series: Series = [];
  for (let atMs = range.sinceMs; atMs < range.untilMs; atMs += range.stepMs) {
    const row = byTime.get(atMs);
    series.push({ at: new Date(atMs).toISOString(), figures: toFigures(row ? [row] : []) });
  }
  return series;
}
