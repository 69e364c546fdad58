/** How messages of sources fared. Twin of db/migrations; `scripts/verify` compares them. */
import { bigint, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { SourceId, TenantId } from '../../src/domain/ids.ts';
import { moment } from './tenants.ts';

export const sourceCounts = pgTable(
  'source_counts',
  {
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    sourceId: uuid('source_id').$type<SourceId>().notNull(),
    hour: moment('hour').notNull(),
    outcome: text('outcome').notNull(),
    reason: text('reason').notNull().default(''),
    messages: bigint('messages', { mode: 'number' }).notNull(),
    lastAt: moment('last_at').notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.tenantId, table.sourceId, table.hour, table.outcome, table.reason],
    }),
    index('source_counts_hour_idx').on(table.hour),
  ],
);
