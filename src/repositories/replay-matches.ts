/**
 * What a replay looks for, page by page in the order of ids. A page looks through the next `budget`
 * rows of an index, whatever the condition, and says where it stopped; the next goes on behind that
 * row. An event goes to an endpoint once in a replay: of several deliveries that match, made by
 * earlier replays, only the first counts.
 */
import type { Sql } from 'postgres';
import type { DeliveryId, EndpointId, EventId, ProjectId, ReplayId } from '../domain/ids.ts';
import type { ReplayMatch } from '../domain/replays.ts';
import { deliveryIdsOf, type TypeFilter, typeMatches } from './delivery-lists.ts';
import type { Fragment } from './scan.ts';
import type { TenantTx } from './transactions.ts';

export type ReplaySearch = {
  replayId: ReplayId;
  projectId: ProjectId;
  /** The one that the replay is for, else null… */
  endpointId: EndpointId | null;
  /** …and all that may be sent to, which are the only ones that count. */
  endpointIds: readonly EndpointId[];
  type: TypeFilter | null;
  /** The range of the whole replay, and how far it has come. Exclusive at both ends. */
  fromId: string;
  afterId: string;
  beforeId: string;
};

export type EndedSearch = ReplaySearch & {
  /** Null: however they ended. */
  status: Exclude<ReplayMatch, 'missing'> | null;
};

export type EndedMatch = {
  id: DeliveryId;
  eventId: EventId;
  endpointId: EndpointId;
  eventType: string;
};

/** `stoppedAt` null: nothing is left in the range. */
export type MatchPage<Match> = { matches: Match[]; stoppedAt: string | null };

/**
 * The next rows of an index in the order of ids: the primary key, deliveries_endpoint_idx, or, for
 * the rare ends, deliveries_not_delivered_idx whatever the endpoint, as in delivery-lists.ts.
 */
function scanned(tx: TenantTx, search: EndedSearch, columns: Fragment): Fragment {
  const { sql } = tx;
  const { endpointId, status } = search;
  const rare = status === 'failed' || status === 'cancelled';
  return sql`
    select ${columns} from deliveries
    where tenant_id = ${tx.tenantId} ${rare ? sql`and status <> 'delivered'` : sql``}
      ${rare || endpointId === null ? sql`` : sql`and endpoint_id = ${endpointId}`}
      and id > ${search.afterId} and id < ${search.beforeId}
    order by id`;
}

/**
 * Of the rows `d`, with an event that is still there. `offset 0` keeps each look-up one of a row:
 * the planner could else read all events to look for some.
 */
function matching(tx: TenantTx, search: EndedSearch): Fragment {
  const { sql } = tx;
  const { status, type } = search;
  return sql`d.project_id = ${search.projectId}
    and d.endpoint_id = any (${[...search.endpointIds]}::uuid[])
    ${status === null ? sql`` : sql`and d.status = ${status}`}
    ${type === null ? sql`` : sql`and ${typeMatches(sql, sql`d.event_type`, type)}`}
    and exists (
      select from webhook_events e where e.tenant_id = d.tenant_id and e.id = d.event_id offset 0)
    and (d.replay_id is null or (d.replay_id <> ${search.replayId}
      and not exists (${earlierMatch(tx, search)})))`;
}

/** Another delivery of the event to the endpoint that the replay has come across before `d`. */
function earlierMatch(tx: TenantTx, { status, fromId }: EndedSearch): Fragment {
  const { sql } = tx;
  return sql`
    select from replay_deliveries r
    cross join lateral (values (r.id), (r.source_id)) other (id)
    join deliveries o on o.tenant_id = r.tenant_id and o.id = other.id
    where r.tenant_id = d.tenant_id and r.event_id = d.event_id and r.endpoint_id = d.endpoint_id
      and o.id < d.id and o.id > ${fromId}
      ${status === null ? sql`` : sql`and o.status = ${status}`}
    offset 0`;
}

/** The row at which a page of `budget` rows stops, as `stop.id`: null when there are fewer. */
function stopAt(sql: Sql, ids: Fragment, budget: number): Fragment {
  return sql`(select (${ids} offset ${sql.unsafe(String(budget))} - 1 limit 1) as id) stop`;
}

export async function countEndedMatches(
  tx: TenantTx,
  search: EndedSearch,
  budget: number,
): Promise<{ count: number; stoppedAt: string | null }> {
  const { sql } = tx;
  // In the text, so that prepared statements are planned for it.
  const rows = sql.unsafe(String(budget));
  const [row] = await tx.run(
    'countEndedMatches',
    sql<{ stop: string | null; count: number }[]>`
      select stop.id as stop, (
        select count(*)::int from (${scanned(tx, search, sql`*`)} limit ${rows}) d
        where ${matching(tx, search)}) as count
      from ${stopAt(sql, scanned(tx, search, sql`id`), budget)}`,
  );
  return { count: row?.count ?? 0, stoppedAt: row?.stop ?? null };
}

