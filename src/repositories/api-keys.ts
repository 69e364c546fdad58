/** API keys of the transaction's tenant, as their owners manage them; revoked ones are not seen. */
import { and, desc, eq, isNull, lt, sql } from 'drizzle-orm';
import { apiKeys } from '../../db/schema/tenants.ts';
import type { ApiKeyId, ProjectId } from '../domain/ids.ts';
import type { Scope } from '../domain/scopes.ts';
import type { TenantTx } from './transactions.ts';

export type ApiKeyRow = Omit<typeof apiKeys.$inferSelect, 'keyHash'>;

type NewApiKey = Pick<
  ApiKeyRow,
  'id' | 'projectId' | 'name' | 'keyHint' | 'scopes' | 'rateLimitPerSecond' | 'expiresAt'
> & { keyHash: Uint8Array };

export type ApiKeyChanges = {
  name?: string | undefined;
  scopes?: Scope[] | undefined;
  expiresAt?: Date | null | undefined;
  rateLimitPerSecond?: number | null | undefined;
};

/** All but the hash, which nothing here has to see. */
const shown = {
  id: apiKeys.id,
  tenantId: apiKeys.tenantId,
  projectId: apiKeys.projectId,
  name: apiKeys.name,
  keyHint: apiKeys.keyHint,
  scopes: apiKeys.scopes,
  rateLimitPerSecond: apiKeys.rateLimitPerSecond,
  expiresAt: apiKeys.expiresAt,
  lastUsedAt: apiKeys.lastUsedAt,
  createdAt: apiKeys.createdAt,
  revokedAt: apiKeys.revokedAt,
};

const living = (tx: TenantTx, id: ApiKeyId) =>
  and(eq(apiKeys.tenantId, tx.tenantId), eq(apiKeys.id, id), isNull(apiKeys.revokedAt));

export async function insertApiKey(tx: TenantTx, values: NewApiKey): Promise<ApiKeyRow> {
  const rows = await tx.run(
    'insertApiKey',
    tx.db
      .insert(apiKeys)
      .values({ ...values, tenantId: tx.tenantId })
      .returning(shown),
  );
  const [row] = rows;
  if (row === undefined) throw new Error('an inserted API key came back as no row');
  return row;
}

/** Locked, since what follows is decided by what the key may do now. */
export async function lockApiKey(tx: TenantTx, id: ApiKeyId): Promise<ApiKeyRow | null> {
  const rows = await tx.run(
    'lockApiKey',
    tx.db.select(shown).from(apiKeys).where(living(tx, id)).for('update'),
  );
  return rows[0] ?? null;
}

export async function findApiKey(tx: TenantTx, id: ApiKeyId): Promise<ApiKeyRow | null> {
  const rows = await tx.run('findApiKey', tx.db.select(shown).from(apiKeys).where(living(tx, id)));
  return rows[0] ?? null;
}

/** Newest first; `projectId` null: those of every project and of none. */
export function listApiKeys(
  tx: TenantTx,
  filter: { projectId: ProjectId | null; before: ApiKeyId | null; limit: number },
): Promise<ApiKeyRow[]> {
  return tx.run(
    'listApiKeys',
    tx.db
      .select(shown)
      .from(apiKeys)
      .where(
        and(
          eq(apiKeys.tenantId, tx.tenantId),
          isNull(apiKeys.revokedAt),
          filter.projectId === null ? undefined : eq(apiKeys.projectId, filter.projectId),
          filter.before === null ? undefined : lt(apiKeys.id, filter.before),
        ),
      )
      .orderBy(desc(apiKeys.id))
      .limit(filter.limit),
  );
}

/** Whether the project has a key that is not revoked, expired or not. */
export async function hasProjectKey(tx: TenantTx, projectId: ProjectId): Promise<boolean> {
  const rows = await listApiKeys(tx, { projectId, before: null, limit: 1 });
  return rows.length > 0;
}

export async function updateApiKey(
  tx: TenantTx,
  id: ApiKeyId,
  changes: ApiKeyChanges,
): Promise<ApiKeyRow | null> {
  const rows = await tx.run(
    'updateApiKey',
    tx.db.update(apiKeys).set(changes).where(living(tx, id)).returning(shown),
  );
  return rows[0] ?? null;
}

export async function revokeApiKey(tx: TenantTx, id: ApiKeyId): Promise<void> {
  await tx.run(
    'revokeApiKey',
    tx.db.update(apiKeys).set({ revokedAt: sql`now()` }).where(living(tx, id)),
  );
}

export async function revokeProjectKeys(tx: TenantTx, projectId: ProjectId): Promise<void> {
  await tx.run(
    'revokeProjectKeys',
    tx.db
      .update(apiKeys)
      .set({ revokedAt: sql`now()` })
      .where(
        and(
          eq(apiKeys.tenantId, tx.tenantId),
          eq(apiKeys.projectId, projectId),
          isNull(apiKeys.revokedAt),
        ),
      ),
  );
}
