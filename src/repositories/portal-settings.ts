/** How the portals of the transaction's tenant look, one row for each project that said so. */
import { and, eq, sql } from 'drizzle-orm';
import { portalSettings } from '../../db/schema/portal.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { TenantTx } from './transactions.ts';

export type PortalSettingsRow = Pick<
  typeof portalSettings.$inferSelect,
  'name' | 'color' | 'darkColor' | 'frameOrigins'
>;

export async function findPortalSettings(
  tx: TenantTx,
  projectId: ProjectId,
): Promise<PortalSettingsRow | null> {
  const rows = await tx.run(
    'findPortalSettings',
    tx.db
      .select({
        name: portalSettings.name,
        color: portalSettings.color,
        darkColor: portalSettings.darkColor,
        frameOrigins: portalSettings.frameOrigins,
      })
      .from(portalSettings)
      .where(
        and(eq(portalSettings.tenantId, tx.tenantId), eq(portalSettings.projectId, projectId)),
      ),
  );
  return rows[0] ?? null;
}

export async function upsertPortalSettings(
  tx: TenantTx,
  projectId: ProjectId,
  values: PortalSettingsRow,
): Promise<void> {
  await tx.run(
    'upsertPortalSettings',
    tx.db
      .insert(portalSettings)
      .values({ ...values, tenantId: tx.tenantId, projectId })
      .onConflictDoUpdate({
        target: [portalSettings.tenantId, portalSettings.projectId],
        set: { ...values, updatedAt: sql`now()` },
      }),
  );
}
