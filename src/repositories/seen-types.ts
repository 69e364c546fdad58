/** Which event types came lately. Nothing counts events by type, so the newest rows are read. */
import type { EventId, ProjectId } from '../domain/ids.ts';
import type { TenantTx } from './transactions.ts';

export type SeenTypeRow = { type: string; count: number };
export type SeenTypes = {
  /** Most frequent first. */
  rows: SeenTypeRow[];
  /** Of all types, also of those past `limit`. */
  total: number;
  /** Ms since the epoch: when the oldest of them came; null without one. */
  sinceMs: number | null;
};

/**
 * The types of the project's among the tenant's newest `scanMax` events. By the primary key, so
 * that the budget bounds what is read, however many events there are.
 */
export async function listSeenTypes(
  tx: TenantTx,
  search: { projectId: ProjectId; scanMax: number; limit: number },
): Promise<SeenTypes> {
  const scanMax = tx.sql.unsafe(String(search.scanMax));
  const rows = await tx.run(
    'listSeenTypes',
    tx.sql<(SeenTypeRow & { total: number; sinceMs: number })[]>`
      with newest as materialized (
        select project_id, type, (extract(epoch from received_at) * 1000)::float8 as at_ms
        from webhook_events
        where tenant_id = ${tx.tenantId} order by id desc limit ${scanMax}
      )
      select type, count(*)::integer as count, (sum(count(*)) over ())::integer as total,
        min(min(at_ms)) over () as "sinceMs"
      from newest where project_id = ${search.projectId}
      group by type order by count desc, type limit ${search.limit}`,
  );
  const [first] = rows;
  return {
    rows: rows.map(({ type, count }) => ({ type, count })),
    total: first?.total ?? 0,
    sinceMs: first?.sinceMs ?? null,
  };
}

export type SampleRow = {
  id: EventId;
  type: string;
  metadata: Record<string, string> | null;
  receivedAtMs: number;
  payload: string;
};

/**
 * The newest events of these types with their payloads, of the same rows; at most `limit`, and no
 * more than `bytesMax` of payloads beside the first.
 */
export function listSampleEvents(
  tx: TenantTx,
  search: {
    projectId: ProjectId;
    types: readonly string[];
    scanMax: number;
    limit: number;
    bytesMax: number;
  },
): Promise<SampleRow[]> {
  const { sql } = tx;
  const scanMax = sql.unsafe(String(search.scanMax));
  return tx.run(
    'listSampleEvents',
    sql<SampleRow[]>`
      with newest as materialized (
        select id, project_id, type from webhook_events
        where tenant_id = ${tx.tenantId} order by id desc limit ${scanMax}
      ), wanted as materialized (
        select id from newest
        where project_id = ${search.projectId} and type = any (${[...search.types]}::text[])
        order by id desc limit ${search.limit}
      ), sized as (
        select e.id, e.type, e.metadata, e.payload,
          (extract(epoch from e.received_at) * 1000)::float8 as "receivedAtMs",
          sum(octet_length(e.payload)) over (order by e.id desc) as bytes,
          row_number() over (order by e.id desc) as place
        from webhook_events e
        where e.tenant_id = ${tx.tenantId} and e.id = any (array(select id from wanted))
      )
      select id, type, metadata, payload, "receivedAtMs" from sized
      where place = 1 or bytes <= ${search.bytesMax}
      order by id desc`,
  );
}
