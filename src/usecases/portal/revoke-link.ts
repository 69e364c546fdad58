/** Ends a portal link for good: here at once, in other processes within a second. */
import { notFound } from '../../domain/errors.ts';
import type { PortalLinkId } from '../../domain/ids.ts';
import { revokePortalLink as revokeRow } from '../../repositories/portal-links.ts';
import { recordChange } from '../audit/record-change.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';
import { toPortalLink } from './view.ts';

export async function revokePortalLink(ctx: Ctx, id: PortalLinkId): Promise<void> {
  requireScope(ctx, 'portal-links:write');
  const { database, announceChange } = ctx.deps;
  await database.withTenant(ctx.tenantId, async (tx) => {
    const row = await revokeRow(tx, id, boundProject(ctx));
    if (row === null) throw notFound('portal link', id);
    await recordChange(tx, ctx, {
      action: 'portal_link.revoked',
      target: { id, label: row.customer },
      projectId: row.projectId,
      before: toPortalLink(row),
    });
    tx.afterCommit(() => announceChange({ kind: 'portal', tenantId: ctx.tenantId }));
  });
}
