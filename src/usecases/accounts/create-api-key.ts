/**
 * Makes an API key and answers it, the only time that it can be seen. A key makes no key that can
 * do more than itself; one that is bound to a project makes keys of that project only.
 */
import { apiKeyHint, generateApiKey, hashApiKey } from '../../domain/api-keys.ts';
import { notFound } from '../../domain/errors.ts';
import { type ApiKeyId, newId } from '../../domain/ids.ts';
import { insertApiKey } from '../../repositories/api-keys.ts';
import { lockProject } from '../../repositories/projects.ts';
import { recordChange } from '../audit/record-change.ts';
import { boundProject, type Ctx, requireProject, requireScope } from '../context.ts';
import { toApiKey } from './api-key-view.ts';
import { requireFuture, requireGrantable } from './grantable.ts';
import type { ApiKeyInput, NewApiKey } from './schemas.ts';

export async function createApiKey(ctx: Ctx, input: ApiKeyInput): Promise<NewApiKey> {
  requireScope(ctx, 'api-keys:write');
  requireGrantable(ctx, input.scopes);
  const { clock, database, announceChange } = ctx.deps;
  requireFuture(clock, input.expiresAt);
  const named = input.projectId ?? undefined;
  const isTenantWide = named === undefined && boundProject(ctx) === null;
  const projectId = isTenantWide ? null : requireProject(ctx, named);
  const key = generateApiKey();
  const row = await database.withTenant(ctx.tenantId, async (tx) => {
    if (projectId !== null && (await lockProject(tx, projectId, 'share')) === null) {
      throw notFound('project', projectId);
    }
    const inserted = await insertApiKey(tx, {
      id: newId<ApiKeyId>(clock.databaseNow()),
      projectId,
      name: input.name,
      keyHash: hashApiKey(key),
      keyHint: apiKeyHint(key),
      scopes: [...new Set(input.scopes)],
      rateLimitPerSecond: input.rateLimit?.perSecond ?? null,
      expiresAt: input.expiresAt ?? null,
    });
    await recordChange(tx, ctx, {
      action: 'api_key.created',
      target: { id: inserted.id, label: inserted.name },
      projectId,
      after: toApiKey(inserted),
    });
    // Keys that are unknown are remembered as such (authenticate-key.ts).
    tx.afterCommit(() => announceChange({ kind: 'api_keys', tenantId: ctx.tenantId }));
    return inserted;
  });
  return { ...toApiKey(row), key };
}
