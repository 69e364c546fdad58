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
import type { IngestTx } from './transactions.ts';

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
 * One statement for the whole batch, whatever its size; answers the time of acceptance (ms).
 * Measured beside one statement an event: an order of magnitude apart (docs/benchmarks.md).
 */
export async function insertEvents(tx: IngestTx, events: NewEvent[]): Promise<number> {
  const queued = events.flatMap((event) =>
    event.deliveries.filter((delivery) => !delivery.cancelled).map((to) => ({ event, to })),
  );
  const cancelled = events.flatMap((event) =>
    event.deliveries.filter((delivery) => delivery.cancelled).map((to) => ({ event, to })),
  );
  const inserted = tx.run(
    'insertEvents',
    tx.sql<{ now_ms: number }[]>`
      with events as (
        insert into webhook_events
          (id, tenant_id, project_id, api_key_id, type, payload, ordering_key, metadata, hops)
        select id, tenant_id, project_id, api_key_id, type, payload, ordering_key,
          metadata::json, hops
        from unnest(
          ${events.map((event) => event.id)}::uuid[],
          ${events.map((event) => event.tenantId)}::uuid[],
          ${events.map((event) => event.projectId)}::uuid[],
          ${events.map((event) => event.apiKeyId)}::uuid[],
          ${events.map((event) => event.type)}::text[],
          ${events.map((event) => event.payload)}::text[],
          ${events.map((event) => event.orderingKey)}::text[],
          ${events.map((event) => (event.metadata ? JSON.stringify(event.metadata) : null))}::text[],
          ${events.map((event) => event.hops)}::smallint[])
          as new (id, tenant_id, project_id, api_key_id, type, payload, ordering_key, metadata, hops)
      ), queued as (
        insert into delivery_queue
          (id, tenant_id, project_id, event_id, endpoint_id, event_type, ordering_key, position)
        select id, tenant_id, project_id, event_id, endpoint_id, event_type, ordering_key,
          case when ordered = 'yes' then nextval('delivery_positions') end
        from unnest(
          ${queued.map(({ to }) => to.id)}::uuid[],
          ${queued.map(({ event }) => event.tenantId)}::uuid[],
          ${queued.map(({ event }) => event.projectId)}::uuid[],
          ${queued.map(({ event }) => event.id)}::uuid[],
          ${queued.map(({ to }) => to.endpointId)}::uuid[],
          ${queued.map(({ event }) => event.type)}::text[],
          ${queued.map(({ event }) => event.orderingKey)}::text[],
          ${queued.map(({ to }) => (to.ordered ? 'yes' : 'no'))}::text[])
          as new (id, tenant_id, project_id, event_id, endpoint_id, event_type, ordering_key, ordered)
      )
      select (extract(epoch from now()) * 1000)::float8 as now_ms`,
  );
  const recorded = cancelled.length === 0 ? null : insertCancelled(tx, cancelled);
  const [rows] = await Promise.all([inserted, recorded]);
  return rows[0]?.now_ms ?? 0;
}

async function insertCancelled(
  tx: IngestTx,
  cancelled: { event: NewEvent; to: NewDelivery }[],
): Promise<void> {
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
