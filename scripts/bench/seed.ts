/**
 * Fills the database by itself, in statements over sets: a million rows of history or of backlog
 * take seconds, not the minutes of posting them. As the administrator, whom no policy holds; ids
 * are UUIDv7 of the time given, made from the row's number, so no statement looks another's up.
 */
import { type Connection, connect } from '../../src/repositories/connection.ts';

export type Seed = {
  /** `count` events of one millisecond or more each, spread evenly from one time to the other. */
  events(of: SeededEvents): Promise<void>;
  /** Pending deliveries, one of each event for each endpoint. */
  pending(of: SeededEvents, endpointIds: string[], state: PendingState): Promise<void>;
  /** With one attempt each, the endpoints in turns; all delivered unless one in so many failed. */
  ended(of: SeededEvents, endpointIds: string[], options?: { failedOneIn: number }): Promise<void>;
  /** The minutes and hours of what has ended, as folding makes them. */
  rollUp(of: Pick<SeededEvents, 'tenantId'>): Promise<void>;
  /** As autovacuum and the checkpointer would have left them after a while. */
  settle(): Promise<void>;
  stop(): Promise<void>;
};

export type SeededEvents = {
  tenantId: string;
  projectId: string;
  count: number;
  fromMs: number;
  toMs: number;
  type: string;
  payload: string;
};

export type PendingState = { attempts: number; dueAtMs: number };

/** Bounds what one statement holds, and how late an interruption is noticed. */
const eventsPerStatement = 100_000;

const answerHeaders = JSON.stringify({ 'content-length': '0', date: 'Mon, 01 Jan 2026 00:00:00' });
const requestHeaders = JSON.stringify({
  'content-type': 'application/json',
  'user-agent': 'opsforge/0.0.0',
  'webhook-id': Bun.randomUUIDv7(),
  'webhook-timestamp': '1767225600',
  'webhook-signature': `v1,${'A'.repeat(43)}=`,
  'opsforge-delivery-id': Bun.randomUUIDv7(),
  'opsforge-attempt': '1',
  'opsforge-hops': '1',
});

export async function openSeed(url: string): Promise<Seed> {
  const { sql, close }: Connection = await connect({ url, applicationName: 'opsforge bench' });
  // Nothing of it must outlive a crash.
  await sql`set synchronous_commit = off`;

  /** The CTE that numbers events: n, the id's first half, and when. */
  const numbered = ({ count, fromMs, toMs }: SeededEvents, first: number) => sql`
    numbered as (
      select n, lpad(to_hex(ms), 12, '0') || '70008000' as start, to_timestamp(ms / 1000.0) as at
      from (select n, (${fromMs}::float8 + (n - 1) * ${(toMs - fromMs) / count}::float8)::bigint as ms
        from generate_series(${first}::bigint,
          ${Math.min(count, first + eventsPerStatement - 1)}::bigint) n) spread)`;
  /** The rest of an id: kind 0 events, 1 ended, 2 attempts, 3 and more each lot of pending ones. */
  const idOf = (kind: number, number: ReturnType<typeof sql>) =>
    sql`(start || lpad(to_hex((${kind}::bigint << 44) + ${number}), 12, '0'))::uuid`;
  const eventId = idOf(0, sql`n`);
  let lastKind = 2;

  async function inParts(count: number, insert: (first: number) => PromiseLike<unknown>) {
    for (let first = 1; first <= count; first += eventsPerStatement) await insert(first);
  }

  return {
    events: (of) =>
      inParts(
        of.count,
        (first) => sql`
          with ${numbered(of, first)}
          insert into webhook_events (id, tenant_id, project_id, type, payload, hops, received_at)
          select ${eventId}, ${of.tenantId}, ${of.projectId}, ${of.type}, ${of.payload}, 0, at
          from numbered`,
      ),
    pending(of, endpointIds, { attempts, dueAtMs }) {
      lastKind += 1;
      const id = idOf(lastKind, sql`n * ${endpointIds.length}::bigint + nth`);
      return inParts(
        of.count,
        (first) => sql`
          with ${numbered(of, first)}
          insert into delivery_queue (id, tenant_id, project_id, event_id, endpoint_id, event_type,
            attempts, next_attempt_at, created_at)
          select ${id}, ${of.tenantId}, ${of.projectId}, ${eventId}, endpoint_id, ${of.type},
            ${attempts}::smallint, to_timestamp(${dueAtMs / 1_000}::float8), at
          from numbered cross join unnest(${endpointIds}::uuid[])
            with ordinality as each (endpoint_id, nth)`,
      );
    },
    ended(of, endpointIds, { failedOneIn } = { failedOneIn: of.count + 1 }) {
      const failed = sql`n % ${failedOneIn}::bigint = 0`;
      return inParts(
        of.count,
        (first) => sql`
          with ${numbered(of, first)}, ended as (
            insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type,
              status, attempts, created_at, completed_at, last_status_code)
            select ${idOf(1, sql`n`)}, ${of.tenantId}, ${of.projectId}, ${eventId},
              (${endpointIds}::uuid[])[1 + n % ${endpointIds.length}::bigint], ${of.type},
              case when ${failed} then 'failed' else 'delivered' end, 1, at,
              at + interval '5 ms', case when ${failed} then 500 else 200 end
            from numbered
          )
          insert into delivery_attempts (tenant_id, delivery_id, id, attempt, outcome, started_at,
            duration_ms, dns_ms, first_byte_ms, status_code, request_headers, response_headers,
            response_body, remote_address, worker)
          select ${of.tenantId}, ${idOf(1, sql`n`)}, ${idOf(2, sql`n`)}, 1,
            case when ${failed} then 'failed' else 'delivered' end, at, 3, 0, 2.5,
            case when ${failed} then 500 else 200 end, ${requestHeaders}::text::json,
            ${answerHeaders}::text::json, '', '127.0.0.1',
            'seed'
          from numbered`,
      );
    },
    async rollUp({ tenantId }) {
      for (const [table, unit] of [
        [sql`delivery_stats_minute`, 'minute'],
        [sql`delivery_stats_hour`, 'hour'],
      ] as const) {
        await sql`
          insert into ${table} (tenant_id, project_id, endpoint_id, bucket, delivered, failed,
            attempts, attempts_failed, answer_counts, latency_counts)
          select tenant_id, project_id, coalesce(endpoint_id, project_id),
            date_trunc(${unit}, completed_at),
            count(*) filter (where status = 'delivered'), count(*) filter (where status = 'failed'),
            count(*), count(*) filter (where status = 'failed'),
            array[0, 0, 0, count(*)], array[0, 0, 0, count(*)]
          from deliveries where tenant_id = ${tenantId}
          group by grouping sets ((1, 2, endpoint_id, 4), (1, 2, 4))`;
      }
    },
    async settle() {
      await sql`vacuum (analyze) webhook_events, deliveries, delivery_attempts, delivery_queue,
        delivery_stats_minute, delivery_stats_hour`;
      await sql`checkpoint`;
    },
    stop: close,
  };
}
