/** What endpoints are called, deleted ones too: for lists of what was sent to them. */
import type { EndpointId } from '../../domain/ids.ts';
import { listEndpointNames as listRows } from '../../repositories/endpoints.ts';
import { type Ctx, requireScope } from '../context.ts';

export type EndpointName = { url: string; description: string };

export async function listEndpointNames(
  ctx: Ctx,
  ids: readonly EndpointId[],
): Promise<Map<string, EndpointName>> {
  requireScope(ctx, 'endpoints:read');
  if (ids.length === 0) return new Map();
  const rows = await ctx.deps.database.withTenant(ctx.tenantId, (tx) => listRows(tx, ids));
  return new Map(rows.map(({ id, url, description }) => [id, { url, description }]));
}
