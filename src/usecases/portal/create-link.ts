/**
 * Makes a link for one customer and answers it, the only time that it can be seen. Nobody passes on
 * what they may not do themselves.
 */
import { notFound } from '../../domain/errors.ts';
import { checkFilter } from '../../domain/filter-problems.ts';
import { newId, type PortalLinkId } from '../../domain/ids.ts';
import {
  generatePortalToken,
  hashPortalToken,
  ownEvents,
  portalScopes,
} from '../../domain/portal.ts';
import { insertPortalLink } from '../../repositories/portal-links.ts';
import { lockProject } from '../../repositories/projects.ts';
import { requireGrantable } from '../accounts/grantable.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import type { NewPortalLink, PortalLinkInput } from './schemas.ts';
import { toPortalLink } from './view.ts';

export async function createPortalLink(ctx: Ctx, input: PortalLinkInput): Promise<NewPortalLink> {
  requireScope(ctx, 'portal-links:write');
  const projectId = requireProject(ctx, input.projectId);
  const { customer, filter: eventFilter = ownEvents(customer) } = input;
  const mayWrite = input.permissions.includes('write');
  requireGrantable(ctx, portalScopes(mayWrite));
  if (eventFilter !== null) checkFilter(eventFilter);
  const { clock, database, publicUrl } = ctx.deps;
  const nowMs = clock.databaseNow();
  const token = generatePortalToken();
  const row = await database.withTenant(ctx.tenantId, async (tx) => {
    if ((await lockProject(tx, projectId, 'share')) === null) throw notFound('project', projectId);
    const row = await insertPortalLink(tx, {
      ...{ id: newId<PortalLinkId>(nowMs), projectId, customer, mayWrite, eventFilter },
      tokenHash: hashPortalToken(token),
      createdAt: new Date(nowMs),
      expiresAt: new Date(nowMs + input.expiresInSeconds * 1_000),
    });
    await recordChange(tx, ctx, {
      action: 'portal_link.created',
      target: { id: row.id, label: customer },
      projectId,
      after: toPortalLink(row),
    });
    return row;
  });
  return { ...toPortalLink(row), url: `${publicUrl()}/portal/${token}`, token };
}
