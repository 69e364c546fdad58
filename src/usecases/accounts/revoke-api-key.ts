/** Ends an API key for good: here at once, in other processes within a second. */
import { notFound } from '../../domain/errors.ts';
import type { ApiKeyId } from '../../domain/ids.ts';
import { revokeApiKey as revokeRow } from '../../repositories/api-keys.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';

export async function revokeApiKey(ctx: Ctx, id: ApiKeyId): Promise<void> {
  requireScope(ctx, 'api-keys:write');
  const { database, announceChange } = ctx.deps;
  await database.withTenant(ctx.tenantId, async (tx) => {
    if (!(await revokeRow(tx, id, boundProject(ctx)))) throw notFound('API key', id);
    tx.afterCommit(() => announceChange({ kind: 'api_keys', tenantId: ctx.tenantId }));
  });
}
