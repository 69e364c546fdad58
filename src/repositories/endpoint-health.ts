/**
 * The turns of endpoints that the engine sees: failing, recovered, disabled, paused. Each statement
 * is guarded by the row, so that a turn that two leaders see, or one sees twice, is taken once;
 * null says that it was not taken. Also who is to be told of it.
 */
import type { PauseReason } from '../domain/dispatch/endpoint-health.ts';
import type { DeliveryId, EndpointId, EventId, ProjectId, TenantId } from '../domain/ids.ts';
import type { ListeningEndpoint } from './directory.ts';
import type { TenantTx, WorkerTx } from './transactions.ts';

type Endpoint = { tenantId: TenantId; endpointId: EndpointId };

export type TurnedEndpoint = { projectId: ProjectId; url: string; sinceMs: number };

/** Failed attempts of an endpoint that people have paused meanwhile say as much. */
export async function updateEndpointFailing(
  tx: WorkerTx,
  endpoint: Endpoint,
  sinceMs: number,
): Promise<TurnedEndpoint | null> {
  const rows = await tx.run(
    'updateEndpointFailing',
    tx.sql<TurnedEndpoint[]>`
      update endpoints set failing_since = least(now(), to_timestamp(${sinceMs}::float8 / 1000))
      where tenant_id = ${endpoint.tenantId} and id = ${endpoint.endpointId}
        and failing_since is null and status <> 'disabled' and deleted_at is null
      returning project_id as "projectId", url,
        (extract(epoch from failing_since) * 1000)::float8 as "sinceMs"`,
  );
  return rows[0] ?? null;
}

export async function updateEndpointRecovered(
  tx: WorkerTx,
  endpoint: Endpoint,
): Promise<TurnedEndpoint | null> {
  const rows = await tx.run(
    'updateEndpointRecovered',
    tx.sql<TurnedEndpoint[]>`
      update endpoints set failing_since = null
      where tenant_id = ${endpoint.tenantId} and id = ${endpoint.endpointId}
        and failing_since is not null and status <> 'disabled' and deleted_at is null
      returning project_id as "projectId", url,
        (extract(epoch from now()) * 1000)::float8 as "sinceMs"`,
  );
  return rows[0] ?? null;
}

/** @param failingDaysMin only when it fails for so many days, by the database's clock; 0: anyway */
export async function updateEndpointDisabled(
  tx: WorkerTx,
  endpoint: Endpoint,
  reason: string,
  failingDaysMin: number,
): Promise<TurnedEndpoint | null> {
  const rows = await tx.run(
    'updateEndpointDisabled',
    tx.sql<TurnedEndpoint[]>`
      update endpoints set status = 'disabled', status_reason = ${reason}, updated_at = now(),
        paused_until = null, pause_reason = null
      where tenant_id = ${endpoint.tenantId} and id = ${endpoint.endpointId}
        and status <> 'disabled' and deleted_at is null
        and (${failingDaysMin}::integer = 0
          or failing_since <= now() - make_interval(days => ${failingDaysMin}::integer))
      returning project_id as "projectId", url,
        (extract(epoch from now()) * 1000)::float8 as "sinceMs"`,
  );
  return rows[0] ?? null;
}

/** What people decided since then weighs more. */
export async function updateEndpointPause(
  tx: WorkerTx,
  endpoint: Endpoint,
  pause: { untilMs: number; reason: PauseReason; decidedAtMs: number },
): Promise<void> {
  await tx.run(
    'updateEndpointPause',
    tx.sql`
      update endpoints
      set paused_until = to_timestamp(${pause.untilMs}::float8 / 1000),
        pause_reason = ${pause.reason}
      where tenant_id = ${endpoint.tenantId} and id = ${endpoint.endpointId}
        and status = 'active' and deleted_at is null
        and (paused_until is null or paused_until < to_timestamp(${pause.untilMs}::float8 / 1000))
        and (resumed_at is null or resumed_at < to_timestamp(${pause.decidedAtMs}::float8 / 1000))`,
  );
}

type OwnListener = Pick<
  ListeningEndpoint,
  'id' | 'projectId' | 'eventTypes' | 'ordered' | 'status'
>;

/**
 * The endpoints of a project, null: of all of the tenant's, for who listens to what. Index:
 * endpoints_pkey, by tenant.
 */
export async function listOwnListeners(
  tx: TenantTx | WorkerTx,
  { tenantId, projectId }: { tenantId: TenantId; projectId: ProjectId | null },
): Promise<OwnListener[]> {
  return tx.run(
    'listOwnListeners',
    tx.sql<OwnListener[]>`
      select id, project_id as "projectId", event_types as "eventTypes", ordered, status
      from endpoints
      where tenant_id = ${tenantId} and deleted_at is null
        and (${projectId}::uuid is null or project_id = ${projectId})`,
  );
}

type EndpointEventRow = {
  id: EventId;
  tenantId: TenantId;
  projectId: ProjectId;
  type: string;
  payload: string;
  orderingKey: string;
  deliveries: { id: DeliveryId; endpointId: EndpointId; ordered: boolean; cancelled: boolean }[];
};

/**
 * One event with its deliveries, in a transaction that goes on: the accept batch's own statement
 * (accepted-events.ts) is the last of its transaction.
 */
export async function insertEndpointEvent(
  tx: TenantTx | WorkerTx,
  event: EndpointEventRow,
): Promise<void> {
  const { deliveries } = event;
  await tx.run(
    'insertEndpointEvent',
    tx.sql`
      with event as (
        insert into webhook_events (id, tenant_id, project_id, type, payload, ordering_key)
        values (${event.id}, ${event.tenantId}, ${event.projectId}, ${event.type},
          ${event.payload}, ${event.orderingKey})
      ), target as (
        select * from unnest(${deliveries.map((one) => one.id)}::uuid[],
          ${deliveries.map((one) => one.endpointId)}::uuid[],
          ${deliveries.map((one) => (one.ordered ? 'yes' : 'no'))}::text[],
          ${deliveries.map((one) => (one.cancelled ? 'yes' : 'no'))}::text[])
          as new (id, endpoint_id, ordered, cancelled)
      ), queued as (
        insert into delivery_queue
          (id, tenant_id, project_id, event_id, endpoint_id, event_type, ordering_key, position)
        select id, ${event.tenantId}::uuid, ${event.projectId}::uuid, ${event.id}::uuid, endpoint_id,
          ${event.type}::text, ${event.orderingKey}::text,
          case when ordered = 'yes' then nextval('delivery_positions') end
        from target where cancelled = 'no'
      )
      insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type, status,
        reason, attempts, created_at, completed_at)
      select id, ${event.tenantId}::uuid, ${event.projectId}::uuid, ${event.id}::uuid, endpoint_id,
        ${event.type}::text, 'cancelled', 'endpoint_disabled', 0, now(), now()
      from target where cancelled = 'yes'`,
  );
}
