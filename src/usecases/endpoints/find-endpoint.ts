/** The endpoint of an id, as far as the credential may see it. */
import { notFound } from '../../domain/errors.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { type EndpointRow, findEndpoint as findRow } from '../../repositories/endpoints.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';
import type { Endpoint } from './schemas.ts';
import { toEndpoint } from './view.ts';

export async function findEndpoint(ctx: Ctx, id: EndpointId): Promise<Endpoint> {
  requireScope(ctx, 'endpoints:read');
  const { clock, database, secretBox } = ctx.deps;
  const row = await database.withTenant(ctx.tenantId, (tx) => findRow(tx, id));
  return toEndpoint(requireVisibleEndpoint(ctx, id, row), secretBox, clock.databaseNow());
}

export function requireVisibleEndpoint(
  ctx: Ctx,
  id: EndpointId,
  row: EndpointRow | null,
): EndpointRow {
  const bound = boundProject(ctx);
  if (row === null || (bound !== null && row.projectId !== bound)) throw notFound('endpoint', id);
  return row;
}
