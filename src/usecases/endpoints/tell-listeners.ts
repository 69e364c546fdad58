/**
 * Makes an event of opsforge's own with a delivery for each endpoint that names its type, in the
 * transaction of what it tells: it is told if and only if that commits. Who listens:
 * domain/endpoint-events.ts. Nobody listening: no event. Answers whom to wake after the commit.
 */
import { listensToOwnType } from '../../domain/endpoint-events.ts';
import {
  type DeliveryId,
  type EndpointId,
  type EventId,
  newId,
  type ProjectId,
  type TenantId,
} from '../../domain/ids.ts';
import { insertEndpointEvent, listOwnListeners } from '../../repositories/endpoint-health.ts';
import type { TenantTx, WorkerTx } from '../../repositories/transactions.ts';

export type OwnEvent = {
  type: string;
  payload: string;
  orderingKey: string;
  /** The endpoint that it is about, so that one that fails makes no work for itself. */
  except: EndpointId | null;
};

type Listeners = Awaited<ReturnType<typeof listOwnListeners>>;

/** The project's endpoints. @param about.nowMs database time */
export async function tellProject(
  tx: TenantTx | WorkerTx,
  about: { tenantId: TenantId; projectId: ProjectId; nowMs: number },
  event: OwnEvent,
): Promise<EndpointId[]> {
  return tell(tx, about, await listOwnListeners(tx, about), event);
}

/** The endpoints of all its projects: an event for each project that has one. */
export async function tellTenant(
  tx: TenantTx | WorkerTx,
  about: { tenantId: TenantId; nowMs: number },
  event: OwnEvent,
): Promise<EndpointId[]> {
  const all = await listOwnListeners(tx, { ...about, projectId: null });
  const byProject = Map.groupBy(all, ({ projectId }) => projectId);
  const woken: EndpointId[] = [];
  for (const [projectId, listeners] of byProject) {
    woken.push(...(await tell(tx, { ...about, projectId }, listeners, event)));
  }
  return woken;
}

async function tell(
  tx: TenantTx | WorkerTx,
  about: { tenantId: TenantId; projectId: ProjectId; nowMs: number },
  listeners: Listeners,
  { type, payload, orderingKey, except }: OwnEvent,
): Promise<EndpointId[]> {
  const { tenantId, projectId, nowMs } = about;
  const told = listeners.filter(
    ({ id, eventTypes }) => id !== except && listensToOwnType(eventTypes, type),
  );
  if (told.length === 0) return [];
  const deliveries = told.map(({ id, ordered, status }) => ({
    // Of the event's own millisecond: an event's deliveries are found by it without an index.
    id: newId<DeliveryId>(nowMs),
    endpointId: id,
    ordered,
    cancelled: status === 'disabled',
  }));
  const id = newId<EventId>(nowMs);
  const event = { id, tenantId, projectId, type, payload, orderingKey, deliveries };
  await insertEndpointEvent(tx, event);
  return deliveries.flatMap(({ endpointId, cancelled }) => (cancelled ? [] : [endpointId]));
}
