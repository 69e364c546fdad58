/**
 * Lists and counts over both places of a delivery: the queue (pending) and the history (ended).
 * Each is read with its own order and limit and the two are merged; a view over both sorts all
 * rows first (9.4 s against 1.6 ms at 10 M rows).
 */
import type { Sql } from 'postgres';
import type { DeliveryStatus } from '../domain/deliveries.ts';
import {
  type DeliveryId,
  type EndpointId,
  type EventId,
  idAt,
  idTimeMs,
  type ProjectId,
} from '../domain/ids.ts';
import { asEnded, asPending, type DeliveryRow } from './deliveries.ts';
import {
  type Found,
  type Fragment,
  inRange,
  type ScanRange,
  scanNewest,
  scanStatement,
  scanSteps,
} from './scan.ts';
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

/** Newest first, pending and ended alike. */
export async function listDeliveries(
  tx: TenantTx,
  filter: DeliveryFilter,
): Promise<Found<DeliveryRow, DeliveryId>> {
  // One after the other, the queue first: what ends meanwhile is then seen in at least one.
  const pending = wants(filter, 'pending') ? await listPending(tx, filter) : nothing;
  const ended = filter.status === 'pending' ? nothing : await listEnded(tx, filter);
  const replayed = filter.eventId === null ? [] : await listReplayed(tx, filter, filter.eventId);
  return merge(pending, ended, replayed, filter.limit);
}

const nothing: Found<DeliveryRow, DeliveryId> = { rows: [], stoppedAt: null };

const wants = (filter: DeliveryFilter, status: DeliveryStatus) =>
  filter.status === null || filter.status === status;

/** Where one of the two stopped early, nothing older may be shown: the next page would skip it. */
function merge(
  pending: Found<DeliveryRow, DeliveryId>,
  ended: Found<DeliveryRow, DeliveryId>,
  replayed: readonly DeliveryRow[],
  limit: number,
): Found<DeliveryRow, DeliveryId> {
  const stops = [pending.stoppedAt, ended.stoppedAt].filter((id) => id !== null);
  const stop = stops.reduce<DeliveryId | null>((a, b) => (a === null || b > a ? b : a), null);
  const byId = new Map<DeliveryId, DeliveryRow>();
  for (const row of [...pending.rows, ...ended.rows, ...replayed]) {
    if (stop === null || row.id >= stop) byId.set(row.id, row);
  }
  const rows = [...byId.values()].toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit);
  return { rows, stoppedAt: rows.length >= limit ? null : stop };
}

/** What is looked at row by row. */
/** What the index that is read does not answer; `endpoint` whether that is left to look at. */
function matches(sql: Sql, filter: DeliveryFilter, endpoint: boolean): Fragment {
  const { endpointId, eventId, replayId, type, status } = filter;
  return sql`project_id = ${filter.projectId}
    ${endpoint && endpointId !== null ? sql`and endpoint_id = ${endpointId}` : sql``}
    ${eventId === null ? sql`` : sql`and event_id = ${eventId}`}
    ${replayId === null ? sql`` : sql`and replay_id = ${replayId}`}
    ${type === null ? sql`` : sql`and ${typeMatches(sql, sql`event_type`, type)}`}
    ${status === null || status === 'pending' ? sql`` : sql`and status = ${status}`}`;
}

