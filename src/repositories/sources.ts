/** Sources of the transaction's tenant. Deleted ones are seen by no query here. */
import { and, desc, eq, isNull, lt, sql } from 'drizzle-orm';
import { sources } from '../../db/schema/webhooks.ts';
import type { ProjectId, SourceId } from '../domain/ids.ts';
import type { TenantTx } from './transactions.ts';

export type SourceRow = typeof sources.$inferSelect;

type NewSourceRow = Pick<
  SourceRow,
  'id' | 'projectId' | 'name' | 'kind' | 'eventType' | 'settings' | 'secretsEncrypted'
>;

export type SourceRowChanges = {
  [Column in 'name' | 'eventType' | 'settings' | 'secretsEncrypted' | 'pausedAt']?:
    | SourceRow[Column]
    | undefined;
};

const living = (tx: TenantTx, id: SourceId) =>
  and(eq(sources.tenantId, tx.tenantId), eq(sources.id, id), isNull(sources.deletedAt));

export async function findSource(tx: TenantTx, id: SourceId): Promise<SourceRow | null> {
  const rows = await tx.run('findSource', tx.db.select().from(sources).where(living(tx, id)));
  return rows[0] ?? null;
}

/** For what depends on the row staying as it was read. */
export async function lockSource(tx: TenantTx, id: SourceId): Promise<SourceRow | null> {
  const rows = await tx.run(
    'lockSource',
    tx.db.select().from(sources).where(living(tx, id)).for('update'),
  );
  return rows[0] ?? null;
}

/** Newest first. */
export function listSources(
  tx: TenantTx,
  filter: { projectId: ProjectId; before: SourceId | null; limit: number },
): Promise<SourceRow[]> {
  return tx.run(
    'listSources',
    tx.db
      .select()
      .from(sources)
      .where(
        and(
          eq(sources.tenantId, tx.tenantId),
          eq(sources.projectId, filter.projectId),
          isNull(sources.deletedAt),
          filter.before === null ? undefined : lt(sources.id, filter.before),
        ),
      )
      .orderBy(desc(sources.id))
      .limit(filter.limit),
  );
}

export async function insertSource(tx: TenantTx, values: NewSourceRow): Promise<SourceRow> {
  const [row] = await tx.run(
    'insertSource',
    tx.db
      .insert(sources)
      .values({ ...values, tenantId: tx.tenantId })
      .returning(),
  );
  if (row === undefined) throw new Error('an inserted source came back as no row');
  return row;
}

export async function updateSource(
  tx: TenantTx,
  id: SourceId,
  changes: SourceRowChanges,
): Promise<SourceRow | null> {
  const rows = await tx.run(
    'updateSource',
    tx.db
      .update(sources)
      .set({ ...changes, updatedAt: sql`now()` })
      .where(living(tx, id))
      .returning(),
  );
  return rows[0] ?? null;
}

/** Softly: its events name it. */
export async function deleteSource(tx: TenantTx, id: SourceId): Promise<void> {
  await tx.run(
    'deleteSource',
    tx.db.update(sources).set({ deletedAt: sql`now()` }).where(living(tx, id)),
  );
}
