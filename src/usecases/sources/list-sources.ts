/** A project's sources, newest first. */
import { listSources as listRows } from '../../repositories/sources.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import { type Page, toPage } from '../cursors.ts';
import type { Source, SourceListQuery } from './schemas.ts';
import { toSource } from './view.ts';

export async function listSources(ctx: Ctx, query: SourceListQuery): Promise<Page<Source>> {
  requireScope(ctx, 'sources:read');
  const projectId = requireProject(ctx, query.projectId);
  const rows = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    listRows(tx, { projectId, before: query.cursor ?? null, limit: query.limit + 1 }),
  );
  return toPage(rows, query.limit, (row) => toSource(row, ctx.deps));
}
