/**
 * Turns a credential into its tenant, as the role that may see only the columns needed for that.
 */
import { and, eq, inArray, sql } from 'drizzle-orm';
import { apiKeys } from '../../db/schema/tenants.ts';
import type { ApiKeyId, ProjectId, TenantId } from '../domain/ids.ts';
import type { Scope } from '../domain/scopes.ts';
import type { LookupTx, TenantTx } from './transactions.ts';

export type StoredKey = {
  id: ApiKeyId;
  tenantId: TenantId;
  projectId: ProjectId | null;
  scopes: Scope[];
  expiresAt: Date | null;
  revokedAt: Date | null;
};

export async function findKeyByHash(tx: LookupTx, hash: Uint8Array): Promise<StoredKey | null> {
  const [row] = await tx.run(
    'findKeyByHash',
    tx.db
      .select({
        id: apiKeys.id,
        tenantId: apiKeys.tenantId,
        projectId: apiKeys.projectId,
        scopes: apiKeys.scopes,
        expiresAt: apiKeys.expiresAt,
        revokedAt: apiKeys.revokedAt,
      })
      .from(apiKeys)
      .where(eq(apiKeys.keyHash, hash)),
  );
  return row ?? null;
}

/** `last_used_at` of keys; a lagging process never turns it back. */
export async function updateKeysUsed(tx: TenantTx, ids: ApiKeyId[]): Promise<void> {
  await tx.run(
    'updateKeysUsed',
    tx.db
      .update(apiKeys)
      .set({ lastUsedAt: sql`greatest(${apiKeys.lastUsedAt}, now())` })
      .where(and(eq(apiKeys.tenantId, tx.tenantId), inArray(apiKeys.id, ids))),
  );
}
