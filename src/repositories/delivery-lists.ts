/**
 * Lists and counts over both places of a delivery: the queue (pending) and the history (ended). Each
 * is read with its own order and limit and the two are merged; a view over both sorts all rows first
 * (9.4 s against 1.6 ms at 10 M rows).
 */
import { and, desc, eq, gte, lt, type SQL, sql } from 'drizzle-orm';
import { deliveries, deliveryQueue, type webhookEvents } from '../../db/schema/webhooks.ts';
import type { DeliveryStatus } from '../domain/deliveries.ts';
import {
  type DeliveryId,
  type EndpointId,
  type EventId,
  idAt,
  idTimeMs,
  type ProjectId,
} from '../domain/ids.ts';
import {
  asEnded,
  asPending,
  type DeliveryRow,
  endedColumns,
  pendingColumns,
} from './deliveries.ts';
import { type Found, type ScanRange, scanNewest, scanSteps } from './scan.ts';
import type { TenantTx } from './transactions.ts';

/** An event type, or with `prefix` all types that begin with it. */
export type TypeFilter = { text: string; prefix: boolean };

export type DeliveryFilter = {
  projectId: ProjectId;
  status: DeliveryStatus | null;
  endpointId: EndpointId | null;
  eventId: EventId | null;
  replayId: string | null;
  type: TypeFilter | null;
  range: ScanRange<DeliveryId>;
  limit: number;
};

type Table = typeof deliveryQueue | typeof deliveries;

/** Newest first, pending and ended alike. */
export async function listDeliveries(
  tx: TenantTx,
  filter: DeliveryFilter,
): Promise<Found<DeliveryRow, DeliveryId>> {
  // One after the other, the queue first: what ends meanwhile is then seen in at least one.
  const pending = wants(filter, 'pending') ? await listPending(tx, filter) : nothing;
  const ended = filter.status === 'pending' ? nothing : await listEnded(tx, filter);
  return merge(pending, ended, filter.limit);
}

const nothing: Found<DeliveryRow, DeliveryId> = { rows: [], stoppedAt: null };

const wants = (filter: DeliveryFilter, status: DeliveryStatus) =>
  filter.status === null || filter.status === status;

/** Where one of the two stopped early, nothing older may be shown: the next page would skip it. */
function merge(
  pending: Found<DeliveryRow, DeliveryId>,
  ended: Found<DeliveryRow, DeliveryId>,
  limit: number,
): Found<DeliveryRow, DeliveryId> {
  const stops = [pending.stoppedAt, ended.stoppedAt].filter((id) => id !== null);
  const stop = stops.reduce<DeliveryId | null>((a, b) => (a === null || b > a ? b : a), null);
  const byId = new Map<DeliveryId, DeliveryRow>();
  for (const row of [...pending.rows, ...ended.rows]) {
    if (stop === null || row.id >= stop) byId.set(row.id, row);
  }
  const rows = [...byId.values()].toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit);
  return { rows, stoppedAt: rows.length >= limit ? null : stop };
}

/** What an index answers; the rest is looked at row by row. */
function indexed(tx: TenantTx, table: Table, filter: DeliveryFilter, range: ScanRange<DeliveryId>) {
  return and(
    eq(table.tenantId, tx.tenantId),
    filter.endpointId === null ? undefined : eq(table.endpointId, filter.endpointId),
    range.from === null ? undefined : gte(table.id, range.from),
    range.before === null ? undefined : lt(table.id, range.before),
  );
}

function scanned(table: Table, filter: DeliveryFilter): SQL | undefined {
  return and(
    eq(table.projectId, filter.projectId),
    filter.eventId === null ? undefined : eq(table.eventId, filter.eventId),
    filter.replayId === null ? undefined : eq(table.replayId, filter.replayId),
    filter.type === null ? undefined : typeCondition(table.eventType, filter.type),
  );
}

/** starts_with and not like: LIKE is not leakproof and would be checked after row security alone. */
export function typeCondition(
  column: Table['eventType'] | typeof webhookEvents.type,
  filter: TypeFilter,
): SQL {
  return filter.prefix ? sql`starts_with(${column}, ${filter.text})` : eq(column, filter.text);
}

/** Deliveries made with their event carry its millisecond, so an event is a range of 2 ms. */
function rangeOf(filter: DeliveryFilter): ScanRange<DeliveryId> {
  if (filter.eventId === null) return filter.range;
  const [low, high] = deliveryIdsOf(filter.eventId);
  const { from, before } = filter.range;
  return {
    from: from !== null && from > low ? from : low,
    before: before !== null && before < high ? before : high,
  };
}

