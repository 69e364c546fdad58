/** Ends a pending delivery. An attempt that is under way still happens, and counts no more. */
import { AppError } from '../../domain/errors.ts';
import type { DeliveryId } from '../../domain/ids.ts';
import { cancelPendingDelivery, findDelivery } from '../../repositories/deliveries.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleDelivery } from './find-delivery.ts';
import type { Delivery } from './schemas.ts';
import { toDelivery } from './view.ts';

export async function cancelDelivery(ctx: Ctx, id: DeliveryId): Promise<Delivery> {
  requireScope(ctx, 'deliveries:write');
  const { database, wakeEndpoints, tellNews } = ctx.deps;
  return database.withTenant(ctx.tenantId, async (tx) => {
    const found = requireVisibleDelivery(ctx, id, await findDelivery(tx, id));
    const cancelled = await cancelPendingDelivery(tx, id, 'cancelled_by_request');
    const row = requireVisibleDelivery(ctx, id, await findDelivery(tx, id));
    if (!cancelled) {
      throw new AppError('conflict', `The delivery is ${row.status}; only a pending one can be.`);
    }
    await recordChange(tx, ctx, {
      action: 'delivery.cancelled',
      target: { id, label: row.eventType },
      projectId: row.projectId,
      before: { status: found.status },
      after: { status: row.status },
    });
    // The next of its ordering key may go.
    tx.afterCommit(() => {
      wakeEndpoints([row.endpointId]);
      tellNews(row.projectId, ['deliveries']);
    });
    return toDelivery(row);
  });
}
