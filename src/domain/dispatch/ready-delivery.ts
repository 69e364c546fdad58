/** What a leader holds of a delivery that is due: enough to send it without asking the database. */
import type { DeliveryId, EndpointId, EventId, ProjectId, TenantId } from '../ids.ts';

export type ReadyDelivery = {
  id: DeliveryId;
  tenantId: TenantId;
  projectId: ProjectId;
  endpointId: EndpointId;
  eventId: EventId;
  eventType: string;
  /** The JSON text as it was posted. */
  payload: string;
  hops: number;
  /** Attempts made so far; guards the recording. */
  attempts: number;
  /** When the event was accepted, database time. */
  createdAtMs: number;
  dueAtMs: number;
  orderingKey: string | null;
  /** Order within an ordered endpoint, null elsewhere. */
  position: number | null;
  /** One attempt that a person asked for after the delivery had ended. */
  manual: boolean;
};

export const shardCount = 64;

/** The last byte of an endpoint's id, as in the generated column endpoints.shard. */
export function shardOf(endpointId: EndpointId): number {
  return Number.parseInt(endpointId.slice(-2), 16) & (shardCount - 1);
}
