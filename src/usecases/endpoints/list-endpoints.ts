/** A project's endpoints, newest first. */
import { listEndpoints as listRows } from '../../repositories/endpoints.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import { type Page, toPage } from '../cursors.ts';
import type { Endpoint, EndpointListQuery } from './schemas.ts';
import { toEndpoint } from './view.ts';

export async function listEndpoints(ctx: Ctx, query: EndpointListQuery): Promise<Page<Endpoint>> {
  requireScope(ctx, 'endpoints:read');
  const projectId = requireProject(ctx, query.projectId);
  const { clock, database, secretBox } = ctx.deps;
  const nowMs = clock.databaseNow();
  const rows = await database.withTenant(ctx.tenantId, (tx) =>
    listRows(tx, {
      projectId,
      status: query.status ?? null,
      customer: query.customer ?? null,
      before: query.cursor ?? null,
      limit: query.limit + 1,
    }),
  );
  return toPage(rows, query.limit, (row) => toEndpoint(row, secretBox, nowMs));
}
