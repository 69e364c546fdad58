/** What the endpoints of listeners need beside what every endpoint does. */
import { and, eq, isNull, sql } from 'drizzle-orm';
import { deliveryQueue, endpoints } from '../../db/schema/webhooks.ts';
import type { DeliveryId, EndpointId } from '../domain/ids.ts';
import { abandonedReason, listeningReason } from '../domain/listeners.ts';
import type { EndpointRef } from './delivery-feed.ts';
import type { TenantTx, WorkerTx } from './transactions.ts';

/** It was heard of now. */
export async function updateListenerHeard(tx: TenantTx, id: EndpointId): Promise<void> {
  await tx.run(
    'updateListenerHeard',
    tx.db
      .update(endpoints)
      .set({ updatedAt: sql`now()` })
      .where(
        and(
          eq(endpoints.tenantId, tx.tenantId),
          eq(endpoints.id, id),
          eq(endpoints.status, 'paused'),
          eq(endpoints.statusReason, listeningReason),
          isNull(endpoints.deletedAt),
        ),
      ),
  );
}

/** Whether what is queued is one attempt after the end; false also when nothing is queued. */
export async function findIsManual(tx: TenantTx, id: DeliveryId): Promise<boolean> {
  const rows = await tx.run(
    'findIsManual',
    tx.db
      .select({ manual: deliveryQueue.manual })
      .from(deliveryQueue)
      .where(and(eq(deliveryQueue.tenantId, tx.tenantId), eq(deliveryQueue.id, id))),
  );
  return rows[0]?.manual ?? false;
}

/**
 * Disables listeners of all tenants that were not heard of for so long, up to `limit`. A scan of
 * endpoints: once an hour.
 */
export async function updateAbandonedListeners(
  tx: WorkerTx,
  unheardHours: number,
  limit: number,
): Promise<EndpointRef[]> {
  return tx.run(
    'updateAbandonedListeners',
    tx.sql<EndpointRef[]>`
      update endpoints e
      set status = 'disabled', status_reason = ${abandonedReason}, updated_at = now()
      where e.ctid = any(array(
        select ctid from endpoints
        where status = 'paused' and status_reason = ${listeningReason} and deleted_at is null
          and updated_at < now() - make_interval(hours => ${unheardHours}::integer)
        limit ${limit} for update))
      returning e.tenant_id as "tenantId", e.id as "endpointId"`,
  );
}
