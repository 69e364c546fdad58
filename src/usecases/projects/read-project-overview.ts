/** One project over a range, for its overview: figures, their course. */
import type { ProjectId } from '../../domain/ids.ts';
import { listProjectHealth, listProjectSeries } from '../../repositories/project-health.ts';
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

export type ProjectOverview = {
  health: ProjectHealth;
  totals: Figures;
  series: Series;
  stepMs: number;
};

export async function readProjectOverview(
  ctx: Ctx,
  projectId: ProjectId,
  name: OverviewRange,
): Promise<ProjectOverview> {
  requireScope(ctx, 'endpoints:read');
  const only = requireProject(ctx, projectId);
  const { bucket, stepMs, steps } = overviewRanges[name];
  const { sinceMs, untilMs } = stepsUntil(ctx.deps.clock.databaseNow(), stepMs, steps);
  const bounds = { since: new Date(sinceMs), until: new Date(untilMs) };
  const [[health], rows] = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    Promise.all([
      listProjectHealth(tx, { only, pendingMax }),
      listProjectSeries(tx, { only, bucket, stepMs, ...bounds }),
    ]),
  );
  return {
    health: health === undefined ? noHealth : toHealth(health),
    totals: toFigures(rows),
    series: toSeries(rows, { sinceMs, untilMs, stepMs }),
    stepMs,
  };
}
