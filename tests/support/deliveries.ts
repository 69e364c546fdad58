/** Events and deliveries in any state, written past the API for tests that read them. */
import { deliveries, deliveryQueue, webhookEvents } from '../../db/schema/webhooks.ts';
import {
  type DeliveryId,
  type EndpointId,
  type EventId,
  idTimeMs,
  newId,
} from '../../src/domain/ids.ts';
import type { Database } from '../../src/repositories/transactions.ts';
import type { TestTenant } from './tenants.ts';

export async function createEventRow(
  database: Database,
  tenant: TestTenant,
  values: Partial<typeof webhookEvents.$inferInsert> = {},
): Promise<EventId> {
  const id = values.id ?? newId<EventId>(Date.now());
  const { tenantId, projectId } = tenant;
  await database.withTenant(tenantId, (tx) =>
    tx.run(
      'insertEvent',
      tx.db
        .insert(webhookEvents)
        .values({ tenantId, projectId, type: 'invoice.paid', payload: '{}', ...values, id }),
    ),
  );
  return id;
}

export async function createPendingRow(
  database: Database,
  tenant: TestTenant,
  eventId: EventId,
  endpointId: EndpointId,
  values: Partial<typeof deliveryQueue.$inferInsert> = {},
): Promise<DeliveryId> {
  const id = values.id ?? newId<DeliveryId>(idTimeMs(eventId));
  const { tenantId, projectId } = tenant;
  const row = { tenantId, projectId, eventId, endpointId, eventType: 'invoice.paid' };
  await database.withTenant(tenantId, (tx) =>
    tx.run('insertPending', tx.db.insert(deliveryQueue).values({ ...row, ...values, id })),
  );
  return id;
}

export async function createEndedRow(
  database: Database,
  tenant: TestTenant,
  eventId: EventId,
  endpointId: EndpointId,
  values: Partial<typeof deliveries.$inferInsert> = {},
): Promise<DeliveryId> {
  const id = values.id ?? newId<DeliveryId>(idTimeMs(eventId));
  const { tenantId, projectId } = tenant;
  const now = new Date();
  const row = {
    ...{ tenantId, projectId, eventId, endpointId, eventType: 'invoice.paid' },
    ...{ status: 'delivered' as const, attempts: 1, createdAt: now, completedAt: now },
  };
  await database.withTenant(tenantId, (tx) =>
    tx.run('insertEnded', tx.db.insert(deliveries).values({ ...row, ...values, id })),
  );
  return id;
}
