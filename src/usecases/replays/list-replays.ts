/** A project's replays, newest first; with `dryRuns: false` without those that only counted. */
import { listReplays as listRows } from '../../repositories/replays.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import { type Page, toPage } from '../cursors.ts';
import type { Replay, ReplayListQuery } from './schemas.ts';
import { viewReplays } from './view.ts';

export async function listReplays(
  ctx: Ctx,
  query: ReplayListQuery & { dryRuns?: boolean },
): Promise<Page<Replay>> {
  requireScope(ctx, 'deliveries:read');
  const projectId = requireProject(ctx, query.projectId);
  return ctx.deps.database.withTenant(ctx.tenantId, async (tx) => {
    const { limit, cursor, dryRuns = true } = query;
    const before = cursor ?? null;
    const rows = await listRows(tx, { projectId, before, dryRuns, limit: limit + 1 });
    return toPage(await viewReplays(tx, rows), limit, (replay) => replay);
  });
}
