/** A portal link as clients see it. */
import type { PortalLinkRow } from '../../repositories/portal-links.ts';
import type { PortalLink } from './schemas.ts';

export function toPortalLink(row: PortalLinkRow): PortalLink {
  return {
    id: row.id,
    projectId: row.projectId,
    customer: row.customer,
    permissions: row.mayWrite ? ['read', 'write'] : ['read'],
    filter: row.eventFilter,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
  };
}
