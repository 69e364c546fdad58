/**
 * Deliveries of the transaction's tenant, one at a time and for endpoints: pending ones stand in
 * delivery_queue, ended ones in deliveries. A queue row marked `manual` is an attempt asked for
 * after the end and no delivery of its own. Lists are in delivery-lists.ts.
 */
import { and, asc, desc, eq, gt, sql } from 'drizzle-orm';
import { deliveries, deliveryAttempts, deliveryQueue } from '../../db/schema/webhooks.ts';
import type { DeliveryReason, DeliveryStatus } from '../domain/deliveries.ts';
import type { AttemptId, DeliveryId, EndpointId, EventId, ProjectId } from '../domain/ids.ts';
import type { TenantTx } from './transactions.ts';

export type DeliveryRow = {
  id: DeliveryId;
  projectId: ProjectId;
  eventId: EventId;
  endpointId: EndpointId;
  eventType: string;
  status: DeliveryStatus;
  attempts: number;
  nextAttemptAt: Date | null;
  createdAt: Date;
  completedAt: Date | null;
  lastStatusCode: number | null;
  lastError: string | null;
  replayId: string | null;
  reason: string | null;
};

export type AttemptRow = typeof deliveryAttempts.$inferSelect;

const pendingColumns = {
  id: deliveryQueue.id,
  projectId: deliveryQueue.projectId,
  eventId: deliveryQueue.eventId,
  endpointId: deliveryQueue.endpointId,
  eventType: deliveryQueue.eventType,
  attempts: deliveryQueue.attempts,
  nextAttemptAt: deliveryQueue.nextAttemptAt,
  createdAt: deliveryQueue.createdAt,
  lastStatusCode: deliveryQueue.lastStatusCode,
  lastError: deliveryQueue.lastError,
  replayId: deliveryQueue.replayId,
};

const endedColumns = {
  id: deliveries.id,
  projectId: deliveries.projectId,
  eventId: deliveries.eventId,
  endpointId: deliveries.endpointId,
  eventType: deliveries.eventType,
  status: deliveries.status,
  attempts: deliveries.attempts,
  createdAt: deliveries.createdAt,
  completedAt: deliveries.completedAt,
  lastStatusCode: deliveries.lastStatusCode,
  lastError: deliveries.lastError,
  replayId: deliveries.replayId,
  reason: deliveries.reason,
};

type PendingColumns = Omit<DeliveryRow, 'status' | 'completedAt' | 'reason'>;
type EndedColumns = Omit<DeliveryRow, 'nextAttemptAt'>;

export const asPending = (row: PendingColumns): DeliveryRow => ({
  ...row,
  status: 'pending',
  completedAt: null,
  reason: null,
});

export const asEnded = (row: EndedColumns): DeliveryRow => ({ ...row, nextAttemptAt: null });

/** The queue is read first: a delivery that ends meanwhile is then seen in one of the two. */
export async function findDelivery(tx: TenantTx, id: DeliveryId): Promise<DeliveryRow | null> {
  const [pending, ended] = await Promise.all([
    tx.run(
      'findPendingDelivery',
      tx.db
        .select(pendingColumns)
        .from(deliveryQueue)
        .where(
          and(
            eq(deliveryQueue.tenantId, tx.tenantId),
            eq(deliveryQueue.id, id),
            eq(deliveryQueue.manual, false),
          ),
        ),
    ),
    tx.run(
      'findEndedDelivery',
      tx.db
        .select(endedColumns)
        .from(deliveries)
        .where(and(eq(deliveries.tenantId, tx.tenantId), eq(deliveries.id, id))),
    ),
  ]);
  if (ended[0] !== undefined) return asEnded(ended[0]);
  return pending[0] === undefined ? null : asPending(pending[0]);
}

/** Oldest first, after the attempt `after`. */
export function listAttempts(
  tx: TenantTx,
  deliveryId: DeliveryId,
  page: { after: AttemptId | null; limit: number },
): Promise<AttemptRow[]> {
  return tx.run(
    'listAttempts',
    tx.db
      .select()
      .from(deliveryAttempts)
      .where(
        and(
          eq(deliveryAttempts.tenantId, tx.tenantId),
          eq(deliveryAttempts.deliveryId, deliveryId),
          page.after === null ? undefined : gt(deliveryAttempts.id, page.after),
        ),
      )
      .orderBy(asc(deliveryAttempts.id))
      .limit(page.limit),
  );
}

/** By the primary key. */
export function listNewestAttempts(
  tx: TenantTx,
  deliveryId: DeliveryId,
  limit: number,
): Promise<AttemptRow[]> {
  return tx.run(
    'listNewestAttempts',
    tx.db
      .select()
      .from(deliveryAttempts)
      .where(
        and(
          eq(deliveryAttempts.tenantId, tx.tenantId),
          eq(deliveryAttempts.deliveryId, deliveryId),
        ),
      )
      .orderBy(desc(deliveryAttempts.id))
      .limit(limit),
  );
}

