/**
 * Makes an event of an endpoint's turn, with a delivery for each endpoint of the project that
 * listens to its type, in the transaction that turns the state: it is told if and only if that
 * commits. Who listens: domain/endpoint-events.ts. Nobody listening: no event.
 * The endpoint that it is about is not told, so an endpoint that fails makes no work for itself.
 */
import {
  type EndpointEvent,
  endpointEventPayload,
  endpointEventType,
  listensToOwnType,
} from '../../domain/endpoint-events.ts';
import {
  type DeliveryId,
  type EndpointId,
  type EventId,
  newId,
  type ProjectId,
  type TenantId,
} from '../../domain/ids.ts';
import { insertEndpointEvent, listProjectListeners } from '../../repositories/endpoint-health.ts';
import type { TenantTx, WorkerTx } from '../../repositories/transactions.ts';

/** Answers whom to wake after the commit. @param about.nowMs database time */
export async function tellEndpointEvent(
  tx: TenantTx | WorkerTx,
  about: { tenantId: TenantId; projectId: ProjectId; nowMs: number },
  event: EndpointEvent,
): Promise<EndpointId[]> {
  const { tenantId, projectId, nowMs } = about;
  const type = endpointEventType(event);
  const listeners = (await listProjectListeners(tx, about)).filter(
    ({ id, eventTypes }) => id !== event.endpointId && listensToOwnType(eventTypes, type),
  );
  if (listeners.length === 0) return [];
  const deliveries = listeners.map(({ id, ordered, status }) => ({
    // Of the event's own millisecond: an event's deliveries are found by it without an index.
    id: newId<DeliveryId>(nowMs),
    endpointId: id,
    ordered,
    cancelled: status === 'disabled',
  }));
  const id = newId<EventId>(nowMs);
  const payload = endpointEventPayload(event);
  const orderingKey = event.endpointId;
  await insertEndpointEvent(tx, {
    id,
    tenantId,
    projectId,
    type,
    payload,
    orderingKey,
    deliveries,
  });
  return deliveries.flatMap(({ endpointId, cancelled }) => (cancelled ? [] : [endpointId]));
}
