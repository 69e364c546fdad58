/** Portal links of the transaction's tenant; those that are revoked or over are not seen. */
import { and, desc, eq, gt, isNull, lt, sql } from 'drizzle-orm';
import { portalLinks } from '../../db/schema/portal.ts';
import type { PortalLinkId, ProjectId } from '../domain/ids.ts';
import type { TenantTx } from './transactions.ts';

export type PortalLinkRow = Omit<typeof portalLinks.$inferSelect, 'tokenHash'>;

/** All but the hash, which nothing here has to see. */
const shown = {
  id: portalLinks.id,
  tenantId: portalLinks.tenantId,
  projectId: portalLinks.projectId,
  customer: portalLinks.customer,
  mayWrite: portalLinks.mayWrite,
  eventFilter: portalLinks.eventFilter,
  createdAt: portalLinks.createdAt,
  expiresAt: portalLinks.expiresAt,
  revokedAt: portalLinks.revokedAt,
};

const valid = (tx: TenantTx) =>
  and(
    eq(portalLinks.tenantId, tx.tenantId),
    isNull(portalLinks.revokedAt),
    gt(portalLinks.expiresAt, sql`now()`),
  );

export async function insertPortalLink(
  tx: TenantTx,
  values: Pick<
    PortalLinkRow,
    'id' | 'projectId' | 'customer' | 'mayWrite' | 'eventFilter' | 'createdAt' | 'expiresAt'
  > & { tokenHash: Uint8Array },
): Promise<PortalLinkRow> {
  const [row] = await tx.run(
    'insertPortalLink',
    tx.db
      .insert(portalLinks)
      .values({ ...values, tenantId: tx.tenantId })
      .returning(shown),
  );
  if (row === undefined) throw new Error('an inserted portal link came back as no row');
  return row;
}

/** Newest first. */
export function listPortalLinks(
  tx: TenantTx,
  filter: {
    projectId: ProjectId;
    customer: string | null;
    before: PortalLinkId | null;
    limit: number;
  },
): Promise<PortalLinkRow[]> {
  return tx.run(
    'listPortalLinks',
    tx.db
      .select(shown)
      .from(portalLinks)
      .where(
        and(
          valid(tx),
          eq(portalLinks.projectId, filter.projectId),
          filter.customer === null ? undefined : eq(portalLinks.customer, filter.customer),
          filter.before === null ? undefined : lt(portalLinks.id, filter.before),
        ),
      )
      .orderBy(desc(portalLinks.id))
      .limit(filter.limit),
  );
}

/** Null when there was none to revoke. @param projectId null: of every project */
export async function revokePortalLink(
  tx: TenantTx,
  id: PortalLinkId,
  projectId: ProjectId | null,
): Promise<PortalLinkRow | null> {
  const [row] = await tx.run(
    'revokePortalLink',
    tx.db
      .update(portalLinks)
      .set({ revokedAt: sql`now()` })
      .where(
        and(
          valid(tx),
          eq(portalLinks.id, id),
          projectId === null ? undefined : eq(portalLinks.projectId, projectId),
        ),
      )
      .returning(shown),
  );
  return row ?? null;
}
