/** One project over a range, for its overview: figures, their course, why deliveries fail. */
import { dayMs, dayOf, daysBetween } from '../../domain/days.ts';
import { type DeliveryId, idAt, idTimeMs, type ProjectId } from '../../domain/ids.ts';
import {
  type FailureCauseRow,
  findOldestWaiting,
  listFailureCauses,
} from '../../repositories/failure-causes.ts';
import { listProjectHealth, listProjectSeries } from '../../repositories/project-health.ts';
import { listUsageDays } from '../../repositories/usage.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import {
  type Figures,
  noHealth,
  type ProjectHealth,
  pendingMax,
  type Series,
  stepsUntil,
  toFigures,
  toHealth,
  toSeries,
} from './health.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;

/** At most 120 steps, which is what a chart can show; minutes are kept for 48 hours. */
export const overviewRanges = {
  '1h': { bucket: 'minute', stepMs: minuteMs, steps: 60 },
  '24h': { bucket: 'minute', stepMs: 15 * minuteMs, steps: 96 },
  '7d': { bucket: 'hour', stepMs: 2 * hourMs, steps: 84 },
  '30d': { bucket: 'hour', stepMs: 6 * hourMs, steps: 120 },
} as const;
export type OverviewRange = keyof typeof overviewRanges;

/** Events are counted by the day of UTC: short ranges say today's, beside those of two weeks. */
const daysOf: Record<OverviewRange, number> = { '1h': 14, '24h': 14, '7d': 7, '30d': 30 };

/** What is read of what failed: 2 ms at 1 M stored (2-core x64, PostgreSQL 15, 2026-11). */
const causeLimits = { endedMax: 1_000, waitingMax: 100, failingMax: 20, limit: 6 };

export type ProjectOverview = {
  health: ProjectHealth;
  totals: Figures;
  series: Series;
  stepMs: number;
  /** Accepted a day, oldest first; the last is today. */
  eventDays: { date: string; events: number }[];
  /** Of the newest that failed or are tried again, the most frequent first. */
  causes: FailureCauseRow[];
  /** When the delivery that waits longest was accepted; RFC 3339. */
  waitingSince: string | null;
};

export async function readProjectOverview(
  ctx: Ctx,
  projectId: ProjectId,
  name: OverviewRange,
): Promise<ProjectOverview> {
  requireScope(ctx, 'endpoints:read');
  const only = requireProject(ctx, projectId);
  const { bucket, stepMs, steps } = overviewRanges[name];
  const nowMs = ctx.deps.clock.databaseNow();
  const { sinceMs, untilMs } = stepsUntil(nowMs, stepMs, steps);
  const days = { from: dayOf(nowMs - (daysOf[name] - 1) * dayMs), before: dayOf(nowMs + dayMs) };
  // Safe because a moment as an id is below all that came after it.
  const from = idAt(sinceMs) as DeliveryId;
  const bounds = { since: new Date(sinceMs), until: new Date(untilMs) };
  const [[health], rows, used, causes, oldest] = await ctx.deps.database.withTenant(
    ctx.tenantId,
    (tx) =>
      Promise.all([
        listProjectHealth(tx, { only, pendingMax }),
        listProjectSeries(tx, { only, bucket, stepMs, ...bounds }),
        listUsageDays(tx, { projectId: only, range: days, limit: daysOf[name] }),
        listFailureCauses(tx, { projectId: only, from, ...causeLimits }),
        findOldestWaiting(tx, only),
      ]),
  );
  const eventsOf = new Map(used.map(({ day, events }) => [day, events]));
  return {
    health: health === undefined ? noHealth : toHealth(health),
    totals: toFigures(rows),
    series: toSeries(rows, { sinceMs, untilMs, stepMs }),
    stepMs,
    eventDays: daysBetween(days.from, days.before).map((date) => ({
      date,
      events: eventsOf.get(date) ?? 0,
    })),
    causes,
    waitingSince: oldest === null ? null : new Date(idTimeMs(oldest)).toISOString(),
  };
}