export function typeMatches(sql: Sql, column: Fragment, filter: TypeFilter): Fragment {
  const { text, prefix } = filter;
  return prefix ? sql`starts_with(${column}, ${text})` : sql`${column} = ${text}`;
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
export function deliveryIdsOf(eventId: EventId): [DeliveryId, DeliveryId] {
  const timeMs = idTimeMs(eventId);
  // Safe because bounds are compared with ids and never looked up.
  return [idAt(timeMs) as DeliveryId, idAt(timeMs + 2) as DeliveryId];
}

/** By the primary key, delivery_queue_endpoint_idx or delivery_queue_replay_idx. */
function listPending(
  tx: TenantTx,
  filter: DeliveryFilter,
): Promise<Found<DeliveryRow, DeliveryId>> {
  const { sql } = tx;
  const { endpointId, replayId } = filter;
  const byEndpoint = replayId === null && endpointId !== null;
  return scanNewest<DeliveryRow, DeliveryId>({
    range: rangeOf(filter),
    limit: filter.limit,
    steps: scanSteps,
    async read(range, budget, limit) {
      const columns = sql`
        id, project_id, event_id, endpoint_id, event_type, attempts, next_attempt_at,
        created_at, last_status_code, last_error, replay_id`;
      const from = sql`
        from delivery_queue
        where tenant_id = ${tx.tenantId} and not manual
          ${byEndpoint ? sql`and endpoint_id = ${endpointId}` : sql``}
          ${replayId === null ? sql`` : sql`and replay_id = ${replayId}`}
          ${inRange(sql, range)}`;
      const where = matches(sql, filter, !byEndpoint);
      const step = scanStatement<ListedRow>(sql, { columns, from, where, budget, limit });
      const rows = await tx.run('listPendingDeliveries', step);
      return rows.map((row) =>
        row.id === null ? row : { ...asPending(fromColumns(row)), stop: row.stop },
      );
    },
  });
}

/**
 * By the primary key, deliveries_endpoint_idx, deliveries_replay_idx, or, for the rare ends,
 * deliveries_not_delivered_idx whatever the endpoint: one that never fails has a long history to
 * look through for nothing.
 */
function listEnded(tx: TenantTx, filter: DeliveryFilter): Promise<Found<DeliveryRow, DeliveryId>> {
  const { sql } = tx;
  const { endpointId, replayId, status } = filter;
  const rare = replayId === null && (status === 'failed' || status === 'cancelled');
  const byEndpoint = replayId === null && !rare && endpointId !== null;
  return scanNewest<DeliveryRow, DeliveryId>({
    range: rangeOf(filter),
    limit: filter.limit,
    steps: scanSteps,
    async read(range, budget, limit) {
      const columns = sql`
        id, project_id, event_id, endpoint_id, event_type, status, attempts, created_at,
        completed_at, last_status_code, last_error, replay_id, reason`;
      const from = sql`
        from deliveries
        where tenant_id = ${tx.tenantId} ${rare ? sql`and status <> 'delivered'` : sql``}
          ${byEndpoint ? sql`and endpoint_id = ${endpointId}` : sql``}
          ${replayId === null ? sql`` : sql`and replay_id = ${replayId}`}
          ${inRange(sql, range)}`;
      const where = matches(sql, filter, !byEndpoint);
      const step = scanStatement<ListedRow>(sql, { columns, from, where, budget, limit });
      const rows = await tx.run('listEndedDeliveries', step);
      return rows.map((row) =>
        row.id === null ? row : { ...asEnded(fromColumns(row)), stop: row.stop },
      );
    },
  });
}

/**
 * What replays made of an event, pending and ended alike: found through replay_deliveries, since
 * their ids do not carry the event's millisecond. As many as the event was replayed, times its
 * endpoints. One statement, and so of one moment.
 */
async function listReplayed(
  tx: TenantTx,
  filter: DeliveryFilter,
  eventId: EventId,
): Promise<DeliveryRow[]> {
  const { sql } = tx;
  const { status, range, limit } = filter;
  const made = sql`
    select id from replay_deliveries
    where tenant_id = ${tx.tenantId} and event_id = ${eventId} ${inRange(sql, range)}`;
  const rows = await tx.run(
    'listReplayedDeliveries',
    sql<ListedRow[]>`
      select * from (
        select found.*, null as completed_at, null as reason
        from (${made}) made cross join lateral (
          select id, project_id, event_id, endpoint_id, event_type, 'pending' as status, attempts,
            next_attempt_at, created_at, last_status_code, last_error, replay_id
          from delivery_queue q
          where q.tenant_id = ${tx.tenantId} and q.id = made.id and not q.manual offset 0) found
        union all
        select found.id, project_id, event_id, endpoint_id, event_type, status, attempts,
          null, created_at, last_status_code, last_error, replay_id, completed_at, reason
        from (${made}) made cross join lateral (
          select * from deliveries d
          where d.tenant_id = ${tx.tenantId} and d.id = made.id offset 0) found
      ) found
      where ${matches(sql, filter, true)}
        ${status === 'pending' ? sql`and status = 'pending'` : sql``}
      order by id desc limit ${limit}`,
  );
  return rows.map((row) => (row.status === 'pending' ? asPending : asEnded)(fromColumns(row)));
}

/**
 * The columns of both; those that a table lacks are absent. Times are text, as PostgreSQL has
 * them.
 */
type ListedRow = {
  id: DeliveryId;
  project_id: ProjectId;
  event_id: EventId;
  endpoint_id: EndpointId;
  event_type: string;
  status: DeliveryStatus;
  attempts: number;
  next_attempt_at?: string;
  created_at: string;
  completed_at?: string;
  last_status_code: number | null;
  last_error: string | null;
  replay_id: string | null;
  reason?: string | null;
};

function fromColumns(row: ListedRow) {
  return {
    id: row.id,
    projectId: row.project_id,
    eventId: row.event_id,
    endpointId: row.endpoint_id,
    eventType: row.event_type,
    status: row.status,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at === undefined ? null : new Date(row.next_attempt_at),
    createdAt: new Date(row.created_at),
    completedAt: row.completed_at === undefined ? null : new Date(row.completed_at),
    lastStatusCode: row.last_status_code,
    lastError: row.last_error,
    replayId: row.replay_id,
    reason: row.reason ?? null,
  };
}

export type DeliveryCounts = Record<DeliveryStatus, number>;

/**
 * How many deliveries each event has, by status. Of those made with it one probe of the primary
 * key of each table, partitions pruned by the bounds; of those that replays made as many as there
 * are. In one statement and so of one moment.
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
        union all
        select coalesce(d.status, 'pending') from replay_deliveries r
        left join lateral (
          select status from deliveries d
          where d.tenant_id = r.tenant_id and d.id = r.id offset 0) d on true
        where r.tenant_id = ${tx.tenantId} and r.event_id = e.event_id
          and (r.id < e.low or r.id >= e.high)
      ) found
      group by e.event_id, found.status`,
  );
  for (const row of rows) {
    const count = counts.get(row.event_id);
    if (count !== undefined) count[row.status] = row.count;
  }
  return counts;
}
