/** Deletes an endpoint, softly: what is pending is cancelled, its history stays readable. */
import type { EndpointId } from '../../domain/ids.ts';
import { deleteEndpoint as deleteRow, lockEndpoint } from '../../repositories/endpoints.ts';
import { type Ctx, requireScope } from '../context.ts';
import { cancelEndpointDeliveries } from '../deliveries/cancel-endpoint-deliveries.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';

export async function deleteEndpoint(ctx: Ctx, id: EndpointId): Promise<void> {
  requireScope(ctx, 'endpoints:write');
  const { database, announceChange } = ctx.deps;
  await database.withTenant(ctx.tenantId, async (tx) => {
    requireVisibleEndpoint(ctx, id, await lockEndpoint(tx, id));
    await deleteRow(tx, id);
    tx.afterCommit(() =>
      announceChange({ kind: 'endpoints', tenantId: ctx.tenantId, endpointId: id }),
    );
  });
  await cancelEndpointDeliveries(ctx, id, 'endpoint_deleted');
}
