/** A project's deliveries, pending and ended, newest first. */
import { listDeliveries as listRows } from '../../repositories/delivery-lists.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import { idRange, type SearchedPage, toSearchedPage } from '../cursors.ts';
import { typeFilter } from '../type-filter.ts';
import type { Delivery, DeliveryListQuery } from './schemas.ts';
import { toDelivery } from './view.ts';

export async function listDeliveries(
  ctx: Ctx,
  query: DeliveryListQuery,
): Promise<SearchedPage<Delivery>> {
  requireScope(ctx, 'deliveries:read');
  const projectId = requireProject(ctx, query.projectId);
  const found = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    listRows(tx, {
      projectId,
      status: query.status ?? null,
      endpointId: query.endpointId ?? null,
      eventId: query.eventId ?? null,
      replayId: query.replayId ?? null,
      type: typeFilter(query.type),
      range: idRange(query),
      limit: query.limit + 1,
    }),
  );
  return toSearchedPage(found, query.limit, toDelivery);
}
