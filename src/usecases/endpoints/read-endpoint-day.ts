/**
 * How an endpoint did in the last 24 hours, by the quarter of an hour, and what waits now: what a
 * page draws. From the minutes, so that percentiles are those of the quarter. Not part of the API,
 * so it has no schema.
 */
import type { EndpointId } from '../../domain/ids.ts';
import { addCounts, estimatePercentileMs } from '../../domain/latency-histogram.ts';
import { listSteps, type StepRow } from '../../repositories/delivery-stats.ts';
import { findEndpoint as findRow } from '../../repositories/endpoints.ts';
import { type Ctx, requireScope } from '../context.ts';
import { stepsUntil } from '../projects/health.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';
import { readWaitingRows, toWaiting, type Waiting } from './read-waiting.ts';

const quarterMs = 900_000;
const quarters = 96;
const quartersOfHour = 4;

export type DayFigures = {
  delivered: number;
  attempts: number;
  attemptsFailed: number;
  /** Share of the attempts that succeeded; null for none. */
  successRatio: number | null;
  /** Attempts for each delivery that ended; null for none. */
  perDelivery: number | null;
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
};

export type EndpointDay = {
  day: DayFigures;
  hour: DayFigures;
  /** Oldest first, all 96. */
  quarters: { at: string; figures: DayFigures }[];
  pending: Waiting;
};

export async function readEndpointDay(ctx: Ctx, id: EndpointId): Promise<EndpointDay> {
  requireScope(ctx, 'endpoints:read');
  const { database, clock } = ctx.deps;
  const { sinceMs, untilMs } = stepsUntil(clock.databaseNow(), quarterMs, quarters);
  const range = { since: new Date(sinceMs), until: new Date(untilMs), stepMs: quarterMs };
  const [endpoint, rows, waiting] = await database.withTenant(ctx.tenantId, (tx) =>
    Promise.all([findRow(tx, id), listSteps(tx, id, range), readWaitingRows(tx, id)]),
  );
  requireVisibleEndpoint(ctx, id, endpoint);
  const byTime = new Map(rows.map((row) => [row.atMs, row]));
  const sums = Array.from({ length: quarters }, (_, place) => {
    const row = byTime.get(sinceMs + place * quarterMs);
    return sumOf(row === undefined ? [] : [row]);
  });
  return {
    day: figuresOf(sumOf(sums)),
    hour: figuresOf(sumOf(sums.slice(-quartersOfHour))),
    quarters: sums.map((sum, place) => ({
      at: new Date(sinceMs + place * quarterMs).toISOString(),
      figures: figuresOf(sum),
    })),
    pending: toWaiting(waiting),
  };
}

type Counts = Omit<StepRow, 'atMs'>;

function sumOf(rows: readonly Counts[]): Counts {
  const sum = (pick: (row: Counts) => number) => rows.reduce((total, row) => total + pick(row), 0);
  return {
    delivered: sum((row) => row.delivered),
    failed: sum((row) => row.failed),
    attempts: sum((row) => row.attempts),
    attemptsFailed: sum((row) => row.attemptsFailed),
    answerCounts: rows.reduce<number[]>((all, row) => addCounts(all, row.answerCounts), []),
  };
}

function figuresOf({ delivered, failed, attempts, attemptsFailed, answerCounts }: Counts) {
  const ended = delivered + failed;
  return {
    ...{ delivered, attempts, attemptsFailed },
    successRatio: attempts === 0 ? null : 1 - attemptsFailed / attempts,
    perDelivery: ended === 0 ? null : attempts / ended,
    p50Ms: estimatePercentileMs(answerCounts, 0.5),
    p95Ms: estimatePercentileMs(answerCounts, 0.95),
    p99Ms: estimatePercentileMs(answerCounts, 0.99),
  };
}
