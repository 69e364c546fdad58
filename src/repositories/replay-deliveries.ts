/**
 * What replays made: written with the page that matched it, and what became of it. Deliveries of a
 * replay have no position, so they stand outside the order of ordered endpoints.
 */
import type { DeliveryId, EndpointId, EventId, ProjectId, ReplayId } from '../domain/ids.ts';
import type { TenantTx } from './transactions.ts';

export type NewReplayDelivery = {
  id: DeliveryId;
  eventId: EventId;
  endpointId: EndpointId;
  eventType: string;
  /** The delivery that it repeats; null where there was none. */
  sourceId: DeliveryId | null;
};

/**
 * Queues them, due now, and answers the endpoints of those that are new: what the replay has made
 * for an event and an endpoint before is left out, by the primary key of replay_deliveries.
 */
export async function insertReplayDeliveries(
  tx: TenantTx,
  replay: { id: ReplayId; projectId: ProjectId },
  rows: readonly NewReplayDelivery[],
): Promise<EndpointId[]> {
  const inserted = await tx.run(
    'insertReplayDeliveries',
    tx.sql<{ endpoint_id: EndpointId }[]>`
      with new as materialized (
        select * from unnest(
          ${rows.map((row) => row.id)}::uuid[], ${rows.map((row) => row.eventId)}::uuid[],
          ${rows.map((row) => row.endpointId)}::uuid[], ${rows.map((row) => row.eventType)}::text[],
          ${rows.map((row) => row.sourceId)}::uuid[])
          as new (id, event_id, endpoint_id, event_type, source_id)
      ), kept as (
        insert into replay_deliveries (tenant_id, event_id, endpoint_id, replay_id, id, source_id)
        select ${tx.tenantId}, event_id, endpoint_id, ${replay.id}, id, source_id from new
        on conflict do nothing
        returning id
      )
      insert into delivery_queue
        (id, tenant_id, project_id, event_id, endpoint_id, event_type, replay_id)
      select id, ${tx.tenantId}, ${replay.projectId}, event_id, endpoint_id, event_type, ${replay.id}
      from new where id in (select id from kept)
      returning endpoint_id`,
  );
  return inserted.map((row) => row.endpoint_id);
}

/** How many are pending, counted up to `limit`. Index: delivery_queue_replay_idx. */
export async function countPendingOfReplay(
  tx: TenantTx,
  id: ReplayId,
  limit: number,
): Promise<number> {
  const [row] = await tx.run(
    'countPendingOfReplay',
    tx.sql<{ count: number }[]>`
      select count(*)::int as count from (
        select from delivery_queue
        where tenant_id = ${tx.tenantId} and replay_id = ${id} limit ${limit}) pending`,
  );
  return row?.count ?? 0;
}

export type EndedCounts = { delivered: number; failed: number };

/**
 * What has ended of each replay: delivered is what was made and is neither pending nor ended
 * otherwise, as it is most of a replay, and counting 300,000 took 120 ms and more. All of one
 * snapshot, as deliveries go from pending to ended meanwhile.
 * Indexes: delivery_queue_replay_idx, deliveries_replay_not_delivered_idx.
 */
export async function countEndedOfReplays(
  tx: TenantTx,
  ids: readonly ReplayId[],
): Promise<Map<ReplayId, EndedCounts>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.run(
    'countEndedOfReplays',
    tx.sql<({ id: ReplayId } & EndedCounts)[]>`
      select r.id, (r.created - queued.count - ended.cancelled - ended.failed)::float8 as delivered,
        ended.failed::float8 as failed
      from replays r cross join lateral (
        select count(*) from delivery_queue
        where tenant_id = ${tx.tenantId} and replay_id = r.id and not manual
      ) queued cross join lateral (
        select count(*) filter (where status = 'failed') as failed,
          count(*) filter (where status = 'cancelled') as cancelled
        from deliveries
        where tenant_id = ${tx.tenantId} and replay_id = r.id and status <> 'delivered'
      ) ended
      where r.tenant_id = ${tx.tenantId} and r.id = any (${[...ids]}::uuid[])`,
  );
  return new Map(rows.map(({ id, delivered, failed }) => [id, { delivered, failed }]));
}

export async function countEndedOfReplay(tx: TenantTx, id: ReplayId): Promise<EndedCounts> {
  const counts = await countEndedOfReplays(tx, [id]);
  return counts.get(id) ?? { delivered: 0, failed: 0 };
}

export type EndedLatelyRow = {
  id: ReplayId;
  /** Of those that were looked at, how many ended since then; ms since the epoch. */
  recent: number;
  oldestMs: number | null;
};

/**
 * What ended lately of each replay, among its newest `sampleMax` that have ended: a late retry of
 * an older one is passed over. Index: deliveries_replay_idx.
 */
export function listEndedLately(
  tx: TenantTx,
  search: { ids: readonly ReplayId[]; sinceMs: number; sampleMax: number },
): Promise<EndedLatelyRow[]> {
  const { sql } = tx;
  return tx.run(
    'listEndedLately',
    sql<EndedLatelyRow[]>`
      select wanted.id, ended.*
      from unnest(${[...search.ids]}::uuid[]) as wanted (id) cross join lateral (
        select count(*)::integer as recent, min(at_ms) as "oldestMs"
        from (
          select (extract(epoch from completed_at) * 1000)::float8 as at_ms
          from deliveries
          where tenant_id = ${tx.tenantId} and replay_id = wanted.id
            and status in ('delivered', 'failed')
          order by id desc limit ${sql.unsafe(String(search.sampleMax))}
        ) newest
        where at_ms >= ${search.sinceMs}::float8) ended`,
  );
}

/**
 * Ends what is pending of a replay. Rows that are being recorded are passed over, so that the two
 * can never wait for each other in a circle: their ids come back. Index: delivery_queue_replay_idx.
 */
export async function cancelReplayDeliveries(
  tx: TenantTx,
  id: ReplayId,
): Promise<{ endpointIds: EndpointId[]; passedOver: DeliveryId[] }> {
  const [row] = await tx.run(
    'cancelReplayDeliveries',
    tx.sql<{ endpoint_ids: EndpointId[] | null; passed_over: DeliveryId[] | null }[]>`
      with pending as materialized (
        select id from delivery_queue where tenant_id = ${tx.tenantId} and replay_id = ${id}
      ), free as materialized (
        select ctid as at, id from delivery_queue
        where tenant_id = ${tx.tenantId} and replay_id = ${id}
        order by id for update skip locked
      ), gone as (
        delete from delivery_queue where ctid = any (array(select at from free))
        returning *
      ), ended as (
        insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type,
          status, reason, attempts, created_at, completed_at, last_status_code, last_error, replay_id)
        select id, tenant_id, project_id, event_id, endpoint_id, event_type, 'cancelled',
          'cancelled_by_request', attempts, created_at, now(), last_status_code, last_error, replay_id
        from gone
      )
      select
        (select array_agg(distinct endpoint_id) from gone) as endpoint_ids,
        (select array_agg(id) from pending where id not in (select id from free)) as passed_over`,
  );
  return { endpointIds: row?.endpoint_ids ?? [], passedOver: row?.passed_over ?? [] };
}
