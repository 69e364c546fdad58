/**
 * Ends everything that is pending for an endpoint, in transactions of bounded size: a million rows
 * in one would hold back vacuum and every recorder. For use cases that have just disabled or
 * deleted the endpoint; what is accepted by a process whose cache is a moment behind, and what is
 * left when this process dies in between, the engine cancels when it meets it.
 */
import type { DeliveryReason } from '../../domain/deliveries.ts';
import type { EndpointId } from '../../domain/ids.ts';
import {
  cancelEndpointBatch,
  cancelPendingDelivery,
  listPendingIds,
} from '../../repositories/deliveries.ts';
import type { Ctx } from '../context.ts';

const batchRows = 5_000;
/** Ten million deliveries: more than that is a defect, and the engine's to finish. */
const batchesMax = 2_000;
/** Those that were being recorded: at most what may be in flight to one endpoint. */
const stragglersMax = 1_000;

export async function cancelEndpointDeliveries(
  ctx: Ctx,
  endpointId: EndpointId,
  reason: DeliveryReason,
): Promise<void> {
  const { database, wakeEndpoints } = ctx.deps;
  for (let batch = 0; batch < batchesMax; batch += 1) {
    const moved = await database.withTenant(ctx.tenantId, (tx) =>
      cancelEndpointBatch(tx, endpointId, reason, batchRows),
    );
    if (moved < batchRows) break;
  }
  const stragglers = await database.withTenant(ctx.tenantId, (tx) =>
    listPendingIds(tx, endpointId, stragglersMax),
  );
  // Each alone: waiting for one recorder while holding nothing, no circle of waits can form.
  for (const id of stragglers) {
    await database.withTenant(ctx.tenantId, (tx) => cancelPendingDelivery(tx, id, reason));
  }
  wakeEndpoints([endpointId]);
}
