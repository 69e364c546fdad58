/** Events of the transaction's tenant; immutable. Accepting them is accepted-events.ts. */
import { and, desc, eq, gte, lt, or, type SQL, sql } from 'drizzle-orm';
import { webhookEvents } from '../../db/schema/webhooks.ts';
import type { EventId, ProjectId } from '../domain/ids.ts';
import { type TypeFilter, typeCondition } from './delivery-lists.ts';
import { type Found, payloadScanSteps, type ScanRange, scanNewest, scanSteps } from './scan.ts';
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

/** Newest first. */
export function listEvents(tx: TenantTx, filter: EventFilter): Promise<Found<EventRow, EventId>> {
  const inRange = (range: ScanRange<EventId>) =>
    and(
      eq(webhookEvents.tenantId, tx.tenantId),
      range.from === null ? undefined : gte(webhookEvents.id, range.from),
      range.before === null ? undefined : lt(webhookEvents.id, range.before),
    );
  return scanNewest<EventRow, EventId>({
    range: filter.range,
    limit: filter.limit,
    steps: filter.text === null ? scanSteps : payloadScanSteps,
    async findStop(range, budget) {
      const rows = await tx.run(
        'findEventStop',
        tx.db
          .select({ id: webhookEvents.id })
          .from(webhookEvents)
          .where(inRange(range))
          .orderBy(desc(webhookEvents.id))
          .offset(budget - 1)
          .limit(1),
      );
      return rows[0]?.id ?? null;
    },
    find: (range, limit) =>
      tx.run(
        'listEvents',
        tx.db
          .select(columns)
          .from(webhookEvents)
          .where(and(inRange(range), ...conditions(filter)))
          .orderBy(desc(webhookEvents.id))
          .limit(limit),
      ),
  });
}

function conditions(filter: EventFilter): (SQL | undefined)[] {
  return [
    eq(webhookEvents.projectId, filter.projectId),
    filter.type === null ? undefined : typeCondition(webhookEvents.type, filter.type),
    filter.text === null ? undefined : textCondition(filter.text),
  ];
}

function textCondition(text: EventTextSearch): SQL | undefined {
  const { orderingKey, metadata, payload, id } = webhookEvents;
  const inPayload = text.words.map((word) => sql`strpos(lower(${payload}), lower(${word})) > 0`);
  return or(
    eq(orderingKey, text.exact),
    sql`exists (select from json_each_text(${metadata}) label where label.value = ${text.exact})`,
    and(gte(id, text.payloadFrom), ...inPayload),
  );
}
