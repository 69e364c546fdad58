/** Deletes an endpoint, softly: what is pending is cancelled, its history stays readable. */
import type { EndpointId } from '../../domain/ids.ts';
import {
  deleteEndpoint as deleteRow,
  expireSecrets,
  lockEndpoint,
} from '../../repositories/endpoints.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { cancelEndpointDeliveries } from '../deliveries/cancel-endpoint-deliveries.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';
import { toEndpoint } from './view.ts';

/** What was sent last can still be verified by its public key. */
const keysKeptMs = 86_400_000;

export async function deleteEndpoint(ctx: Ctx, id: EndpointId): Promise<void> {
  requireScope(ctx, 'endpoints:write');
  const { clock, database, secretBox, announceChange } = ctx.deps;
  await database.withTenant(ctx.tenantId, async (tx) => {
    const row = requireVisibleEndpoint(ctx, id, await lockEndpoint(tx, id));
    const nowMs = clock.databaseNow();
    const keysEndAt = new Date(nowMs + keysKeptMs);
    await Promise.all([deleteRow(tx, id), expireSecrets(tx, id, keysEndAt)]);
    await recordChange(tx, ctx, {
      action: 'endpoint.deleted',
      target: { id, label: row.url },
      projectId: row.projectId,
      before: toEndpoint(row, secretBox, nowMs),
    });
    tx.afterCommit(() =>
      announceChange({ kind: 'endpoints', tenantId: ctx.tenantId, endpointId: id }),
    );
  });
  await cancelEndpointDeliveries(ctx, id, 'endpoint_deleted');
}
