/** The API key of an id, as far as the credential may see it. */
import { notFound } from '../../domain/errors.ts';
import type { ApiKeyId } from '../../domain/ids.ts';
import { type ApiKeyRow, findApiKey as findRow } from '../../repositories/api-keys.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';
import { toApiKey } from './api-key-view.ts';
import type { ApiKey } from './schemas.ts';

export async function findApiKey(ctx: Ctx, id: ApiKeyId): Promise<ApiKey> {
  requireScope(ctx, 'api-keys:read');
  const row = await ctx.deps.database.withTenant(ctx.tenantId, (tx) => findRow(tx, id));
  return toApiKey(requireVisibleKey(ctx, id, row));
}

export function requireVisibleKey(ctx: Ctx, id: ApiKeyId, row: ApiKeyRow | null): ApiKeyRow {
  const bound = boundProject(ctx);
  if (row === null || (bound !== null && row.projectId !== bound)) throw notFound('API key', id);
  return row;
}
