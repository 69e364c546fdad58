/** Events of the transaction's tenant; immutable. Accepting them is accepted-events.ts. */
import { and, eq } from 'drizzle-orm';
import type { Sql } from 'postgres';
import { webhookEvents } from '../../db/schema/webhooks.ts';
import type { EventId, ProjectId } from '../domain/ids.ts';
import { type TypeFilter, typeMatches } from './delivery-lists.ts';
import {
  type Found,
  type Fragment,
  inRange,
  payloadScanSteps,
  type ScanRange,
  scanNewest,
  scanStatement,
  scanSteps,
} from './scan.ts';
import type { TenantTx } from './transactions.ts';

export type EventRow = {
  id: EventId;
  projectId: ProjectId;
  type: string;
  orderingKey: string | null;
  metadata: Record<string, string> | null;
  receivedAt: Date;
};

export type EventTextSearch = {
  /** An ordering key or the value of a label. */
  exact: string;
  /** Each must stand in the payload, in whatever case… */
  words: readonly string[];
  /** …of events from this id on; older payloads are not read. */
  payloadFrom: EventId;
};

export type EventFilter = {
  projectId: ProjectId;
  type: TypeFilter | null;
  text: EventTextSearch | null;
  range: ScanRange<EventId>;
  limit: number;
};

const columns = {
  id: webhookEvents.id,
  projectId: webhookEvents.projectId,
  type: webhookEvents.type,
  orderingKey: webhookEvents.orderingKey,
  metadata: webhookEvents.metadata,
  receivedAt: webhookEvents.receivedAt,
};

const withId = (tx: TenantTx, id: EventId) =>
  and(eq(webhookEvents.tenantId, tx.tenantId), eq(webhookEvents.id, id));

export async function findEvent(tx: TenantTx, id: EventId): Promise<EventRow | null> {
  const rows = await tx.run(
    'findEvent',
    tx.db.select(columns).from(webhookEvents).where(withId(tx, id)),
  );
  return rows[0] ?? null;
}

/** With the payload's text as it was posted. */
export async function findEventWithPayload(
  tx: TenantTx,
  id: EventId,
): Promise<(EventRow & { payload: string }) | null> {
  const rows = await tx.run(
    'findEventWithPayload',
    tx.db
      .select({ ...columns, payload: webhookEvents.payload })
      .from(webhookEvents)
      .where(withId(tx, id)),
  );
  return rows[0] ?? null;
}

export async function insertEvent(
  tx: TenantTx,
  values: Pick<
    typeof webhookEvents.$inferInsert,
    'id' | 'projectId' | 'type' | 'payload' | 'apiKeyId'
  >,
): Promise<void> {
  await tx.run(
    'insertEvent',
    tx.db.insert(webhookEvents).values({ ...values, tenantId: tx.tenantId }),
  );
}

/** Newest first, by the primary key. */
export function listEvents(tx: TenantTx, filter: EventFilter): Promise<Found<EventRow, EventId>> {
  const { sql } = tx;
  return scanNewest<EventRow, EventId>({
    range: filter.range,
    limit: filter.limit,
    steps: filter.text === null ? scanSteps : payloadScanSteps,
    async read(range, budget, limit) {
      const columns = sql`
        id, project_id, type, ordering_key, metadata, received_at
        ${filter.text === null ? sql`` : sql`, payload`}`;
      const from = sql`
        from webhook_events
        where tenant_id = ${tx.tenantId} ${inRange(sql, range)}`;
      const where = matches(sql, filter);
      const step = scanStatement<ListedRow>(sql, { columns, from, where, budget, limit });
      const rows = await tx.run('listEvents', step);
      return rows.map((row) => (row.id === null ? row : { ...fromColumns(row), stop: row.stop }));
    },
  });
}

export type EventFactsRow = { id: EventId; bytes: number; keyName: string | null };

/** Of a page of events. A payload's length stands beside it, so none is read for that. */
export function listEventFacts(tx: TenantTx, ids: readonly EventId[]): Promise<EventFactsRow[]> {
  return tx.run(
    'listEventFacts',
    tx.sql<EventFactsRow[]>`
      select e.id, octet_length(e.payload) as bytes, k.name as "keyName"
      from webhook_events e
      left join api_keys k on k.tenant_id = e.tenant_id and k.id = e.api_key_id
      where e.tenant_id = ${tx.tenantId} and e.id = any (${[...ids]}::uuid[])`,
  );
}

function matches(sql: Sql, { projectId, type, text }: EventFilter): Fragment {
  return sql`project_id = ${projectId}
    ${type === null ? sql`` : sql`and ${typeMatches(sql, sql`type`, type)}`}
    ${text === null ? sql`` : sql`and (${textMatches(sql, text)})`}`;
}

function textMatches(sql: Sql, text: EventTextSearch): Fragment {
  const inPayload = text.words.reduce(
    (all, word) => sql`${all} and strpos(lower(payload), lower(${word})) > 0`,
    sql`id >= ${text.payloadFrom}`,
  );
  return sql`ordering_key = ${text.exact}
    or exists (select from json_each_text(metadata) label where label.value = ${text.exact})
    or (${inPayload})`;
}

/** Times are text, as PostgreSQL has them. */
type ListedRow = {
  id: EventId;
  project_id: ProjectId;
  type: string;
  ordering_key: string | null;
  metadata: Record<string, string> | null;
  received_at: string;
};

function fromColumns(row: ListedRow): EventRow {
  return {
    id: row.id,
    projectId: row.project_id,
    type: row.type,
    orderingKey: row.ordering_key,
    metadata: row.metadata,
    receivedAt: new Date(row.received_at),
  };
}
