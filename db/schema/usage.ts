/** What projects use and tenants may use. Twin of db/migrations; `scripts/verify` compares them. */
import { bigint, date, index, integer, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core';
import type { ProjectId, TenantId } from '../../src/domain/ids.ts';
import { moment } from './tenants.ts';

const keys = () => ({
  tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
  projectId: uuid('project_id').$type<ProjectId>().notNull(),
  day: date('day').notNull(),
});

/** Exact up to 2^53. */
const count = (name: string) => bigint(name, { mode: 'number' });

export const usageDeltas = pgTable('usage_deltas', {
  ...keys(),
  events: integer('events').notNull(),
  bytes: count('bytes').notNull(),
});

export const usageDays = pgTable(
  'usage_days',
  {
    ...keys(),
    events: count('events').notNull().default(0),
    bytes: count('bytes').notNull().default(0),
    deliveries: count('deliveries').notNull().default(0),
    attempts: count('attempts').notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.projectId, table.day] }),
    index('usage_days_day_idx').on(table.day),
  ],
);

export const tenantQuotas = pgTable('tenant_quotas', {
  tenantId: uuid('tenant_id').$type<TenantId>().primaryKey(),
  eventsPerMonth: count('events_per_month'),
  storedBytes: count('stored_bytes'),
  eventsWarnedMonth: date('events_warned_month'),
  bytesWarnedAt: moment('bytes_warned_at'),
  updatedAt: moment('updated_at').notNull().defaultNow(),
});
