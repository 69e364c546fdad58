/**
 * What a leader reads: which endpoints have work, how they are to be reached, and what is due.
 * Every read starts at what is due (ids are made before they are committed: a cursor would lose
 * rows); what is in hand is left out by its id. Lateral joins force the direction whatever the
 * statistics say.
 */
import type { PauseReason } from '../domain/dispatch/endpoint-health.ts';
import type { ReadyDelivery } from '../domain/dispatch/ready-delivery.ts';
import type { DeliveryId, EndpointId, TenantId } from '../domain/ids.ts';
import type { TenantTx, WorkerTx } from './transactions.ts';

/** A leader reads as the worker; who pulls deliveries reads as its tenant. */
type FeedTx = WorkerTx | TenantTx;

export type EndpointRef = { tenantId: TenantId; endpointId: EndpointId };
export type PendingEndpoint = EndpointRef & {
  /** The earliest of its rows. */
  dueAtMs: number;
};

/** Far above what one process can lead well; the rest waits for the next poll. */
const endpointsMax = 100_000;

/**
 * Every endpoint of the shards that has pending rows, whatever its state, and its earliest time:
 * a loose scan of delivery_queue_due_idx, one descent for each endpoint with rows.
 */
export async function listPendingEndpoints(
  tx: WorkerTx,
  shards: readonly number[],
): Promise<PendingEndpoint[]> {
  return tx.run(
    'listPendingEndpoints',
    tx.sql<PendingEndpoint[]>`
      with recursive walk as (
        (select tenant_id, endpoint_id, next_attempt_at from delivery_queue
         order by endpoint_id, next_attempt_at, id limit 1)
        union all
        select q.* from walk w cross join lateral (
          select tenant_id, endpoint_id, next_attempt_at from delivery_queue
          where endpoint_id > w.endpoint_id
          order by endpoint_id, next_attempt_at, id limit 1) q
      )
      select tenant_id as "tenantId", endpoint_id as "endpointId",
        (extract(epoch from next_attempt_at) * 1000)::float8 as "dueAtMs"
      from walk
      where get_byte(uuid_send(endpoint_id), 15) & 63 = any(${[...shards]}::integer[])
      limit ${endpointsMax}`,
  );
}

/** The endpoints of the shards that have something due now. Index: endpoints_shard_idx. */
export async function listDueEndpoints(
  tx: WorkerTx,
  shards: readonly number[],
): Promise<EndpointRef[]> {
  return tx.run(
    'listDueEndpoints',
    tx.sql<EndpointRef[]>`
      select e.tenant_id as "tenantId", e.id as "endpointId"
      from endpoints e cross join lateral (
        select from delivery_queue q
        where q.endpoint_id = e.id and q.next_attempt_at <= now()
        limit 1) q
      where e.shard = any(${[...shards]}::smallint[]) and e.deleted_at is null
      limit ${endpointsMax}`,
  );
}

/** Tenants of endpoints that are known by id alone. Index: endpoints_shard_idx, so none deleted. */
export async function listEndpointRefs(
  tx: WorkerTx,
  endpoints: readonly { endpointId: EndpointId; shard: number }[],
): Promise<EndpointRef[]> {
  return tx.run(
    'listEndpointRefs',
    tx.sql<EndpointRef[]>`
      select e.tenant_id as "tenantId", e.id as "endpointId"
      from unnest(${endpoints.map((one) => one.endpointId)}::uuid[],
        ${endpoints.map((one) => one.shard)}::smallint[]) as wanted (id, shard)
      cross join lateral (
        select tenant_id, id from endpoints e
        where e.shard = wanted.shard and e.id = wanted.id and e.deleted_at is null offset 0) e`,
  );
}

export type EndpointRow = {
  id: EndpointId;
  tenantId: TenantId;
  url: string;
  timeoutMs: number;
  headersEncrypted: Uint8Array | null;
  authEncrypted: Uint8Array | null;
  retrySchedule: number[];
  maxInFlight: number;
  rateLimitPerSecond: number | null;
  ordered: boolean;
  status: 'active' | 'paused' | 'disabled';
  deleted: boolean;
  failingSinceMs: number | null;
  pausedUntilMs: number | null;
  pauseReason: PauseReason | null;
  resumedAtMs: number | null;
};
export type SecretRow = {
  endpointId: EndpointId;
  kind: 'hmac' | 'ed25519';
  sealed: Uint8Array;
  expiresAtMs: number | null;
};

