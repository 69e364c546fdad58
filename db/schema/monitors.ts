/**
 * What is watched; empty until checks run. Twin of db/migrations: `scripts/verify` compares them.
 */
import {
  integer,
  json,
  pgTable,
  primaryKey,
  real,
  smallint,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import type { ProjectId, TenantId } from '../../src/domain/ids.ts';
import { moment } from './tenants.ts';

export const monitors = pgTable(
  'monitors',
  {
    id: uuid('id').notNull(),
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    projectId: uuid('project_id').$type<ProjectId>().notNull(),
    name: text('name').notNull(),
    kind: text('kind', { enum: ['http', 'tcp', 'dns', 'tls', 'heartbeat'] }).notNull(),
    settings: json('settings').notNull(),
    intervalSeconds: integer('interval_seconds').notNull(),
    timeoutMs: integer('timeout_ms').notNull(),
    status: text('status', {
      enum: ['pending', 'up', 'degraded', 'down', 'paused', 'maintenance'],
    })
      .notNull()
      .default('pending'),
    statusSince: moment('status_since').notNull().defaultNow(),
    createdAt: moment('created_at').notNull().defaultNow(),
    updatedAt: moment('updated_at').notNull().defaultNow(),
    deletedAt: moment('deleted_at'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] })],
);

export const monitorLogs = pgTable(
  'monitor_logs',
  {
    id: uuid('id').notNull(),
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    monitorId: uuid('monitor_id').notNull(),
    startedAt: moment('started_at').notNull(),
    outcome: text('outcome', { enum: ['up', 'degraded', 'down'] }).notNull(),
    durationMs: integer('duration_ms').notNull(),
    dnsMs: real('dns_ms'),
    connectMs: real('connect_ms'),
    tlsMs: real('tls_ms'),
    firstByteMs: real('first_byte_ms'),
    statusCode: smallint('status_code'),
    errorCode: text('error_code'),
    errorMessage: text('error_message'),
    region: text('region').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.monitorId, table.id] })],
);
