/** Projects of the transaction's tenant. Deleted ones are kept, and seen by no query here. */
import { and, desc, eq, inArray, isNull, lt, sql } from 'drizzle-orm';
import { monitors } from '../../db/schema/monitors.ts';
import { projects } from '../../db/schema/tenants.ts';
import { endpoints } from '../../db/schema/webhooks.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { TenantTx } from './transactions.ts';

export type ProjectRow = typeof projects.$inferSelect;

const living = (tx: TenantTx, id: ProjectId) =>
  and(eq(projects.tenantId, tx.tenantId), eq(projects.id, id), isNull(projects.deletedAt));

export async function findProject(tx: TenantTx, id: ProjectId): Promise<ProjectRow | null> {
  const rows = await tx.run('findProject', tx.db.select().from(projects).where(living(tx, id)));
  return rows[0] ?? null;
}

/** By the unique index on (tenant_id, slug) of living projects. */
export async function findProjectBySlug(tx: TenantTx, slug: string): Promise<ProjectRow | null> {
  const rows = await tx.run(
    'findProjectBySlug',
    tx.db
      .select()
      .from(projects)
      .where(
        and(
          eq(projects.tenantId, tx.tenantId),
          eq(projects.slug, slug),
          isNull(projects.deletedAt),
        ),
      ),
  );
  return rows[0] ?? null;
}

/**
 * `share` while something is put into the project, `update` while it is deleted: the two wait for
 * each other, so that nothing is put into a project that goes away.
 */
export async function lockProject(
  tx: TenantTx,
  id: ProjectId,
  strength: 'share' | 'update',
): Promise<ProjectRow | null> {
  const rows = await tx.run(
    'lockProject',
    tx.db.select().from(projects).where(living(tx, id)).for(strength),
  );
  return rows[0] ?? null;
}

/** Newest first; `only` for a credential that is bound to one project. */
export function listProjects(
  tx: TenantTx,
  filter: { only: ProjectId | null; before: ProjectId | null; limit: number },
): Promise<ProjectRow[]> {
  return tx.run(
    'listProjects',
    tx.db
      .select()
      .from(projects)
      .where(
        and(
          eq(projects.tenantId, tx.tenantId),
          isNull(projects.deletedAt),
          filter.only === null ? undefined : eq(projects.id, filter.only),
          filter.before === null ? undefined : lt(projects.id, filter.before),
        ),
      )
      .orderBy(desc(projects.id))
      .limit(filter.limit),
  );
}

/** Which of these slugs are taken. */
export async function listTakenSlugs(tx: TenantTx, slugs: string[]): Promise<Set<string>> {
  const rows = await tx.run(
    'listTakenSlugs',
    tx.db
      .select({ slug: projects.slug })
      .from(projects)
      .where(
        and(
          eq(projects.tenantId, tx.tenantId),
          inArray(projects.slug, slugs),
          isNull(projects.deletedAt),
        ),
      ),
  );
  return new Set(rows.map((row) => row.slug));
}

/** Null when another took the slug meanwhile. */
export async function insertProject(
  tx: TenantTx,
  values: { id: ProjectId; name: string; slug: string },
): Promise<ProjectRow | null> {
  const rows = await tx.run(
    'insertProject',
    tx.db
      .insert(projects)
      .values({ ...values, tenantId: tx.tenantId })
      .onConflictDoNothing({
        target: [projects.tenantId, projects.slug],
        where: sql`deleted_at is null`,
      })
      .returning(),
  );
  return rows[0] ?? null;
}

export async function updateProject(
  tx: TenantTx,
  id: ProjectId,
  changes: { name: string },
): Promise<ProjectRow | null> {
  const rows = await tx.run(
    'updateProject',
    tx.db.update(projects).set(changes).where(living(tx, id)).returning(),
  );
  return rows[0] ?? null;
}

/** Softly: what belonged to it stays readable behind its id. */
export async function deleteProject(tx: TenantTx, id: ProjectId): Promise<void> {
  await tx.run(
    'deleteProject',
    tx.db.update(projects).set({ deletedAt: sql`now()` }).where(living(tx, id)),
  );
}

/** Whether anything that works is still in the project. */
export async function isProjectInUse(tx: TenantTx, id: ProjectId): Promise<boolean> {
  const holds = <Table extends typeof endpoints | typeof monitors>(table: Table) =>
    sql`exists (select from ${table} where ${table.tenantId} = ${tx.tenantId}
      and ${table.projectId} = ${id} and ${table.deletedAt} is null)`;
  const rows = await tx.run(
    'isProjectInUse',
    tx.db.execute<{ used: boolean }>(sql`select ${holds(endpoints)} or ${holds(monitors)} as used`),
  );
  return rows[0]?.used ?? false;
}