/** Bounds of the ids of the deliveries made with an event: from the first, before the second. */
function deliveryIdsOf(eventId: EventId): [DeliveryId, DeliveryId] {
  const timeMs = idTimeMs(eventId);
  // Safe because bounds are compared with ids and never looked up.
  return [idAt(timeMs) as DeliveryId, idAt(timeMs + 2) as DeliveryId];
}

function listPending(
  tx: TenantTx,
  filter: DeliveryFilter,
): Promise<Found<DeliveryRow, DeliveryId>> {
  const conditions = (range: ScanRange<DeliveryId>) =>
    and(indexed(tx, deliveryQueue, filter, range), eq(deliveryQueue.manual, false));
  return scanNewest<DeliveryRow, DeliveryId>({
    range: rangeOf(filter),
    limit: filter.limit,
    steps: scanSteps,
    async findStop(range, budget) {
      const rows = await tx.run(
        'findPendingStop',
        tx.db
          .select({ id: deliveryQueue.id })
          .from(deliveryQueue)
          .where(conditions(range))
          .orderBy(desc(deliveryQueue.id))
          .offset(budget - 1)
          .limit(1),
      );
      return rows[0]?.id ?? null;
    },
    async find(range, limit) {
      const rows = await tx.run(
        'listPendingDeliveries',
        tx.db
          .select(pendingColumns)
          .from(deliveryQueue)
          .where(and(conditions(range), scanned(deliveryQueue, filter)))
          .orderBy(desc(deliveryQueue.id))
          .limit(limit),
      );
      return rows.map(asPending);
    },
  });
}

function listEnded(tx: TenantTx, filter: DeliveryFilter): Promise<Found<DeliveryRow, DeliveryId>> {
  const { status } = filter;
  // Written out, so that the planner sees the condition of deliveries_not_delivered_idx.
  const rare = status === 'failed' || status === 'cancelled';
  const conditions = (range: ScanRange<DeliveryId>) =>
    and(
      indexed(tx, deliveries, filter, range),
      rare ? sql`${deliveries.status} <> 'delivered'` : undefined,
    );
  return scanNewest<DeliveryRow, DeliveryId>({
    range: rangeOf(filter),
    limit: filter.limit,
    steps: scanSteps,
    async findStop(range, budget) {
      const rows = await tx.run(
        'findEndedStop',
        tx.db
          .select({ id: deliveries.id })
          .from(deliveries)
          .where(conditions(range))
          .orderBy(desc(deliveries.id))
          .offset(budget - 1)
          .limit(1),
      );
      return rows[0]?.id ?? null;
    },
    async find(range, limit) {
      const rows = await tx.run(
        'listEndedDeliveries',
        tx.db
          .select(endedColumns)
          .from(deliveries)
          .where(
            and(
              conditions(range),
              scanned(deliveries, filter),
              status === null || status === 'pending' ? undefined : eq(deliveries.status, status),
            ),
          )
          .orderBy(desc(deliveries.id))
          .limit(limit),
      );
      return rows.map(asEnded);
    },
  });
}

export type DeliveryCounts = Record<DeliveryStatus, number>;

/**
 * How many deliveries each event has, by status, of those made with it. One probe of the primary key
 * of each table an event, in one statement and so of one moment; partitions are pruned by the bounds.
 */
export async function countDeliveries(
  tx: TenantTx,
  eventIds: readonly EventId[],
): Promise<Map<EventId, DeliveryCounts>> {
  const counts = new Map<EventId, DeliveryCounts>(
    eventIds.map((id) => [id, { pending: 0, delivered: 0, failed: 0, cancelled: 0 }]),
  );
  if (eventIds.length === 0) return counts;
  const bounds = eventIds.map(deliveryIdsOf);
  const rows = await tx.run(
    'countDeliveries',
    tx.sql<{ event_id: EventId; status: DeliveryStatus; count: number }[]>`
      select e.event_id, found.status, count(*)::int as count
      from unnest(${[...eventIds]}::uuid[], ${bounds.map(([low]) => low)}::uuid[],
        ${bounds.map(([, high]) => high)}::uuid[]) as e (event_id, low, high)
      cross join lateral (
        select 'pending' as status from delivery_queue q
        where q.tenant_id = ${tx.tenantId} and q.id >= e.low and q.id < e.high
          and q.event_id = e.event_id and not q.manual
        union all
        select d.status from deliveries d
        where d.tenant_id = ${tx.tenantId} and d.id >= e.low and d.id < e.high
          and d.event_id = e.event_id
      ) found
      group by e.event_id, found.status`,
  );
  for (const row of rows) {
    const count = counts.get(row.event_id);
    if (count !== undefined) count[row.status] = row.count;
  }
  return counts;
}
