/**
 * Writes a batch of accepted events with their deliveries, of several tenants at once. Runs as
 * opsforge_ingest: the insert policies check the batch's list of tenants, a statement trigger
 * checks that tenant, project and endpoint belong together.
 */
import type {
  ApiKeyId,
  DeliveryId,
  EndpointId,
  EventId,
  ProjectId,
  TenantId,
} from '../domain/ids.ts';
import { joinedTexts, plainArray, textArray } from './array-literal.ts';
import type { IngestTx, WorkerTx } from './transactions.ts';

export type NewDelivery = {
  id: DeliveryId;
  endpointId: EndpointId;
  ordered: boolean;
  /** The endpoint is disabled: recorded as cancelled at once, for a replay to find. */
  cancelled: boolean;
};

export type NewEvent = {
  id: EventId;
  tenantId: TenantId;
  projectId: ProjectId;
  apiKeyId: ApiKeyId | null;
  type: string;
  payload: string;
  orderingKey: string | null;
  metadata: Record<string, string> | null;
  hops: number;
  deliveries: NewDelivery[];
};

/** An event on its way to one endpoint. */
type Addressed = { event: NewEvent; to: NewDelivery };

/** What may not be accepted twice; see the table idempotency_keys for the two kinds of scope. */
export type Reservation = {
  scopeId: ProjectId | TenantId;
  key: string;
  tenantId: TenantId;
  projectId: ProjectId;
  eventId: EventId;
  fingerprint: string;
  deliveries: number;
};

export type HeldReservation = Omit<Reservation, 'tenantId'> & { createdAtMs: number };

/**
 * Takes the reservations that are free or expired and answers those it got, as `scopeId key`. Waits
 * for a concurrent batch with the same key. Sorted: two batches in different order would deadlock.
 */
export async function insertReservations(
  tx: IngestTx,
  reservations: Reservation[],
): Promise<Set<string>> {
  const sorted = reservations.toSorted((a, b) =>
    `${a.scopeId} ${a.key}` < `${b.scopeId} ${b.key}` ? -1 : 1,
  );
  const rows = await tx.run(
    'insertReservations',
    tx.sql<{ scope_id: string; key: string }[]>`
      insert into idempotency_keys as held
        (scope_id, key, tenant_id, project_id, event_id, fingerprint, deliveries)
      select scope_id, key, tenant_id, project_id, event_id, decode(fingerprint, 'hex'), deliveries
      from unnest(
        ${sorted.map((row) => row.scopeId)}::uuid[], ${sorted.map((row) => row.key)}::text[],
        ${sorted.map((row) => row.tenantId)}::uuid[], ${sorted.map((row) => row.projectId)}::uuid[],
        ${sorted.map((row) => row.eventId)}::uuid[],
        ${sorted.map((row) => row.fingerprint)}::text[],
        ${sorted.map((row) => row.deliveries)}::integer[])
        as new (scope_id, key, tenant_id, project_id, event_id, fingerprint, deliveries)
      on conflict (scope_id, key) do update set
        tenant_id = excluded.tenant_id, project_id = excluded.project_id,
        event_id = excluded.event_id, fingerprint = excluded.fingerprint,
        deliveries = excluded.deliveries, created_at = now()
      where held.created_at < now() - case when held.scope_id = held.tenant_id
        then interval '25 hours' else interval '24 hours' end
      returning scope_id, key`,
  );
  return new Set(rows.map((row) => `${row.scope_id} ${row.key}`));
}

/** The first holders of reservations that could not be taken. */
export async function listReservations(
  tx: IngestTx,
  wanted: Pick<Reservation, 'scopeId' | 'key'>[],
): Promise<HeldReservation[]> {
  return tx.run(
    'listReservations',
    tx.sql<HeldReservation[]>`
      select held.scope_id as "scopeId", held.key, held.project_id as "projectId",
        held.event_id as "eventId", encode(held.fingerprint, 'hex') as fingerprint,
        held.deliveries, (extract(epoch from held.created_at) * 1000)::float8 as "createdAtMs"
      from unnest(${wanted.map((row) => row.scopeId)}::uuid[],
        ${wanted.map((row) => row.key)}::text[]) as wanted (scope_id, key)
      join idempotency_keys held using (scope_id, key)`,
  );
}

/** Gives back what was taken for events that are refused after all. */
export async function deleteReservations(
  tx: IngestTx,
  taken: Pick<Reservation, 'scopeId' | 'key'>[],
): Promise<void> {
  await tx.run(
    'deleteReservations',
    tx.sql`
      delete from idempotency_keys held
      using unnest(${taken.map((row) => row.scopeId)}::uuid[],
        ${taken.map((row) => row.key)}::text[]) as taken (scope_id, key)
      where held.scope_id = taken.scope_id and held.key = taken.key`,
  );
}