/** Settings and the valid secrets, oldest first, of endpoints (bounded by the caller). */
export async function listEndpointSettings(
  tx: FeedTx,
  endpoints: readonly EndpointRef[],
): Promise<{ rows: EndpointRow[]; secrets: SecretRow[] }> {
  const tenantIds = endpoints.map((one) => one.tenantId);
  const ids = endpoints.map((one) => one.endpointId);
  const [rows, secrets] = await Promise.all([
    tx.run(
      'listEndpointSettings',
      tx.sql<EndpointRow[]>`
        select e.id, e.tenant_id as "tenantId", e.url, e.timeout_ms as "timeoutMs",
          e.headers_encrypted as "headersEncrypted", e.auth_encrypted as "authEncrypted",
          e.retry_schedule as "retrySchedule",
          e.max_in_flight as "maxInFlight", e.rate_limit_per_second as "rateLimitPerSecond",
          e.ordered, e.status, e.deleted_at is not null as deleted,
          (extract(epoch from e.failing_since) * 1000)::float8 as "failingSinceMs",
          (extract(epoch from e.paused_until) * 1000)::float8 as "pausedUntilMs",
          e.pause_reason as "pauseReason",
          (extract(epoch from e.resumed_at) * 1000)::float8 as "resumedAtMs"
        from unnest(${tenantIds}::uuid[], ${ids}::uuid[]) as wanted (tenant_id, id)
        cross join lateral (
          select * from endpoints e
          where e.tenant_id = wanted.tenant_id and e.id = wanted.id offset 0) e`,
    ),
    tx.run(
      'listEndpointSecrets',
      tx.sql<SecretRow[]>`
        select s.endpoint_id as "endpointId", s.kind, s.secret_encrypted as sealed,
          (extract(epoch from s.expires_at) * 1000)::float8 as "expiresAtMs"
        from unnest(${tenantIds}::uuid[], ${ids}::uuid[]) as wanted (tenant_id, id)
        cross join lateral (
          select * from endpoint_secrets s
          where s.tenant_id = wanted.tenant_id and s.endpoint_id = wanted.id
            and (s.expires_at is null or s.expires_at > now())
          order by s.id offset 0) s`,
    ),
  ]);
  return { rows, secrets };
}

export type DueRequest = { endpointId: EndpointId; capacity: number };
/** `payload` null and `withheld` true: due, but over this read's bytes; without the payload and not
 *  withheld: its event is missing. */
export type DueRow = Omit<ReadyDelivery, 'payload'> & { payload: string | null; withheld: boolean };

/**
 * What is due of each endpoint, up to its capacity and `bytesMax` of payload in all, handed out
 * in turns over the endpoints; `heldIds` are left out. Of an ordered endpoint only what has no
 * position. Index: delivery_queue_due_idx. 0.4 ms for an endpoint with 1 M rows
 * (docs/decisions/0003).
 */
export async function listDue(
  tx: FeedTx,
  requests: readonly DueRequest[],
  heldIds: readonly DeliveryId[],
  bytesMax: number,
): Promise<DueRow[]> {
  return listWithPayload(
    tx,
    'listDue',
    tx.sql`
      select q.*, row_number() over (partition by q.endpoint_id
        order by q.next_attempt_at, q.id) as turn
      from unnest(${requests.map((one) => one.endpointId)}::uuid[],
        ${requests.map((one) => one.capacity)}::integer[]) as wanted (endpoint_id, capacity)
      cross join lateral (
        select * from delivery_queue q
        where q.endpoint_id = wanted.endpoint_id and q.next_attempt_at <= now()
          and q.id <> all(${[...heldIds]}::uuid[])
        order by q.next_attempt_at, q.id limit wanted.capacity) q`,
    bytesMax,
  );
}

/** So many of a key are read at once: one read for each delivery would be the key's speed. */
const runMax = 20;
const walkedKeysMax = 1_000;

/**
 * The same for ordered endpoints: of each ordering key the head, by position, and only when it is
 * due: a key waits through its retries. Behind the heads, as far as there is room, what comes next
 * of the same keys. A key whose head is in hand is left out. What has no position (replays, manual
 * retries) stands outside the order.
 *
 * Up to `walkedKeysMax` keys: a walk of delivery_queue_order_idx, one descent for each key and none
 * for what waits behind its head. With more keys most rows are heads: what is due, oldest first by
 * delivery_queue_due_idx, each looked at for whether it is one.
 */
export async function listDueOrdered(
  tx: FeedTx,
  requests: readonly DueRequest[],
  heldIds: readonly DeliveryId[],
  bytesMax: number,
): Promise<DueRow[]> {
  return listWithPayload(
    tx,
    'listDueOrdered',
    tx.sql`
      select q.*, row_number() over (partition by q.endpoint_id
        order by q.nth, q.position nulls first, q.next_attempt_at, q.id) as turn
      from unnest(${requests.map((one) => one.endpointId)}::uuid[],
        ${requests.map((one) => one.capacity)}::integer[]) as wanted (endpoint_id, capacity)
      cross join lateral (
        ${findHeads(tx.sql, heldIds)}
        select * from (
          select run.*, row_number() over (partition by run.ordering_key order by run.position) as nth,
            bool_and(run.next_attempt_at <= now())
              over (partition by run.ordering_key order by run.position) as is_due
          from heads cross join lateral (
            (select * from delivery_queue r
             where r.endpoint_id = wanted.endpoint_id and r.position >= heads.position
               and r.ordering_key = heads.ordering_key
             order by r.position limit ${runMax})
            union all
            (select * from delivery_queue r
             where r.endpoint_id = wanted.endpoint_id and r.position >= heads.position
               and r.ordering_key is null and heads.ordering_key is null
             order by r.position limit ${runMax})) run
          union all
          (select free.*, 1, true from delivery_queue free
           where free.endpoint_id = wanted.endpoint_id and free.next_attempt_at <= now()
             and free.position is null and free.id <> all(${[...heldIds]}::uuid[])
           order by free.next_attempt_at, free.id limit wanted.capacity)) ready
        where ready.is_due
        order by ready.nth, ready.position nulls first, ready.next_attempt_at, ready.id
        limit wanted.capacity) q`,
    bytesMax,
  );
}

