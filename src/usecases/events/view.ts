/** An event as clients see it, apart from its payload. */
import type { DeliveryCounts } from '../../repositories/delivery-lists.ts';
import type { EventRow } from '../../repositories/events.ts';
import type { ListedEvent } from './schemas.ts';

const none: DeliveryCounts = { pending: 0, delivered: 0, failed: 0, cancelled: 0 };

export function toListedEvent(row: EventRow, counts: DeliveryCounts | undefined): ListedEvent {
  return {
    id: row.id,
    type: row.type,
    projectId: row.projectId,
    metadata: row.metadata,
    orderingKey: row.orderingKey,
    receivedAt: row.receivedAt.toISOString(),
    deliveries: counts ?? none,
  };
}