export type LastAttemptRow = {
  deliveryId: DeliveryId;
  durationMs: number;
  errorCode: string | null;
};

/** Of each delivery that has one. A probe of the primary key each, in one partition each. */
export function listLastAttempts(
  tx: TenantTx,
  ids: readonly DeliveryId[],
): Promise<LastAttemptRow[]> {
  return tx.run(
    'listLastAttempts',
    tx.sql<LastAttemptRow[]>`
      select wanted.id as "deliveryId", last.duration_ms as "durationMs",
        last.error_code as "errorCode"
      from unnest(${[...ids]}::uuid[]) as wanted (id)
      cross join lateral (
        select duration_ms, error_code from delivery_attempts a
        where a.tenant_id = ${tx.tenantId} and a.delivery_id = wanted.id
        order by a.id desc limit 1
      ) last`,
  );
}

/** Outside any order: `position` stays null, as for replays and tests. */
export async function insertQueuedDelivery(
  tx: TenantTx,
  values: Pick<
    typeof deliveryQueue.$inferInsert,
    'id' | 'projectId' | 'eventId' | 'endpointId' | 'eventType'
  > & { attempts: number; manual: boolean },
): Promise<void> {
  await tx.run(
    'insertQueuedDelivery',
    tx.db
      .insert(deliveryQueue)
      .values({ ...values, tenantId: tx.tenantId })
      // Asked for twice and not sent yet: one attempt.
      .onConflictDoNothing(),
  );
}

/** False when the delivery is not pending (any more). Waits for one that is being recorded. */
export async function makeDueNow(tx: TenantTx, id: DeliveryId): Promise<boolean> {
  const rows = await tx.run(
    'makeDueNow',
    tx.db
      .update(deliveryQueue)
      .set({ nextAttemptAt: sql`least(${deliveryQueue.nextAttemptAt}, now())` })
      .where(
        and(
          eq(deliveryQueue.tenantId, tx.tenantId),
          eq(deliveryQueue.id, id),
          eq(deliveryQueue.manual, false),
        ),
      )
      .returning({ id: deliveryQueue.id }),
  );
  return rows.length > 0;
}

/** Ends one pending delivery; false when it is not pending (any more). */
export async function cancelPendingDelivery(
  tx: TenantTx,
  id: DeliveryId,
  reason: DeliveryReason,
): Promise<boolean> {
  const rows = await tx.run(
    'cancelPendingDelivery',
    tx.sql<{ id: string }[]>`
      with gone as (
        delete from delivery_queue
        where tenant_id = ${tx.tenantId} and id = ${id} and not manual
        returning *
      )
      insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type, status,
        reason, attempts, created_at, completed_at, last_status_code, last_error, replay_id)
      select id, tenant_id, project_id, event_id, endpoint_id, event_type, 'cancelled',
        ${reason}, attempts, created_at, now(), last_status_code, last_error, replay_id
      from gone
      returning id`,
  );
  return rows.length > 0;
}

/**
 * Ends up to `limit` pending deliveries of an endpoint, oldest first, and drops attempts asked for
 * by hand; answers how many rows left the queue. Rows that are being recorded are passed over, so
 * that the two can never wait for each other in a circle. By delivery_queue_endpoint_idx.
 */
export async function cancelEndpointBatch(
  tx: TenantTx,
  endpointId: EndpointId,
  reason: DeliveryReason,
  limit: number,
): Promise<number> {
  const [row] = await tx.run(
    'cancelEndpointBatch',
    tx.sql<{ count: number }[]>`
      with gone as (
        delete from delivery_queue
        where ctid = any (array(
          select ctid from delivery_queue
          where tenant_id = ${tx.tenantId} and endpoint_id = ${endpointId}
          order by id limit ${limit} for update skip locked))
        returning *
      ), ended as (
        insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type,
          status, reason, attempts, created_at, completed_at, last_status_code, last_error, replay_id)
        select id, tenant_id, project_id, event_id, endpoint_id, event_type, 'cancelled',
          ${reason}, attempts, created_at, now(), last_status_code, last_error, replay_id
        from gone where not manual
      )
      select count(*)::int as count from gone`,
  );
  return row?.count ?? 0;
}

/** Pending deliveries of an endpoint that a batch passed over. */
export async function listPendingIds(
  tx: TenantTx,
  endpointId: EndpointId,
  limit: number,
): Promise<DeliveryId[]> {
  const rows = await tx.run(
    'listPendingIds',
    tx.db
      .select({ id: deliveryQueue.id })
      .from(deliveryQueue)
      .where(
        and(
          eq(deliveryQueue.tenantId, tx.tenantId),
          eq(deliveryQueue.endpointId, endpointId),
          eq(deliveryQueue.manual, false),
        ),
      )
      .limit(limit),
  );
  return rows.map((row) => row.id);
}
