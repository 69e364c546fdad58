/** What tenants may use, beside what they used; and who has been warned. */
import { eq, sql } from 'drizzle-orm';
import { tenantQuotas } from '../../db/schema/usage.ts';
import type { TenantId } from '../domain/ids.ts';
import type { QuotaName, Quotas } from '../domain/quotas.ts';
import type { TenantTx, WorkerTx } from './transactions.ts';

const none: Quotas = { eventsPerMonth: null, storedBytes: null };

const shown = {
  eventsPerMonth: tenantQuotas.eventsPerMonth,
  storedBytes: tenantQuotas.storedBytes,
};
const own = (tx: TenantTx) => eq(tenantQuotas.tenantId, tx.tenantId);

export async function findQuotas(tx: TenantTx): Promise<Quotas> {
  const rows = await tx.run('findQuotas', tx.db.select(shown).from(tenantQuotas).where(own(tx)));
  return rows[0] ?? none;
}

/** Locked: what is written next says what it was before. */
export async function lockQuotas(tx: TenantTx): Promise<Quotas> {
  const rows = await tx.run(
    'lockQuotas',
    tx.db.select(shown).from(tenantQuotas).where(own(tx)).for('update'),
  );
  return rows[0] ?? none;
}

/** Whoever was warned of the old ones is warned of the new. */
export async function upsertQuotas(tx: TenantTx, quotas: Quotas): Promise<void> {
  const values = { ...quotas, eventsWarnedMonth: null, bytesWarnedAt: null };
  await tx.run(
    'upsertQuotas',
    tx.db
      .insert(tenantQuotas)
      .values({ ...values, tenantId: tx.tenantId })
      .onConflictDoUpdate({
        target: tenantQuotas.tenantId,
        set: { ...values, updatedAt: sql`now()` },
      }),
  );
}

/** Days as `2026-01-31`. */
export type UsePeriods = {
  monthStart: string;
  /** The first day whose events are still kept. */
  keptSince: string;
};

export type TenantUse = {
  tenantId: TenantId;
  eventsPerMonth: number | null;
  storedBytes: number | null;
  events: number;
  bytes: number;
  warned: Record<QuotaName, boolean>;
};

/**
 * Of every tenant that has a quota: some 31 rows for each of its projects, by the primary key of
 * usage_days.
 */
export async function listQuotaUse(
  tx: WorkerTx,
  { monthStart, keptSince }: UsePeriods,
): Promise<TenantUse[]> {
  const rows = await tx.run(
    'listQuotaUse',
    tx.sql<(Omit<TenantUse, 'warned'> & { eventsWarned: boolean; bytesWarned: boolean })[]>`
      select q.tenant_id as "tenantId", q.events_per_month::float8 as "eventsPerMonth",
        q.stored_bytes::float8 as "storedBytes", used.events, used.bytes,
        coalesce(q.events_warned_month >= ${monthStart}, false) as "eventsWarned",
        q.bytes_warned_at is not null as "bytesWarned"
      from tenant_quotas q cross join lateral (
        select coalesce(sum(events) filter (where day >= ${monthStart}), 0)::float8 as events,
          coalesce(sum(bytes) filter (where day >= ${keptSince}), 0)::float8 as bytes
        from usage_days u where u.tenant_id = q.tenant_id
          and u.day >= least(${monthStart}::date, ${keptSince}::date)
      ) used
      where q.events_per_month is not null or q.stored_bytes is not null`,
  );
  return rows.map(({ eventsWarned, bytesWarned, ...row }) => ({
    ...row,
    warned: { eventsPerMonth: eventsWarned, storedBytes: bytesWarned },
  }));
}

/** What the tenant of the transaction has used, `before` and since the starts of both periods. */
export async function findUse(
  tx: TenantTx,
  { monthStart, keptSince }: UsePeriods,
): Promise<{ events: number; bytes: number; bytesWeekAgo: number }> {
  const [row] = await tx.run(
    'findUse',
    tx.sql<{ events: number; bytes: number; bytesWeekAgo: number }[]>`
      select coalesce(sum(events) filter (where day >= ${monthStart}), 0)::float8 as events,
        coalesce(sum(bytes) filter (where day >= ${keptSince}), 0)::float8 as bytes,
        coalesce(sum(bytes) filter (where day >= ${keptSince}::date - 7
          and day < (now() at time zone 'UTC')::date - 6), 0)::float8 as "bytesWeekAgo"
      from usage_days where tenant_id = ${tx.tenantId}`,
  );
  return row ?? { events: 0, bytes: 0, bytesWeekAgo: 0 };
}

/** False when somebody else was first: each is warned of once. */
export async function updateQuotaWarned(
  tx: WorkerTx,
  tenantId: TenantId,
  name: QuotaName,
  monthStart: string,
): Promise<boolean> {
  const { sql } = tx;
  const change =
    name === 'eventsPerMonth'
      ? sql`set events_warned_month = ${monthStart}
          where tenant_id = ${tenantId} and events_warned_month is distinct from ${monthStart}::date`
      : sql`set bytes_warned_at = now() where tenant_id = ${tenantId} and bytes_warned_at is null`;
  const rows = await tx.run('updateQuotaWarned', sql`update tenant_quotas ${change} returning 1`);
  return rows.length > 0;
}

/** Stored bytes that have gone may be warned of again. */
export async function updateBytesUnwarned(tx: WorkerTx, tenantId: TenantId): Promise<void> {
  await tx.run(
    'updateBytesUnwarned',
    tx.sql`update tenant_quotas set bytes_warned_at = null where tenant_id = ${tenantId}`,
  );
}
