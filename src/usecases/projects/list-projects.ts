/** The tenant's projects, newest first; for a credential bound to one, that one. */
import { listProjects as listRows } from '../../repositories/projects.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';
import { type Page, toPage } from '../cursors.ts';
import type { Project, ProjectListQuery } from './schemas.ts';
import { toProject } from './view.ts';

export async function listProjects(ctx: Ctx, query: ProjectListQuery): Promise<Page<Project>> {
  requireScope(ctx, 'projects:read');
  const rows = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    listRows(tx, {
      only: boundProject(ctx),
      before: query.cursor ?? null,
      limit: query.limit + 1,
    }),
  );
  return toPage(rows, query.limit, toProject);
}
