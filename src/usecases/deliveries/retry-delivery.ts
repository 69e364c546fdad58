/**
 * Asks for one attempt now. A pending delivery becomes due; one that has ended gets a queue row
 * marked `manual`, whose success makes it delivered and whose failure changes no state. Asking
 * again before it was sent changes nothing. An endpoint whose breaker is open is asked again at
 * once, with one delivery: whoever retries believes that it is back.
 */
import { AppError } from '../../domain/errors.ts';
import type { DeliveryId, EndpointId } from '../../domain/ids.ts';
import { findDelivery, insertQueuedDelivery, makeDueNow } from '../../repositories/deliveries.ts';
import {
  type EndpointRow,
  findEndpoint,
  updateEndpointResumed,
} from '../../repositories/endpoints.ts';
import type { TenantTx } from '../../repositories/transactions.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { enginePause } from '../endpoints/view.ts';
import { requireVisibleDelivery } from './find-delivery.ts';
import type { Delivery } from './schemas.ts';
import { toDelivery } from './view.ts';

export async function retryDelivery(ctx: Ctx, id: DeliveryId): Promise<Delivery> {
  requireScope(ctx, 'deliveries:write');
  const { clock, database, wakeEndpoints, announceChange, tellNews } = ctx.deps;
  return database.withTenant(ctx.tenantId, async (tx) => {
    const found = requireVisibleDelivery(ctx, id, await findDelivery(tx, id));
    const endpoint = await requireSendable(tx, found.endpointId);
    const isPending = await makeDueNow(tx, id);
    // Read again: a delivery that ended since the first look is in its final place now.
    const row = requireVisibleDelivery(ctx, id, await findDelivery(tx, id));
    if (!isPending) {
      const { projectId, eventId, endpointId, eventType, attempts } = row;
      const target = { id, projectId, eventId, endpointId, eventType };
      await insertQueuedDelivery(tx, { ...target, attempts, manual: true });
    }
    // After the delivery, as recording locks them too.
    if (enginePause(endpoint, clock.databaseNow())?.reason === 'circuit_breaker') {
      await updateEndpointResumed(tx, endpoint.id);
      tx.afterCommit(() =>
        announceChange({ kind: 'endpoints', tenantId: ctx.tenantId, endpointId: endpoint.id }),
      );
    }
    await recordChange(tx, ctx, {
      action: 'delivery.retried',
      target: { id, label: row.eventType },
      projectId: row.projectId,
    });
    tx.afterCommit(() => {
      wakeEndpoints([row.endpointId]);
      tellNews(row.projectId, ['deliveries']);
    });
    return toDelivery(row);
  });
}

async function requireSendable(tx: TenantTx, endpointId: EndpointId): Promise<EndpointRow> {
  const endpoint = await findEndpoint(tx, endpointId);
  if (endpoint === null) {
    throw new AppError('conflict', 'The endpoint of this delivery was deleted.');
  }
  if (endpoint.status === 'disabled') {
    throw new AppError('conflict', 'The endpoint of this delivery is disabled. Enable it first.');
  }
  return endpoint;
}
