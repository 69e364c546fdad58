/** How each of the tenant's projects does: its endpoints, and the last 24 hours by the hour. */
import type { ProjectId } from '../../domain/ids.ts';
import {
  listProjectSeries,
  listProjectHealth as listRows,
} from '../../repositories/project-health.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';
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

const stepMs = 3_600_000;
const steps = 24;

export type ProjectDay = { health: ProjectHealth; totals: Figures; series: Series };

/** Answers a look-up: a project that has nothing yet is there with zeros. */
export async function listProjectHealth(ctx: Ctx): Promise<(id: string) => ProjectDay> {
  requireScope(ctx, 'projects:read');
  requireScope(ctx, 'endpoints:read');
  const only = boundProject(ctx);
  const { sinceMs, untilMs } = stepsUntil(ctx.deps.clock.databaseNow(), stepMs, steps);
  const bounds = { since: new Date(sinceMs), until: new Date(untilMs) };
  const [health, rows] = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    Promise.all([
      listRows(tx, { only, pendingMax }),
      listProjectSeries(tx, { only, bucket: 'hour', stepMs, ...bounds }),
    ]),
  );
  const healthById = new Map<string, ProjectHealth>(
    health.map((row) => [row.projectId, toHealth(row)]),
  );
  const rowsById = Map.groupBy(rows, (row): ProjectId | string => row.projectId);
  return (id) => {
    const own = rowsById.get(id) ?? [];
    return {
      health: healthById.get(id) ?? noHealth,
      totals: toFigures(own),
      series: toSeries(own, { sinceMs, untilMs, stepMs }),
    };
  };
}
