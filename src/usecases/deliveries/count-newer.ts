/** How many deliveries came after the newest one that somebody looks at. */
import type { DeliveryId } from '../../domain/ids.ts';
import { listDeliveries as listRows } from '../../repositories/delivery-lists.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import { idRange } from '../cursors.ts';
import { typeFilter } from '../type-filter.ts';
import type { DeliveryListQuery } from './schemas.ts';

/** "99+" is as good as the number, and a page that is loaded again shows no more. */
export const newerMax = 99;

/** At most `newerMax + 1`. */
export async function countNewerDeliveries(
  ctx: Ctx,
  query: Omit<DeliveryListQuery, 'limit' | 'cursor'>,
  after: DeliveryId,
): Promise<number> {
  requireScope(ctx, 'deliveries:read');
  const projectId = requireProject(ctx, query.projectId);
  const { from, before } = idRange<DeliveryId>(query);
  const { rows } = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    listRows(tx, {
      projectId,
      status: query.status ?? null,
      endpointId: query.endpointId ?? null,
      eventId: query.eventId ?? null,
      replayId: query.replayId ?? null,
      type: typeFilter(query.type),
      range: { from: from !== null && from > after ? from : after, before },
      // One more for `after` itself.
      limit: newerMax + 2,
    }),
  );
  return rows.filter(({ id }) => id > after).length;
}
