/** Rollups of deliveries. Twin of db/migrations; `scripts/verify` compares the two. */
import { index, integer, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core';
import type { EndpointId, ProjectId, TenantId } from '../../src/domain/ids.ts';
import { moment } from './tenants.ts';

const keys = () => ({
  tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
  projectId: uuid('project_id').$type<ProjectId>().notNull(),
  endpointId: uuid('endpoint_id').$type<EndpointId>().notNull(),
});

const counts = () => ({
  delivered: integer('delivered').notNull(),
  failed: integer('failed').notNull(),
  attempts: integer('attempts').notNull(),
  attemptsFailed: integer('attempts_failed').notNull(),
});

const rollup = () => ({
  ...keys(),
  bucket: moment('bucket').notNull(),
  ...counts(),
  answerCounts: integer('answer_counts').array().notNull(),
  latencyCounts: integer('latency_counts').array().notNull(),
});

export const deliveryStatsDeltas = pgTable('delivery_stats_deltas', {
  ...keys(),
  minute: moment('minute').notNull(),
  ...counts(),
  answersMs: integer('answers_ms').array(),
  latenciesMs: integer('latencies_ms').array(),
});

export const deliveryStatsMinute = pgTable('delivery_stats_minute', rollup(), (table) => [
  primaryKey({ columns: [table.tenantId, table.endpointId, table.bucket] }),
  index('delivery_stats_minute_bucket_idx').on(table.bucket),
]);

export const deliveryStatsHour = pgTable('delivery_stats_hour', rollup(), (table) => [
  primaryKey({ columns: [table.tenantId, table.endpointId, table.bucket] }),
  index('delivery_stats_hour_bucket_idx').on(table.bucket),
]);
