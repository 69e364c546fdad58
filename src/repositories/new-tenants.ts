/** A tenant with its first project, as whoever signs up makes them: in the accounts transaction. */
import { inArray } from 'drizzle-orm';
import { projects, tenants } from '../../db/schema/tenants.ts';
import type { ProjectId, TenantId } from '../domain/ids.ts';
import type { AccountsTx } from './transactions.ts';

export async function listTakenTenantSlugs(tx: AccountsTx, slugs: string[]): Promise<Set<string>> {
  const rows = await tx.run(
    'listTakenTenantSlugs',
    tx.db.select({ slug: tenants.slug }).from(tenants).where(inArray(tenants.slug, slugs)),
  );
  return new Set(rows.map(({ slug }) => slug));
}

/** False when another took the slug meanwhile. */
export async function insertNewTenant(
  tx: AccountsTx,
  values: { id: TenantId; name: string; slug: string },
): Promise<boolean> {
  const rows = await tx.run(
    'insertNewTenant',
    tx.db
      .insert(tenants)
      .values(values)
      .onConflictDoNothing({ target: tenants.slug })
      .returning({ id: tenants.id }),
  );
  return rows.length > 0;
}

export async function insertFirstProject(
  tx: AccountsTx,
  values: { id: ProjectId; tenantId: TenantId; name: string; slug: string },
): Promise<void> {
  await tx.run('insertFirstProject', tx.db.insert(projects).values(values));
}
