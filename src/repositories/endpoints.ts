/**
 * Endpoints of the transaction's tenant and their secrets. Deleted endpoints are seen by none; only
 * what was sent to them still tells their names.
 */
import { and, desc, eq, gt, inArray, isNotNull, isNull, lt, lte, or, sql } from 'drizzle-orm';
import { endpointSecrets, endpoints } from '../../db/schema/webhooks.ts';
import type { EndpointId, ProjectId } from '../domain/ids.ts';
import type { TenantTx } from './transactions.ts';

export type EndpointRow = typeof endpoints.$inferSelect;
export type EndpointStatus = EndpointRow['status'];

export type NewEndpointRow = Pick<
  EndpointRow,
  | 'id'
  | 'projectId'
  | 'url'
  | 'description'
  | 'eventTypes'
  | 'filter'
  | 'headersEncrypted'
  | 'authEncrypted'
  | 'timeoutMs'
  | 'rateLimitPerSecond'
  | 'maxInFlight'
  | 'ordered'
  | 'retrySchedule'
  | 'signing'
  | 'customer'
> &
  Partial<Pick<EndpointRow, 'status' | 'statusReason'>>;

export type EndpointRowChanges = {
  [Column in keyof Omit<NewEndpointRow, 'id' | 'projectId' | 'status' | 'statusReason'>]?:
    | NewEndpointRow[Column]
    | undefined;
};

export type EndpointSecretRow = Pick<
  typeof endpointSecrets.$inferSelect,
  'id' | 'secretEncrypted' | 'publicKey' | 'createdAt' | 'expiresAt'
>;

const living = (tx: TenantTx, id: EndpointId) =>
  and(eq(endpoints.tenantId, tx.tenantId), eq(endpoints.id, id), isNull(endpoints.deletedAt));

export async function findEndpoint(tx: TenantTx, id: EndpointId): Promise<EndpointRow | null> {
  const rows = await tx.run('findEndpoint', tx.db.select().from(endpoints).where(living(tx, id)));
  return rows[0] ?? null;
}

/** For what depends on the row staying as it was read. */
export async function lockEndpoint(tx: TenantTx, id: EndpointId): Promise<EndpointRow | null> {
  const rows = await tx.run(
    'lockEndpoint',
    tx.db.select().from(endpoints).where(living(tx, id)).for('update'),
  );
  return rows[0] ?? null;
}

/** As people see it: a pause by the engine counts as paused until its time. */
function showsStatus(status: EndpointStatus) {
  const isPausedByEngine = gt(endpoints.pausedUntil, sql`now()`);
  if (status === 'disabled') return eq(endpoints.status, status);
  const isActive = eq(endpoints.status, 'active');
  return status === 'paused'
    ? or(eq(endpoints.status, status), and(isActive, isPausedByEngine))
    : and(isActive, or(isNull(endpoints.pausedUntil), lte(endpoints.pausedUntil, sql`now()`)));
}

/** Newest first. */
export function listEndpoints(
  tx: TenantTx,
  filter: {
    projectId: ProjectId;
    status: EndpointStatus | null;
    customer: string | null;
    before: EndpointId | null;
    limit: number;
  },
): Promise<EndpointRow[]> {
  return tx.run(
    'listEndpoints',
    tx.db
      .select()
      .from(endpoints)
      .where(
        and(
          eq(endpoints.tenantId, tx.tenantId),
          eq(endpoints.projectId, filter.projectId),
          isNull(endpoints.deletedAt),
          filter.status === null ? undefined : showsStatus(filter.status),
          filter.customer === null ? undefined : eq(endpoints.customer, filter.customer),
          filter.before === null ? undefined : lt(endpoints.id, filter.before),
        ),
      )
      .orderBy(desc(endpoints.id))
      .limit(filter.limit),
  );
}

export type EndpointNameRow = Pick<
  EndpointRow,
  'id' | 'url' | 'description' | 'retrySchedule' | 'deletedAt'
>;

/** Deleted ones too. By the primary key. */
export function listEndpointNames(
  tx: TenantTx,
  ids: readonly EndpointId[],
): Promise<EndpointNameRow[]> {
  return tx.run(
    'listEndpointNames',
    tx.db
      .select({
        id: endpoints.id,
        url: endpoints.url,
        description: endpoints.description,
        retrySchedule: endpoints.retrySchedule,
        deletedAt: endpoints.deletedAt,
      })
      .from(endpoints)
      .where(and(eq(endpoints.tenantId, tx.tenantId), inArray(endpoints.id, [...ids]))),
  );
}

export async function insertEndpoint(tx: TenantTx, values: NewEndpointRow): Promise<EndpointRow> {
  const [row] = await tx.run(
    'insertEndpoint',
    tx.db
      .insert(endpoints)
      .values({ ...values, tenantId: tx.tenantId })
      .returning(),
  );
  if (row === undefined) throw new Error('an inserted endpoint came back as no row');
  return row;
}

