/** Writes when keys were last used: together and late, because nobody waits for it. */
import type { ApiKeyId, TenantId } from '../../domain/ids.ts';
import { updateKeysUsed } from '../../repositories/credentials.ts';
import type { Database } from '../../repositories/transactions.ts';
import type { KeyAuthenticator } from './authenticate-key.ts';

export async function recordKeyUse(database: Database, keys: KeyAuthenticator): Promise<void> {
  const byTenant = new Map<TenantId, ApiKeyId[]>();
  for (const { tenantId, actor } of keys.takeUsed()) {
    const ids = byTenant.get(tenantId) ?? [];
    ids.push(actor.id);
    byTenant.set(tenantId, ids);
  }
  for (const [tenantId, ids] of byTenant) {
    await database.withTenant(tenantId, (tx) => updateKeysUsed(tx, ids));
  }
}