/** At most `limit`, oldest first. */
export async function listEndedMatches(
  tx: TenantTx,
  search: EndedSearch,
  page: { budget: number; limit: number },
): Promise<MatchPage<EndedMatch>> {
  const { sql } = tx;
  const rows = sql.unsafe(String(page.budget));
  const found = await tx.run(
    'listEndedMatches',
    sql<({ stop: string | null } & (EndedMatch | { id: null }))[]>`
      select stop.id as stop, found.*
      from ${stopAt(sql, scanned(tx, search, sql`id`), page.budget)}
      left join lateral (
        select d.id, d.event_id as "eventId", d.endpoint_id as "endpointId",
          d.event_type as "eventType"
        from (${scanned(tx, search, sql`*`)} limit ${rows}) d
        where ${matching(tx, search)} order by d.id limit ${page.limit}
      ) found on true
      order by found.id`,
  );
  const matches = found.filter(
    (row): row is (typeof found)[number] & EndedMatch => row.id !== null,
  );
  const last = matches.length < page.limit ? undefined : matches.at(-1);
  return { matches, stoppedAt: last?.id ?? found[0]?.stop ?? null };
}

export type ReplayEvent = {
  id: EventId;
  type: string;
  /** The JSON text; null when it was not asked for. */
  payload: string | null;
  metadata: Record<string, string> | null;
};

/** Events of the range, oldest first, but for those of the type `exceptType`. */
export async function listReplayEvents(
  tx: TenantTx,
  search: ReplaySearch,
  page: { budget: number; exceptType: string; withContent: boolean },
): Promise<MatchPage<ReplayEvent>> {
  const { sql } = tx;
  const { type } = search;
  const rows = sql.unsafe(String(page.budget));
  const ids = sql`
    from webhook_events
    where tenant_id = ${tx.tenantId} and id > ${search.afterId} and id < ${search.beforeId}
    order by id`;
  const content = page.withContent
    ? sql`e.payload, e.metadata`
    : sql`null::text as payload, null::json as metadata`;
  const found = await tx.run(
    'listReplayEvents',
    sql<({ stop: string | null } & (ReplayEvent | { id: null }))[]>`
      select stop.id as stop, found.*
      from ${stopAt(sql, sql`select id ${ids}`, page.budget)}
      left join lateral (
        select e.id, e.type, ${content}
        from (select id, type, project_id, payload, metadata ${ids} limit ${rows}) e
        where e.project_id = ${search.projectId} and e.type <> ${page.exceptType}
          ${type === null ? sql`` : sql`and ${typeMatches(sql, sql`e.type`, type)}`}
      ) found on true
      order by found.id`,
  );
  const matches = found.filter(
    (row): row is (typeof found)[number] & ReplayEvent => row.id !== null,
  );
  return { matches, stoppedAt: found[0]?.stop ?? null };
}

/** Which endpoints each event has or had a delivery to, in whatever state. By primary keys. */
export async function listDeliveredEndpoints(
  tx: TenantTx,
  eventIds: readonly EventId[],
): Promise<Map<EventId, Set<EndpointId>>> {
  const known = new Map<EventId, Set<EndpointId>>();
  const bounds = eventIds.map(deliveryIdsOf);
  const rows = await tx.run(
    'listDeliveredEndpoints',
    tx.sql<{ event_id: EventId; endpoint_id: EndpointId }[]>`
      select e.event_id, found.endpoint_id
      from unnest(${[...eventIds]}::uuid[], ${bounds.map(([low]) => low)}::uuid[],
        ${bounds.map(([, high]) => high)}::uuid[]) as e (event_id, low, high)
      cross join lateral (
        select q.endpoint_id from delivery_queue q
        where q.tenant_id = ${tx.tenantId} and q.id >= e.low and q.id < e.high
          and q.event_id = e.event_id
        union
        select d.endpoint_id from deliveries d
        where d.tenant_id = ${tx.tenantId} and d.id >= e.low and d.id < e.high
          and d.event_id = e.event_id
        union
        select r.endpoint_id from replay_deliveries r
        where r.tenant_id = ${tx.tenantId} and r.event_id = e.event_id
      ) found`,
  );
  for (const { event_id, endpoint_id } of rows) {
    const endpoints = known.get(event_id) ?? new Set();
    known.set(event_id, endpoints.add(endpoint_id));
  }
  return known;
}