export async function updateEndpoint(
  tx: TenantTx,
  id: EndpointId,
  changes: EndpointRowChanges,
): Promise<EndpointRow | null> {
  const rows = await tx.run(
    'updateEndpoint',
    tx.db
      .update(endpoints)
      .set({ ...changes, updatedAt: sql`now()` })
      .where(living(tx, id))
      .returning(),
  );
  return rows[0] ?? null;
}

/**
 * Replaces what the engine decided: its pause ends. Made active, the endpoint is asked at once and
 * what failed before is forgotten.
 */
export async function updateEndpointStatus(
  tx: TenantTx,
  id: EndpointId,
  { status, reason }: { status: EndpointStatus; reason: string | null },
): Promise<EndpointRow | null> {
  const rows = await tx.run(
    'updateEndpointStatus',
    tx.db
      .update(endpoints)
      .set({
        ...{ status, statusReason: reason, pausedUntil: null, pauseReason: null },
        ...(status === 'active' ? { failingSince: null, resumedAt: sql`now()` } : {}),
        updatedAt: sql`now()`,
      })
      .where(living(tx, id))
      .returning(),
  );
  return rows[0] ?? null;
}

/** Ends a pause by the engine; what people decided stays. */
export async function updateEndpointResumed(tx: TenantTx, id: EndpointId): Promise<void> {
  await tx.run(
    'updateEndpointResumed',
    tx.db
      .update(endpoints)
      .set({ pausedUntil: null, pauseReason: null, resumedAt: sql`now()` })
      .where(living(tx, id)),
  );
}

/** Softly: its deliveries stay readable. */
export async function deleteEndpoint(tx: TenantTx, id: EndpointId): Promise<void> {
  await tx.run(
    'deleteEndpoint',
    tx.db
      .update(endpoints)
      .set({ deletedAt: sql`now()`, updatedAt: sql`now()` })
      .where(living(tx, id)),
  );
}

const secretsOf = (tx: TenantTx, endpointId: EndpointId) =>
  and(eq(endpointSecrets.tenantId, tx.tenantId), eq(endpointSecrets.endpointId, endpointId));

export async function insertEndpointSecret(
  tx: TenantTx,
  values: Pick<
    typeof endpointSecrets.$inferSelect,
    'id' | 'endpointId' | 'kind' | 'secretEncrypted' | 'publicKey'
  >,
): Promise<void> {
  await tx.run(
    'insertEndpointSecret',
    tx.db.insert(endpointSecrets).values({ ...values, tenantId: tx.tenantId }),
  );
}

/** Those that are valid now, the current one (which does not expire) first, then newest first. */
export function listValidSecrets(
  tx: TenantTx,
  endpointId: EndpointId,
): Promise<EndpointSecretRow[]> {
  return tx.run(
    'listValidSecrets',
    tx.db
      .select({
        id: endpointSecrets.id,
        secretEncrypted: endpointSecrets.secretEncrypted,
        publicKey: endpointSecrets.publicKey,
        createdAt: endpointSecrets.createdAt,
        expiresAt: endpointSecrets.expiresAt,
      })
      .from(endpointSecrets)
      .where(
        and(
          secretsOf(tx, endpointId),
          or(isNull(endpointSecrets.expiresAt), gt(endpointSecrets.expiresAt, sql`now()`)),
        ),
      )
      .orderBy(sql`${endpointSecrets.expiresAt} desc nulls first, ${endpointSecrets.id} desc`),
  );
}

/** Lets every secret end at `expiresAt` or when it would have ended before. */
export async function expireSecrets(
  tx: TenantTx,
  endpointId: EndpointId,
  expiresAt: Date,
): Promise<void> {
  await tx.run(
    'expireSecrets',
    tx.db
      .update(endpointSecrets)
      .set({ expiresAt })
      .where(
        and(
          secretsOf(tx, endpointId),
          or(isNull(endpointSecrets.expiresAt), gt(endpointSecrets.expiresAt, expiresAt)),
        ),
      ),
  );
}

/** All but the current one; answers how many were still valid. */
export async function deletePreviousSecrets(tx: TenantTx, endpointId: EndpointId): Promise<number> {
  const rows = await tx.run(
    'deletePreviousSecrets',
    tx.db
      .delete(endpointSecrets)
      .where(and(secretsOf(tx, endpointId), isNotNull(endpointSecrets.expiresAt)))
      .returning({ valid: sql<boolean>`${endpointSecrets.expiresAt} > now()` }),
  );
  return rows.filter(({ valid }) => valid).length;
}

export async function deleteExpiredSecrets(tx: TenantTx, endpointId: EndpointId): Promise<void> {
  await tx.run(
    'deleteExpiredSecrets',
    tx.db
      .delete(endpointSecrets)
      .where(and(secretsOf(tx, endpointId), lte(endpointSecrets.expiresAt, sql`now()`))),
  );
}
