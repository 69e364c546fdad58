/**
 * The probe's two statements: the rows of src/repositories/accepted-events.ts and of
 * delivery-records.ts for the case that all goes well, each with its transaction in one round trip.
 */
import { joinedTexts, plainArray, textArray } from '../../../src/repositories/array-literal.ts';
import type { Connection } from '../../../src/repositories/connection.ts';

export type ProbeEvent = {
  id: string;
  deliveryId: string | null;
  tenantId: string;
  projectId: string;
  endpointId: string | null;
  type: string;
  payload: string;
};

export type ProbeRecord = {
  id: string;
  event: ProbeEvent;
  startedAtMs: number;
  endedAtMs: number;
  durationMs: number;
  firstByteMs: number;
  statusCode: number;
  requestHeaders: string;
  responseHeaders: string;
  responseBody: string;
};

/** Stands for the key that posted them. */
const apiKeyId = Bun.randomUUIDv7();

export async function insertAll(
  { sql }: Connection,
  tenantId: string,
  events: readonly ProbeEvent[],
): Promise<void> {
  const column = (value: (event: ProbeEvent) => string | null) => plainArray(events.map(value));
  const type = textArray(events.map((event) => event.type));
  // JSON holds no control character as it is: no payload needs an escape.
  const payloads = joinedTexts(events.map((event) => event.payload));
  const queued = events.some((event) => event.deliveryId !== null) ? 'yes' : 'no';
  await Promise.all([
    sql`begin`.execute(),
    sql`select set_config('role', 'opsforge_ingest', true),
      set_config('app.tenant_ids', ${`{${tenantId}}`}, true)`.execute(),
    sql`
      with new as materialized (
        select * from unnest(${column((e) => e.id)}::uuid[], ${column((e) => e.deliveryId)}::uuid[],
          ${column((e) => e.tenantId)}::uuid[], ${column((e) => e.projectId)}::uuid[],
          ${column((e) => e.endpointId)}::uuid[], ${type}::text[],
          string_to_array(${payloads}, chr(31)))
          as new (id, delivery_id, tenant_id, project_id, endpoint_id, type, payload)
      ), events as (
        insert into webhook_events (id, tenant_id, project_id, api_key_id, type, payload, hops)
        select id, tenant_id, project_id, ${apiKeyId}, type, payload, 0 from new
      ), queued as (
        insert into delivery_queue (id, tenant_id, project_id, event_id, endpoint_id, event_type)
        select delivery_id, tenant_id, project_id, id, endpoint_id, type from new
        where ${queued} = 'yes'
      )
      select 1`.execute(),
    sql`commit`.execute(),
  ]);
}

export async function recordAll(
  { sql }: Connection,
  records: readonly ProbeRecord[],
): Promise<void> {
  const column = (value: (record: ProbeRecord) => string | number | null) =>
    plainArray(records.map(value));
  await Promise.all([
    sql`begin`.execute(),
    sql`select set_config('role', 'opsforge_worker', true)`.execute(),
    sql`
      with input as materialized (
        select * from unnest(${column((r) => r.event.tenantId)}::uuid[],
          ${column((r) => r.event.deliveryId)}::uuid[], ${column((r) => r.id)}::uuid[],
          ${column((r) => r.startedAtMs)}::float8[], ${column((r) => r.endedAtMs)}::float8[],
          ${column((r) => r.durationMs)}::integer[], ${column((r) => r.firstByteMs)}::real[],
          ${column((r) => r.statusCode)}::smallint[],
          string_to_array(${joinedTexts(records.map((r) => r.requestHeaders))}, chr(31)),
          string_to_array(${joinedTexts(records.map((r) => r.responseHeaders))}, chr(31)),
          ${textArray(records.map((r) => r.responseBody))}::text[])
          as u (tenant_id, delivery_id, id, started_ms, ended_ms, duration_ms, first_byte_ms,
            status_code, request_headers, response_headers, response_body)
      ), held as materialized (
        select u.ended_ms, u.status_code, q.* from input u cross join lateral (
          select q.ctid as at, q.* from delivery_queue q
          where q.tenant_id = u.tenant_id and q.id = u.delivery_id and q.attempts = 0
          offset 0) q
      ), gone as (
        delete from delivery_queue t where t.ctid = any(array(select at from held))
      ), ended as (
        insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type, status,
          attempts, created_at, completed_at, last_status_code)
        select id, tenant_id, project_id, event_id, endpoint_id, event_type, 'delivered', 1,
          created_at, greatest(created_at, to_timestamp(ended_ms / 1000)), status_code from held
      ), tried as (
        insert into delivery_attempts (tenant_id, delivery_id, id, attempt, outcome, started_at,
          duration_ms, dns_ms, first_byte_ms, status_code, request_headers, response_headers,
          response_body, remote_address, worker)
        select tenant_id, delivery_id, id, 1, 'delivered', to_timestamp(started_ms / 1000),
          duration_ms, 0, first_byte_ms, status_code, request_headers::json,
          response_headers::json, response_body, '127.0.0.1', 'probe'
        from input
      )
      select 1`.execute(),
    sql`commit`.execute(),
  ]);
}