/**
 * Deletes up to `limit` of those that hold nothing back any more (25 h: the longer of the two
 * terms) and answers how many. The age stands twice: one that is taken again meanwhile is a new
 * version of its row, which only a condition outside the array sees. Index:
 * idempotency_keys_created_at_idx.
 */
export async function deleteExpiredReservations(tx: WorkerTx, limit: number): Promise<number> {
  const rows = await tx.run(
    'deleteExpiredReservations',
    tx.sql`
      delete from idempotency_keys
      where ctid = any(array(
          select ctid from idempotency_keys where created_at < now() - interval '25 hours'
          order by created_at limit ${limit}))
        and created_at < now() - interval '25 hours'
      returning 1`,
  );
  return rows.length;
}

/**
 * One statement for the whole batch, whatever its size, and the last of its transaction: the commit
 * goes with it. Answers the time of acceptance (ms).
 * Measured beside one statement an event: an order of magnitude apart (docs/benchmarks.md).
 * `counted` is the usage of docs/decisions/0015: in this statement it cannot be lost or doubled.
 * Payloads go as one text: JSON holds no control character as it is, so nothing is escaped (0.1
 * against 2.3 us for a 700-byte event as an array literal; Bun 1.4.5, 2-core x64, 2026-11).
 * What many share (origin, type, endpoint) is sent once and named by its place; by place and not by
 * a join, which promises no order: ordered endpoints take their positions from that of the arrays.
 * unnest fills arrays that end early with nulls.
 */
export async function insertEvents(tx: IngestTx, events: NewEvent[]): Promise<number> {
  const { sql } = tx;
  const { queued, cancelled } = addressesOf(events);
  if (cancelled.length > 0) await insertCancelled(tx, cancelled);
  const origins = createOrigins();
  const types = createPlaces<string>();
  const endpoints = createPlaces<EndpointId>();
  const eventOrigins = events.map((event) => origins.place(event));
  const eventTypes = events.map((event) => types.place(event.type));
  const queuedOrigins = queued.map(({ event }) => origins.place(event));
  const queuedTypes = queued.map(({ event }) => types.place(event.type));
  const queuedEndpoints = queued.map(({ to }) => endpoints.place(to.endpointId));
  const [tenantIds, projectIds, apiKeyIds] = [
    plainArray(origins.values().map(({ tenantId }) => tenantId)),
    plainArray(origins.values().map(({ projectId }) => projectId)),
    plainArray(origins.values().map(({ apiKeyId }) => apiKeyId)),
  ];
  const typeNames = textArray(types.values());
  const used = countUse(events);
  const count = (value: (use: Use) => string | number) => plainArray(used.map(value));
  const rows = await tx.runLast(
    'insertEvents',
    sql<{ now_ms: number }[]>`
      with events as (
        insert into webhook_events
          (id, tenant_id, project_id, api_key_id, type, payload, ordering_key, metadata, hops)
        select id, (${tenantIds}::uuid[])[coalesce(origin, 1)],
          (${projectIds}::uuid[])[coalesce(origin, 1)],
          (${apiKeyIds}::uuid[])[coalesce(origin, 1)], (${typeNames}::text[])[coalesce(type, 1)],
          payload, ordering_key, metadata::json, coalesce(hops, 0)
        from unnest(
          ${plainArray(events.map((event) => event.id))}::uuid[],
          ${plainArray(untilNulls(eventOrigins))}::integer[],
          ${plainArray(untilNulls(eventTypes))}::integer[],
          string_to_array(${joinedTexts(events.map((event) => event.payload))}, chr(31)),
          ${textArray(untilNulls(events.map((event) => event.orderingKey)))}::text[],
          ${textArray(untilNulls(events.map(metadataText)))}::text[],
          ${plainArray(untilNulls(events.map(({ hops }) => (hops === 0 ? null : hops))))}::smallint[])
          as new (id, origin, type, payload, ordering_key, metadata, hops)
      ), queued as (
        insert into delivery_queue
          (id, tenant_id, project_id, event_id, endpoint_id, event_type, ordering_key, position)
        select id, (${tenantIds}::uuid[])[coalesce(origin, 1)],
          (${projectIds}::uuid[])[coalesce(origin, 1)], event_id,
          (${plainArray(endpoints.values())}::uuid[])[coalesce(endpoint, 1)],
          (${typeNames}::text[])[coalesce(type, 1)], ordering_key,
          case when ordered = 'yes' then nextval('delivery_positions') end
        from unnest(
          ${plainArray(queued.map(({ to }) => to.id))}::uuid[],
          ${plainArray(queued.map(({ event }) => event.id))}::uuid[],
          ${plainArray(untilNulls(queuedOrigins))}::integer[],
          ${plainArray(untilNulls(queuedTypes))}::integer[],
          ${plainArray(untilNulls(queuedEndpoints))}::integer[],
          ${textArray(untilNulls(queued.map(({ event }) => event.orderingKey)))}::text[],
          ${plainArray(untilNulls(queued.map(({ to }) => (to.ordered ? 'yes' : null))))}::text[])
          as new (id, event_id, origin, type, endpoint, ordering_key, ordered)
      ), counted as (
        insert into usage_deltas (tenant_id, project_id, day, events, bytes)
        select tenant_id, project_id, (now() at time zone 'UTC')::date, events, bytes
        from unnest(
          ${count((use) => use.tenantId)}::uuid[], ${count((use) => use.projectId)}::uuid[],
          ${count((use) => use.events)}::integer[], ${count((use) => use.bytes)}::bigint[])
          as new (tenant_id, project_id, events, bytes)
      )
      select (extract(epoch from now()) * 1000)::float8 as now_ms`,
  );
  return rows[0]?.now_ms ?? 0;
}

