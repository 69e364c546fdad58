/**
 * Writes what attempts came to. A result counts only while the queue row is still there with the
 * attempts that it was sent after: of two leaders that sent the same delivery one is recorded, the
 * other's attempt is kept as superseded. The same batch twice changes nothing the second time.
 */
import { type AttemptRecord, type NextStep, outcomeOf } from '../domain/dispatch/attempt-record.ts';
import type { EndpointId, TenantId } from '../domain/ids.ts';
import { joinedTexts, plainArray, textArray } from './array-literal.ts';
import type { WorkerTx } from './transactions.ts';

export type RecordedBatch = {
  /** Indexes of the records whose guard failed. */
  superseded: Set<number>;
  /** With which `findTransactionState` tells whether the commit went through. */
  transactionId: string;
};

const lastErrorOf = (step: NextStep) => ('lastError' in step ? step.lastError : null);
const nextAttemptOf = (step: NextStep) => (step.kind === 'retry' ? step.nextAttemptAtMs : null);
const reasonOf = (step: NextStep) => (step.kind === 'failed' ? step.reason : null);

/**
 * One statement for the batch: the queue rows are locked and held against the guard in `held`,
 * all else goes by their ctid. Index: delivery_queue_pkey. The shape forces the direction:
 * `delete … using unnest` turns round when the queue was analysed in an empty moment (4 instead
 * of 30 k rows/s). The lock is what makes the guard exact (a TID scan does not re-check it) and
 * costs nothing measurable. Retries find their values by position in arrays: a correlated look-up
 * in `held` took twice as long (28 against 77 ms for 500; PostgreSQL 15, 2 noisy cores, 2026-11).
 * `counted` appends what the rollups will hold (delivery-stats.ts): what is superseded is not in
 * it, and a manual attempt is an attempt and no delivery.
 */
export async function insertAttempts(
  tx: WorkerTx,
  records: readonly AttemptRecord[],
  worker: string,
): Promise<RecordedBatch> {
  const { sql } = tx;
  const rows = await tx.run(
    'insertAttempts',
    sql<{ transaction_id: string; superseded: number[] | null }[]>`
      with input as materialized (
        ${inputRows(sql, records)}
      ), held as materialized (
        select u.n, u.step, u.reason, u.next_attempt_ms, u.last_error, u.status_code, u.ended_ms,
          u.outcome, u.duration_ms, q.*
        from input u cross join lateral (
          select q.ctid as at, q.id, q.tenant_id, q.project_id, q.event_id, q.endpoint_id,
            q.event_type, q.attempts, q.created_at, q.replay_id
          from delivery_queue q
          where q.tenant_id = u.tenant_id and q.id = u.delivery_id and q.attempts = u.attempts
            and u.step <> 'interrupted'
          offset 0 for update) q
      ), gone as (
        delete from delivery_queue t
        where t.ctid = any(array(select at from held where step <> 'retry'))
      ), retries as materialized (
        select array_agg(at) as at, array_agg(next_attempt_ms) as next_attempt_ms,
          array_agg(status_code) as status_code, array_agg(last_error) as last_error
        from held where step = 'retry'
      ), retried as (
        update delivery_queue t
        set (attempts, next_attempt_at, last_status_code, last_error) = (
          select t.attempts + 1, to_timestamp(r.next_attempt_ms[r.i] / 1000), r.status_code[r.i],
            r.last_error[r.i]
          from (select *, array_position(at, t.ctid) as i from retries offset 0) r)
        where t.ctid = any(array(select at from held where step = 'retry'))
      ), ended as (
        insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type, status,
          reason, attempts, created_at, completed_at, last_status_code, last_error, replay_id)
        select id, tenant_id, project_id, event_id, endpoint_id, event_type, step, reason,
          attempts + 1, created_at, greatest(created_at, to_timestamp(ended_ms / 1000)),
          status_code, last_error, replay_id
        from held where step in ('delivered', 'failed')
        on conflict do nothing
      ), tried as (
        insert into delivery_attempts (tenant_id, delivery_id, id, attempt, outcome, started_at,
          duration_ms, dns_ms, connect_ms, tls_ms, first_byte_ms, status_code, error_code,
          error_message, request_headers, response_headers, response_body, remote_address, worker)
        select u.tenant_id, u.delivery_id, u.attempt_id, u.attempts + 1,
          case when held.n is null then 'superseded' else u.outcome end,
          to_timestamp(u.started_ms / 1000), u.duration_ms, u.dns_ms, u.connect_ms, u.tls_ms,
          u.first_byte_ms, u.status_code, u.error_code, u.error_message, u.request_headers::json,
          nullif(u.response_headers, '')::json, u.response_body, u.remote_address, ${worker}
        from input u left join held on held.n = u.n
        on conflict do nothing
      ), counted as (
        ${insertStatsDeltas(sql)}
      )
      select pg_current_xact_id()::text as transaction_id,
        (select array_agg(u.n::integer) from input u left join held on held.n = u.n
         where held.n is null) as superseded`,
  );
  const row = rows[0];
  if (row === undefined) throw new Error('recording answered no row');
  const superseded = new Set((row.superseded ?? []).map((ordinal) => ordinal - 1));
  return { superseded, transactionId: row.transaction_id };
}

