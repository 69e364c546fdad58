/** Tenants: found by slug as the look-up role, read and made as themselves. */
import { and, eq, inArray, isNull } from 'drizzle-orm';
import { projects, tenants } from '../../db/schema/tenants.ts';
import type { ProjectId, TenantId } from '../domain/ids.ts';
import type { LookupTx, TenantTx } from './transactions.ts';

export async function listTenantsBySlug(
  tx: LookupTx,
  slugs: string[],
): Promise<{ id: TenantId; slug: string }[]> {
  return tx.run(
    'listTenantsBySlug',
    tx.db
      .select({ id: tenants.id, slug: tenants.slug })
      .from(tenants)
      .where(inArray(tenants.slug, slugs)),
  );
}

export async function findTenantName(tx: TenantTx): Promise<string | null> {
  const [row] = await tx.run(
    'findTenantName',
    tx.db.select({ name: tenants.name }).from(tenants).where(eq(tenants.id, tx.tenantId)),
  );
  return row?.name ?? null;
}

/** False when another took the slug meanwhile. The id is the transaction's own tenant. */
export async function insertTenant(
  tx: TenantTx,
  values: { name: string; slug: string },
): Promise<boolean> {
  const rows = await tx.run(
    'insertTenant',
    tx.db
      .insert(tenants)
      .values({ id: tx.tenantId, ...values })
      .onConflictDoNothing({ target: tenants.slug })
      .returning({ id: tenants.id }),
  );
  return rows.length > 0;
}

export async function findProjectIdByName(tx: TenantTx, name: string): Promise<ProjectId | null> {
  const [row] = await tx.run(
    'findProjectIdByName',
    tx.db
      .select({ id: projects.id })
      .from(projects)
      .where(
        and(
          eq(projects.tenantId, tx.tenantId),
          eq(projects.name, name),
          isNull(projects.deletedAt),
        ),
      )
      .orderBy(projects.id)
      .limit(1),
  );
  return row?.id ?? null;
}
