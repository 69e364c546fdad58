/**
 * Makes an event of an endpoint's turn, with a delivery for each endpoint of the project that
 * listens to its type, in the transaction that turns the state: it is told if and only if that
 * commits. Only a pattern that begins with `opsforge.` listens to them: endpoints may belong to
 * different customers, and one that takes every event of its own must not be shown the URL of
 * another's. Nobody listening: no event.
 * The endpoint that it is about is not told, so an endpoint that fails makes no work for itself.
 */
import {
  type EndpointEvent,
  endpointEventPayload,
  endpointEventType,
} from '../../domain/endpoint-events.ts';
import { compilePatterns } from '../../domain/event-types.ts';
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

const ownPrefix = 'opsforge.';

/** Answers whom to wake after the commit. @param about.nowMs database time */
export async function tellEndpointEvent(
  tx: TenantTx | WorkerTx,
  about: { tenantId: TenantId; projectId: ProjectId; nowMs: number },
  event: EndpointEvent,
): Promise<EndpointId[]> {
  const { tenantId, projectId, nowMs } = about;
  const type = endpointEventType(event);
  const listeners = (await listProjectListeners(tx, about)).filter(
    ({ id, eventTypes }) => id !== event.endpointId && listensTo(eventTypes, type),
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

function listensTo(eventTypes: readonly string[], type: string): boolean {
  const own = eventTypes.filter((pattern) => pattern.startsWith(ownPrefix));
  return own.length > 0 && compilePatterns(own)(type);
}