/** One row for each endpoint and minute of `held`. */
function insertStatsDeltas(sql: WorkerTx['sql']) {
  return sql`
    insert into delivery_stats_deltas (tenant_id, project_id, endpoint_id, minute, delivered, failed,
      attempts, attempts_failed, answers_ms, latencies_ms)
    select tenant_id, project_id, endpoint_id, to_timestamp(floor(ended_ms / 60000) * 60),
      count(*) filter (where step = 'delivered'), count(*) filter (where step = 'failed'),
      count(*), count(*) filter (where outcome = 'failed'),
      array_agg(duration_ms) filter (where status_code is not null),
      array_agg(least(greatest(ended_ms - extract(epoch from created_at)::float8 * 1000, 0),
        2147483647)::integer) filter (where step = 'delivered')
    from held group by 1, 2, 3, 4`;
}

/** One row for each record; `n` counts from 1. */
function inputRows(sql: WorkerTx['sql'], records: readonly AttemptRecord[]) {
  const plain = (value: (record: AttemptRecord) => string | number | null) =>
    plainArray(records.map(value));
  const text = (value: (record: AttemptRecord) => string | null) => textArray(records.map(value));
  const json = (value: (record: AttemptRecord) => string | null) => joinedTexts(records.map(value));
  return sql`
    select * from unnest(
      ${plain((r) => r.tenantId)}::uuid[], ${plain((r) => r.deliveryId)}::uuid[],
      ${plain((r) => r.attemptsBefore)}::integer[], ${plain((r) => r.step.kind)}::text[],
      ${plain((r) => reasonOf(r.step))}::text[], ${plain((r) => nextAttemptOf(r.step))}::float8[],
      ${text((r) => lastErrorOf(r.step))}::text[], ${plain((r) => r.id)}::uuid[],
      ${plain((r) => outcomeOf(r.step))}::text[], ${plain((r) => r.startedAtMs)}::float8[],
      ${plain((r) => r.endedAtMs)}::float8[], ${plain((r) => r.durationMs)}::integer[],
      ${plain((r) => r.timings.dnsMs)}::real[], ${plain((r) => r.timings.connectMs)}::real[],
      ${plain((r) => r.timings.tlsMs)}::real[], ${plain((r) => r.timings.firstByteMs)}::real[],
      ${plain((r) => r.statusCode)}::smallint[], ${text((r) => r.error?.code ?? null)}::text[],
      ${text((r) => r.error?.message ?? null)}::text[],
      string_to_array(${json((r) => r.requestHeaders)}, chr(31)),
      string_to_array(${json((r) => r.responseHeaders)}, chr(31)),
      ${text((r) => r.responseBody)}::text[], ${text((r) => r.remoteAddress)}::text[])
    with ordinality as u (tenant_id, delivery_id, attempts, step, reason, next_attempt_ms,
      last_error, attempt_id, outcome, started_ms, ended_ms, duration_ms, dns_ms, connect_ms,
      tls_ms, first_byte_ms, status_code, error_code, error_message, request_headers,
      response_headers, response_body, remote_address, n)`;
}

