/** Ends a portal link for good: here at once, in other processes within a second. */
import { notFound } from '../../domain/errors.ts';
import type { PortalLinkId } from '../../domain/ids.ts';
import { revokePortalLink as revokeRow } from '../../repositories/portal-links.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';

export async function revokePortalLink(ctx: Ctx, id: PortalLinkId): Promise<void> {
  requireScope(ctx, 'portal-links:write');
  const { database, announceChange } = ctx.deps;
  await database.withTenant(ctx.tenantId, async (tx) => {
    if (!(await revokeRow(tx, id, boundProject(ctx)))) throw notFound('portal link', id);
    tx.afterCommit(() => announceChange({ kind: 'portal', tenantId: ctx.tenantId }));
  });
}
