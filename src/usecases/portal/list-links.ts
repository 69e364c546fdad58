/** A project's portal links that hold, newest first. */
import { listPortalLinks as listRows } from '../../repositories/portal-links.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import { type Page, toPage } from '../cursors.ts';
import type { PortalLink, PortalLinkListQuery } from './schemas.ts';
import { toPortalLink } from './view.ts';

export async function listPortalLinks(
  ctx: Ctx,
  query: PortalLinkListQuery,
): Promise<Page<PortalLink>> {
  requireScope(ctx, 'portal-links:read');
  const projectId = requireProject(ctx, query.projectId);
  const rows = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    listRows(tx, {
      projectId,
      customer: query.customer ?? null,
      before: query.cursor ?? null,
      limit: query.limit + 1,
    }),
  );
  return toPage(rows, query.limit, toPortalLink);
}
