/**
 * Changes what an API key is called, may do and until when. Whoever asks must hold every scope that
 * the key has afterwards: else a small key could keep a greater one alive.
 */
import type { ApiKeyId } from '../../domain/ids.ts';
import { lockApiKey, updateApiKey as updateRow } from '../../repositories/api-keys.ts';
import { recordUpdate } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { toApiKey } from './api-key-view.ts';
import { requireVisibleKey } from './find-api-key.ts';
import { requireFuture, requireGrantable } from './grantable.ts';
import type { ApiKey, ApiKeyChanges } from './schemas.ts';

export async function updateApiKey(
  ctx: Ctx,
  id: ApiKeyId,
  changes: ApiKeyChanges,
): Promise<ApiKey> {
  requireScope(ctx, 'api-keys:write');
  const { clock, database, announceChange } = ctx.deps;
  requireFuture(clock, changes.expiresAt);
  return database.withTenant(ctx.tenantId, async (tx) => {
    const current = requireVisibleKey(ctx, id, await lockApiKey(tx, id));
    requireGrantable(ctx, changes.scopes ?? current.scopes);
    if (Object.values(changes).every((value) => value === undefined)) return toApiKey(current);
    const updated = await updateRow(tx, id, {
      name: changes.name,
      scopes: changes.scopes === undefined ? undefined : [...new Set(changes.scopes)],
      expiresAt: changes.expiresAt,
      rateLimitPerSecond:
        changes.rateLimit === undefined ? undefined : (changes.rateLimit?.perSecond ?? null),
    });
    tx.afterCommit(() => announceChange({ kind: 'api_keys', tenantId: ctx.tenantId }));
    const after = toApiKey(requireVisibleKey(ctx, id, updated));
    await recordUpdate(tx, ctx, {
      action: 'api_key.updated',
      target: { id, label: after.name },
      projectId: current.projectId,
      before: toApiKey(current),
      after,
    });
    return after;
  });
}
