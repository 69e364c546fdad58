/**
 * A project's endpoints as a page lists them: the worst first, with what waits and when they were
 * last delivered to; and the figures of those that are shown, each in one statement for all.
 */
import { type EndpointState, endpointStates } from '../domain/endpoint-states.ts';
import type { EndpointId, ProjectId } from '../domain/ids.ts';
import type { TenantTx } from './transactions.ts';

export type EndpointSearch = {
  projectId: ProjectId;
  /** Looked for in name, URL and event types, in any case; null: all. */
  text: string | null;
};

export type EndpointListRow = {
  id: EndpointId;
  url: string;
  description: string;
  eventTypes: string[];
  state: EndpointState;
  statusReason: string | null;
  /** Times in ms. */
  pausedUntilMs: number | null;
  failingSinceMs: number | null;
  pending: number;
  /** When a delivery was last tried, to the minute; past 48 hours to the hour. */
  lastAtMs: number | null;
};

/** What lists need, with `state` as endpointStateOf (domain/endpoint-states.ts) has it. */
function found({ sql, tenantId }: TenantTx, { projectId, text }: EndpointSearch) {
  const matches = sql`position(lower(${text}::text) in
    lower(description || ' ' || url || ' ' || array_to_string(event_types, ' '))) > 0`;
  return sql`
    select id, url, description, event_types, status, status_reason, paused_until, pause_reason,
      failing_since, case
        when status <> 'active' then status
        when paused_until > now() and pause_reason = 'circuit_breaker' then 'open'
        when paused_until > now() then 'paused'
        when failing_since is not null then 'failing'
        else 'healthy' end as state
    from endpoints
    where tenant_id = ${tenantId} and project_id = ${projectId} and deleted_at is null
      ${text === null ? sql`` : sql`and ${matches}`}`;
}

/** States that no endpoint is in are left out. By the key of endpoints: 10,000 take 12 ms. */
export function countEndpointStates(
  tx: TenantTx,
  search: EndpointSearch,
): Promise<{ state: EndpointState; count: number }[]> {
  return tx.run(
    'countEndpointStates',
    tx.sql<{ state: EndpointState; count: number }[]>`
      select state, count(*)::integer as count from (${found(tx, search)}) found group by state`,
  );
}

/** Worst first, of those the longest; then newest first. Up to `pendingMax` are counted each. */
export function listEndpointsByState(
  tx: TenantTx,
  search: EndpointSearch & {
    state: EndpointState | null;
    pendingMax: number;
    offset: number;
    limit: number;
  },
): Promise<EndpointListRow[]> {
  const { sql, tenantId } = tx;
  const { state, pendingMax, offset, limit } = search;
  return tx.run(
    'listEndpointsByState',
    sql<EndpointListRow[]>`
      with shown as materialized (
        select *, array_position(${[...endpointStates]}::text[], state) as rank
        from (${found(tx, search)}) found
        where ${state}::text is null or state = ${state}
        order by rank, failing_since, id desc
        offset ${offset} limit ${limit}
      )
      select id, url, description, event_types as "eventTypes", state,
        case when status = 'active' and paused_until > now() then pause_reason
          else status_reason end as "statusReason",
        case when status = 'active' and paused_until > now()
          then (extract(epoch from paused_until) * 1000)::float8 end as "pausedUntilMs",
        (extract(epoch from failing_since) * 1000)::float8 as "failingSinceMs",
        (select count(*)::integer from (
          select from delivery_queue q
          where q.tenant_id = ${tenantId} and q.endpoint_id = shown.id and not q.manual
          limit ${pendingMax}) waiting) as pending,
        (extract(epoch from coalesce(
          (select max(bucket) from delivery_stats_minute m
            where m.tenant_id = ${tenantId} and m.endpoint_id = shown.id),
          (select max(bucket) from delivery_stats_hour h
            where h.tenant_id = ${tenantId} and h.endpoint_id = shown.id))) * 1000)::float8
          as "lastAtMs"
      from shown order by rank, failing_since, id desc`,
  );
}

export type EndpointHourRow = {
  endpointId: EndpointId;
  atMs: number;
  attempts: number;
  attemptsFailed: number;
  /** How long answers took, by latencyBoundsMs. */
  answerCounts: number[];
};

/** Hours without attempts are left out. By the key of the hours. */
export function listEndpointHours(
  tx: TenantTx,
  endpointIds: readonly EndpointId[],
  range: { since: Date; until: Date },
): Promise<EndpointHourRow[]> {
  return tx.run(
    'listEndpointHours',
    // As texts: drizzle has taken the client's way of writing a Date away.
    tx.sql<EndpointHourRow[]>`
      select endpoint_id as "endpointId", (extract(epoch from bucket) * 1000)::float8 as "atMs",
        attempts, attempts_failed as "attemptsFailed", answer_counts as "answerCounts"
      from delivery_stats_hour
      where tenant_id = ${tx.tenantId} and endpoint_id = any (${[...endpointIds]}::uuid[])
        and bucket >= ${range.since.toISOString()}::timestamptz
        and bucket < ${range.until.toISOString()}::timestamptz`,
  );
}