function addressesOf(events: readonly NewEvent[]) {
  const queued: Addressed[] = [];
  const cancelled: Addressed[] = [];
  for (const event of events) {
    for (const to of event.deliveries) (to.cancelled ? cancelled : queued).push({ event, to });
  }
  return { queued, cancelled };
}

const metadataText = ({ metadata }: NewEvent): string | null =>
  metadata === null ? null : JSON.stringify(metadata);

/** The places of values in an array of PostgreSQL, 1 being said as null: mostly there is one. */
function createPlaces<Value>() {
  const places = new Map<Value, number>();
  return {
    place(value: Value): number | null {
      let place = places.get(value);
      if (place === undefined) {
        place = places.size + 1;
        places.set(value, place);
      }
      return place === 1 ? null : place;
    },
    values: (): Value[] => [...places.keys()],
  };
}

/** By all three, so that the statement's trigger judges what was said and not what was shared. */
function createOrigins() {
  const places = createPlaces<string>();
  const origins: NewEvent[] = [];
  let last: { event: NewEvent; place: number | null } | null = null;
  return {
    place(event: NewEvent): number | null {
      // Mostly one key posts a whole group: its texts are compared, not joined anew for each event.
      if (last !== null && isSameOrigin(last.event, event)) return last.place;
      const place = places.place(`${event.tenantId}${event.projectId}${event.apiKeyId}`);
      if ((place ?? 1) > origins.length) origins.push(event);
      last = { event, place };
      return place;
    },
    values: (): readonly NewEvent[] => origins,
  };
}

const isSameOrigin = (one: NewEvent, other: NewEvent) =>
  one.tenantId === other.tenantId &&
  one.projectId === other.projectId &&
  one.apiKeyId === other.apiKeyId;

/** Without the nulls at its end. */
function untilNulls<Value>(items: (Value | null)[]): (Value | null)[] {
  let length = items.length;
  while (length > 0 && items[length - 1] === null) length -= 1;
  return length === items.length ? items : items.slice(0, length);
}

type Use = { tenantId: TenantId; projectId: ProjectId; events: number; bytes: number };

/** What the group adds to its projects: mostly one, so one row beside hundreds. */
function countUse(events: readonly NewEvent[]): Use[] {
  const used = new Map<ProjectId, Use>();
  for (const { tenantId, projectId, payload } of events) {
    const use = used.get(projectId) ?? { tenantId, projectId, events: 0, bytes: 0 };
    used.set(projectId, use);
    use.events += 1;
    use.bytes += Buffer.byteLength(payload);
  }
  return [...used.values()];
}

async function insertCancelled(tx: IngestTx, cancelled: Addressed[]): Promise<void> {
  await tx.run(
    'insertCancelledDeliveries',
    tx.sql`
      insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type,
        status, reason, attempts, created_at, completed_at)
      select id, tenant_id, project_id, event_id, endpoint_id, event_type,
        'cancelled', 'endpoint_disabled', 0, now(), now()
      from unnest(
        ${cancelled.map(({ to }) => to.id)}::uuid[],
        ${cancelled.map(({ event }) => event.tenantId)}::uuid[],
        ${cancelled.map(({ event }) => event.projectId)}::uuid[],
        ${cancelled.map(({ event }) => event.id)}::uuid[],
        ${cancelled.map(({ to }) => to.endpointId)}::uuid[],
        ${cancelled.map(({ event }) => event.type)}::text[])
        as new (id, tenant_id, project_id, event_id, endpoint_id, event_type)`,
  );
}
