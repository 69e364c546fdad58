/** The delivery of an id, as far as the credential may see it; that of a deleted endpoint too. */
import { notFound } from '../../domain/errors.ts';
import type { DeliveryId } from '../../domain/ids.ts';
import { type DeliveryRow, findDelivery as findRow } from '../../repositories/deliveries.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';
import type { Delivery } from './schemas.ts';
import { toDelivery } from './view.ts';

export async function findDelivery(ctx: Ctx, id: DeliveryId): Promise<Delivery> {
  requireScope(ctx, 'deliveries:read');
  const row = await ctx.deps.database.withTenant(ctx.tenantId, (tx) => findRow(tx, id));
  return toDelivery(requireVisibleDelivery(ctx, id, row));
}

export function requireVisibleDelivery(
  ctx: Ctx,
  id: DeliveryId,
  row: DeliveryRow | null,
): DeliveryRow {
  const bound = boundProject(ctx);
  if (row === null || (bound !== null && row.projectId !== bound)) throw notFound('delivery', id);
  return row;
}
