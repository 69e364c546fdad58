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
 */
export async function insertEvents(tx: IngestTx, events: NewEvent[]): Promise<number> {
  const queued: Addressed[] = [];
  const cancelled: Addressed[] = [];
  for (const event of events) {
    for (const to of event.deliveries) (to.cancelled ? cancelled : queued).push({ event, to });
  }
  if (cancelled.length > 0) await insertCancelled(tx, cancelled);
  const plain = (value: (event: NewEvent) => string | number | null) =>
    plainArray(events.map(value));
  const text = (value: (event: NewEvent) => string | null) => textArray(events.map(value));
  const plainOf = (value: (one: Addressed) => string) => plainArray(queued.map(value));
  const used = countUse(events);
  const count = (value: (use: Use) => string | number) => plainArray(used.map(value));
  const rows = await tx.runLast(
    'insertEvents',
    tx.sql<{ now_ms: number }[]>`
      with events as (
        insert into webhook_events
          (id, tenant_id, project_id, api_key_id, type, payload, ordering_key, metadata, hops)
        select id, tenant_id, project_id, api_key_id, type, payload, ordering_key,
          metadata::json, hops
        from unnest(
          ${plain((event) => event.id)}::uuid[], ${plain((event) => event.tenantId)}::uuid[],
          ${plain((event) => event.projectId)}::uuid[], ${plain((event) => event.apiKeyId)}::uuid[],
          ${text((event) => event.type)}::text[],
          string_to_array(${joinedTexts(events.map((event) => event.payload))}, chr(31)),
          ${text((event) => event.orderingKey)}::text[],
          ${text((event) => (event.metadata ? JSON.stringify(event.metadata) : null))}::text[],
          ${plain((event) => event.hops)}::smallint[])
          as new (id, tenant_id, project_id, api_key_id, type, payload, ordering_key, metadata, hops)
      ), queued as (
        insert into delivery_queue
          (id, tenant_id, project_id, event_id, endpoint_id, event_type, ordering_key, position)
        select id, tenant_id, project_id, event_id, endpoint_id, event_type, ordering_key,
          case when ordered = 'yes' then nextval('delivery_positions') end
        from unnest(
          ${plainOf(({ to }) => to.id)}::uuid[], ${plainOf(({ event }) => event.tenantId)}::uuid[],
          ${plainOf(({ event }) => event.projectId)}::uuid[],
          ${plainOf(({ event }) => event.id)}::uuid[],
          ${plainOf(({ to }) => to.endpointId)}::uuid[],
          ${textArray(queued.map(({ event }) => event.type))}::text[],
          ${textArray(queued.map(({ event }) => event.orderingKey))}::text[],
          ${plainOf(({ to }) => (to.ordered ? 'yes' : 'no'))}::text[])
          as new (id, tenant_id, project_id, event_id, endpoint_id, event_type, ordering_key, ordered)
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