/** A manual attempt on a delivery that had ended: only a success changes its state. */
export async function updateEndedDelivery(tx: WorkerTx, record: AttemptRecord): Promise<void> {
  if (record.step.kind !== 'manual') return;
  const { delivered, lastError } = record.step;
  await tx.run(
    'updateEndedDelivery',
    tx.sql`
      update deliveries d
      set attempts = d.attempts + 1, last_status_code = ${record.statusCode},
        last_error = ${lastError},
        status = case when ${delivered ? 'yes' : 'no'}::text = 'yes' then 'delivered' else status end,
        reason = case when ${delivered ? 'yes' : 'no'}::text = 'yes' then null else reason end,
        completed_at = case when ${delivered ? 'yes' : 'no'}::text = 'yes'
          and status <> 'delivered'
          then greatest(created_at, to_timestamp(${record.endedAtMs}::float8 / 1000))
          else completed_at end
      where d.tenant_id = ${record.tenantId} and d.id = ${record.deliveryId}`,
  );
}

/**
 * Cancels up to `limit` pending deliveries of an endpoint that is disabled or deleted, and answers
 * whether there may be more. By id, as recording locks too. A row that was being recorded is locked
 * in a version that this statement cannot see, and so is left for the next call.
 */
export async function cancelPending(
  tx: WorkerTx,
  endpoint: { tenantId: TenantId; endpointId: EndpointId },
  limit: number,
): Promise<boolean> {
  const rows = await tx.run(
    'cancelPending',
    tx.sql<{ taken: number; left: number }[]>`
      with closed as materialized (
        select case when deleted_at is null then 'endpoint_disabled' else 'endpoint_deleted' end
          as reason
        from endpoints
        where tenant_id = ${endpoint.tenantId} and id = ${endpoint.endpointId}
          and (status = 'disabled' or deleted_at is not null)
      ), held as materialized (
        select q.ctid as at from delivery_queue q
        where q.tenant_id = ${endpoint.tenantId} and q.endpoint_id = ${endpoint.endpointId}
          and exists (select from closed)
        order by q.id limit ${limit} for update
      ), gone as (
        delete from delivery_queue t where t.ctid = any(array(select at from held))
        returning t.*
      ), ended as (
        insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type, status,
          reason, attempts, created_at, completed_at, last_status_code, last_error, replay_id)
        select id, tenant_id, project_id, event_id, endpoint_id, event_type, 'cancelled',
          (select reason from closed), attempts, created_at, greatest(created_at, now()),
          last_status_code, last_error, replay_id
        from gone where not manual
        on conflict do nothing
      )
      select (select count(*)::integer from held) as taken,
        (select count(*)::integer from held) - (select count(*)::integer from gone) as left`,
  );
  const { taken, left } = rows[0] ?? { taken: 0, left: 0 };
  return taken === limit || left > 0;
}

/** Whether a transaction whose commit was not answered went through; null: no longer known. */
export async function findTransactionState(
  tx: WorkerTx,
  transactionId: string,
): Promise<'committed' | 'aborted' | 'in progress' | null> {
  const rows = await tx.run(
    'findTransactionState',
    tx.sql<{ state: 'committed' | 'aborted' | 'in progress' | null }[]>`
      select pg_xact_status(${transactionId}::text::xid8) as state`,
  );
  return rows[0]?.state ?? null;
}
