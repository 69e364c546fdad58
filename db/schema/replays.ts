/** Replays and what they made. Twin of db/migrations; `scripts/verify` compares the two. */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import type {
  ApiKeyId,
  DeliveryId,
  EndpointId,
  EventId,
  ProjectId,
  ReplayId,
  TenantId,
} from '../../src/domain/ids.ts';
import { replayMatches, replayPhases, replayStatuses } from '../../src/domain/replays.ts';
import { moment } from './tenants.ts';

export const replays = pgTable(
  'replays',
  {
    id: uuid('id').$type<ReplayId>().notNull(),
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    projectId: uuid('project_id').$type<ProjectId>().notNull(),
    endpointId: uuid('endpoint_id').$type<EndpointId>(),
    matchStatus: text('match_status', { enum: replayMatches }),
    matchType: text('match_type'),
    since: moment('since').notNull(),
    until: moment('until').notNull(),
    ratePerSecond: integer('rate_per_second'),
    dryRun: boolean('dry_run').notNull(),
    status: text('status', { enum: replayStatuses }).notNull().default('running'),
    phase: text('phase', { enum: replayPhases }).notNull().default('counting'),
    fromId: uuid('from_id').notNull(),
    cursorId: uuid('cursor_id').notNull(),
    beforeId: uuid('before_id').notNull(),
    nextPageAt: moment('next_page_at').notNull(),
    matched: bigint('matched', { mode: 'number' }).notNull().default(0),
    created: bigint('created', { mode: 'number' }).notNull().default(0),
    delivered: bigint('delivered', { mode: 'number' }),
    failed: bigint('failed', { mode: 'number' }),
    apiKeyId: uuid('api_key_id').$type<ApiKeyId>(),
    createdAt: moment('created_at').notNull(),
    completedAt: moment('completed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index('replays_running_idx').on(table.nextPageAt).where(sql`status = 'running'`),
  ],
);

export const replayDeliveries = pgTable(
  'replay_deliveries',
  {
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    eventId: uuid('event_id').$type<EventId>().notNull(),
    endpointId: uuid('endpoint_id').$type<EndpointId>().notNull(),
    replayId: uuid('replay_id').$type<ReplayId>().notNull(),
    id: uuid('id').$type<DeliveryId>().notNull(),
    sourceId: uuid('source_id').$type<DeliveryId>(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.eventId, table.endpointId, table.replayId] }),
  ],
);
