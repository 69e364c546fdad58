/** The tenant's API keys, newest first; for a credential bound to a project, that project's. */
import { listApiKeys as listRows } from '../../repositories/api-keys.ts';
import { boundProject, type Ctx, requireProject, requireScope } from '../context.ts';
import { type Page, toPage } from '../cursors.ts';
import { toApiKey } from './api-key-view.ts';
import type { ApiKey, ApiKeyListQuery } from './schemas.ts';

export async function listApiKeys(ctx: Ctx, query: ApiKeyListQuery): Promise<Page<ApiKey>> {
  requireScope(ctx, 'api-keys:read');
  const isTenantWide = query.projectId === undefined && boundProject(ctx) === null;
  const projectId = isTenantWide ? null : requireProject(ctx, query.projectId);
  const rows = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    listRows(tx, { projectId, before: query.cursor ?? null, limit: query.limit + 1 }),
  );
  return toPage(rows, query.limit, toApiKey);
}
