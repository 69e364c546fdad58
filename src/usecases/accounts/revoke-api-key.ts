/** Ends an API key for good: here at once, in other processes within a second. */
import type { ApiKeyId } from '../../domain/ids.ts';
import { lockApiKey, revokeApiKey as revokeRow } from '../../repositories/api-keys.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { toApiKey } from './api-key-view.ts';
import { requireVisibleKey } from './find-api-key.ts';

export async function revokeApiKey(ctx: Ctx, id: ApiKeyId): Promise<void> {
  requireScope(ctx, 'api-keys:write');
  const { database, announceChange } = ctx.deps;
  await database.withTenant(ctx.tenantId, async (tx) => {
    const row = requireVisibleKey(ctx, id, await lockApiKey(tx, id));
    await revokeRow(tx, id);
    await recordChange(tx, ctx, {
      action: 'api_key.revoked',
      target: { id, label: row.name },
      projectId: row.projectId,
      before: toApiKey(row),
    });
    tx.afterCommit(() => announceChange({ kind: 'api_keys', tenantId: ctx.tenantId }));
  });
}