/** The CTE `heads` of one endpoint (`wanted`): due, not in hand, the longest waiting first. */
function findHeads(sql: WorkerTx['sql'], heldIds: readonly DeliveryId[]) {
  return sql`
    with recursive walk as (
      (select 1 as n, k.ordering_key, k.position, k.next_attempt_at, k.id from delivery_queue k
       where k.endpoint_id = wanted.endpoint_id and k.position is not null
         and k.ordering_key is not null
       order by k.ordering_key, k.position limit 1)
      union all
      select walk.n + 1, k.* from walk cross join lateral (
        select k.ordering_key, k.position, k.next_attempt_at, k.id from delivery_queue k
        where k.endpoint_id = wanted.endpoint_id and k.position is not null
          and k.ordering_key > walk.ordering_key
        order by k.ordering_key, k.position limit 1) k
      where walk.n <= ${walkedKeysMax}
    ), crowd as materialized (
      select count(*) > ${walkedKeysMax} as many from walk
    ), heads as (
      select * from (
        select ordering_key, position, next_attempt_at, id from walk
        where not (select many from crowd)
        union all
        (select null, k.position, k.next_attempt_at, k.id from delivery_queue k
         where k.endpoint_id = wanted.endpoint_id and k.position is not null
           and k.ordering_key is null and not (select many from crowd)
         order by k.position limit 1)
        union all
        (select k.ordering_key, k.position, k.next_attempt_at, k.id from delivery_queue k
         where (select many from crowd) and k.endpoint_id = wanted.endpoint_id
           and k.next_attempt_at <= now() and k.id <> all(${[...heldIds]}::uuid[])
           and k.position = case when k.ordering_key is null then
             (select p.position from delivery_queue p
              where p.endpoint_id = k.endpoint_id and p.position is not null
                and p.ordering_key is null
              order by p.position limit 1)
           else
             (select p.position from delivery_queue p
              where p.endpoint_id = k.endpoint_id and p.position is not null
                and p.ordering_key = k.ordering_key
              order by p.position limit 1)
           end
         order by k.next_attempt_at, k.id limit wanted.capacity)) k
      where k.next_attempt_at <= now() and k.id <> all(${[...heldIds]}::uuid[])
      order by k.position limit wanted.capacity
    )`;
}

async function listWithPayload(
  tx: FeedTx,
  query: string,
  due: ReturnType<WorkerTx['sql']>,
  bytesMax: number,
): Promise<DueRow[]> {
  return tx.run(
    query,
    tx.sql<DueRow[]>`
      with due as materialized (${due}), sized as materialized (
        select due.*, v.payload, v.hops,
          sum(octet_length(v.payload)) over (order by due.turn, due.id
            rows between unbounded preceding and 1 preceding) as before
        from due left join lateral (
          select payload, hops from webhook_events v
          where v.tenant_id = due.tenant_id and v.id = due.event_id offset 0) v on true
      )
      select id, tenant_id as "tenantId", project_id as "projectId", endpoint_id as "endpointId",
        event_id as "eventId", event_type as "eventType", attempts, manual,
        ordering_key as "orderingKey", position::float8 as position, coalesce(hops, 0) as hops,
        (extract(epoch from created_at) * 1000)::float8 as "createdAtMs",
        (extract(epoch from next_attempt_at) * 1000)::float8 as "dueAtMs",
        coalesce(before, 0) >= ${bytesMax}::bigint as withheld,
        case when coalesce(before, 0) < ${bytesMax}::bigint then payload end as payload
      from sized order by turn, id`,
  );
}

/** The next time after now at which something of these endpoints is due. */
export async function listNextDue(
  tx: WorkerTx,
  endpointIds: readonly EndpointId[],
): Promise<{ endpointId: EndpointId; dueAtMs: number }[]> {
  return tx.run(
    'listNextDue',
    tx.sql<{ endpointId: EndpointId; dueAtMs: number }[]>`
      select q.endpoint_id as "endpointId",
        (extract(epoch from q.next_attempt_at) * 1000)::float8 as "dueAtMs"
      from unnest(${[...endpointIds]}::uuid[]) as wanted (endpoint_id)
      cross join lateral (
        select endpoint_id, next_attempt_at from delivery_queue q
        where q.endpoint_id = wanted.endpoint_id and q.next_attempt_at > now()
        order by q.next_attempt_at, q.id limit 1) q`,
  );
}
