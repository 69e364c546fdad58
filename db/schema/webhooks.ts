/** Endpoints, events, deliveries. Twin of db/migrations; `scripts/verify` compares the two. */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  real,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { EventFilter } from '../../src/domain/filter-problems.ts';
import type {
  ApiKeyId,
  AttemptId,
  DeliveryId,
  EndpointId,
  EventId,
  ProjectId,
  SourceId,
  TenantId,
} from '../../src/domain/ids.ts';
import { type SourceSettings, sourceKinds } from '../../src/domain/sources/source.ts';
import { bytea, moment } from './tenants.ts';

export const endpoints = pgTable(
  'endpoints',
  {
    id: uuid('id').$type<EndpointId>().notNull(),
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    projectId: uuid('project_id').$type<ProjectId>().notNull(),
    url: text('url').notNull(),
    description: text('description').notNull().default(''),
    eventTypes: text('event_types').array().notNull().default([]),
    filter: json('filter').$type<EventFilter>(),
    headersEncrypted: bytea('headers_encrypted'),
    authEncrypted: bytea('auth_encrypted'),
    timeoutMs: integer('timeout_ms').notNull(),
    rateLimitPerSecond: integer('rate_limit_per_second'),
    maxInFlight: integer('max_in_flight').notNull(),
    ordered: boolean('ordered').notNull().default(false),
    retrySchedule: integer('retry_schedule').array().notNull(),
    signing: text('signing', { enum: ['hmac', 'ed25519'] })
      .notNull()
      .default('hmac'),
    status: text('status', { enum: ['active', 'paused', 'disabled'] })
      .notNull()
      .default('active'),
    statusReason: text('status_reason'),
    shard: smallint('shard').notNull().generatedAlwaysAs(sql`(get_byte(uuid_send(id), 15) & 63)`),
    createdAt: moment('created_at').notNull().defaultNow(),
    updatedAt: moment('updated_at').notNull().defaultNow(),
    deletedAt: moment('deleted_at'),
    failingSince: moment('failing_since'),
    pausedUntil: moment('paused_until'),
    pauseReason: text('pause_reason', { enum: ['circuit_breaker', 'retry_after'] }),
    resumedAt: moment('resumed_at'),
    customer: text('customer'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index('endpoints_customer_idx')
      .on(table.tenantId, table.projectId, table.customer, table.id)
      .where(sql`customer is not null`),
    index('endpoints_shard_idx').on(table.shard, table.id).where(sql`deleted_at is null`),
  ],
);

export const endpointSecrets = pgTable(
  'endpoint_secrets',
  {
    id: uuid('id').notNull(),
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    endpointId: uuid('endpoint_id').$type<EndpointId>().notNull(),
    kind: text('kind', { enum: ['hmac', 'ed25519'] })
      .notNull()
      .default('hmac'),
    secretEncrypted: bytea('secret_encrypted').notNull(),
    publicKey: text('public_key'),
    createdAt: moment('created_at').notNull().defaultNow(),
    expiresAt: moment('expires_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.endpointId, table.id] }),
    index('endpoint_secrets_public_idx').on(table.endpointId).where(sql`public_key is not null`),
  ],
);

export const sources = pgTable(
  'sources',
  {
    id: uuid('id').$type<SourceId>().notNull(),
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    projectId: uuid('project_id').$type<ProjectId>().notNull(),
    name: text('name').notNull(),
    kind: text('kind', { enum: [...sourceKinds] }).notNull(),
    eventType: text('event_type'),
    settings: json('settings').$type<SourceSettings>().notNull().default({}),
    secretsEncrypted: bytea('secrets_encrypted').notNull(),
    createdAt: moment('created_at').notNull().defaultNow(),
    updatedAt: moment('updated_at').notNull().defaultNow(),
    deletedAt: moment('deleted_at'),
    pausedAt: moment('paused_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('sources_id_idx').on(table.id),
  ],
);

export const webhookEvents = pgTable(
  'webhook_events',
  {
    id: uuid('id').$type<EventId>().notNull(),
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    projectId: uuid('project_id').$type<ProjectId>().notNull(),
    type: text('type').notNull(),
    payload: text('payload').notNull(),
    orderingKey: text('ordering_key'),
    metadata: json('metadata').$type<Record<string, string>>(),
    hops: smallint('hops').notNull().default(0),
    apiKeyId: uuid('api_key_id').$type<ApiKeyId>(),
    receivedAt: moment('received_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] })],
);

export const deliveryQueue = pgTable(
  'delivery_queue',
  {
    id: uuid('id').$type<DeliveryId>().notNull(),
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    projectId: uuid('project_id').$type<ProjectId>().notNull(),
    eventId: uuid('event_id').$type<EventId>().notNull(),
    endpointId: uuid('endpoint_id').$type<EndpointId>().notNull(),
    eventType: text('event_type').notNull(),
    orderingKey: text('ordering_key'),
    position: bigint('position', { mode: 'number' }),
    attempts: smallint('attempts').notNull().default(0),
    nextAttemptAt: moment('next_attempt_at').notNull().defaultNow(),
    createdAt: moment('created_at').notNull().defaultNow(),
    lastStatusCode: smallint('last_status_code'),
    lastError: text('last_error'),
    replayId: uuid('replay_id'),
    manual: boolean('manual').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index('delivery_queue_due_idx').on(table.endpointId, table.nextAttemptAt, table.id),
    index('delivery_queue_endpoint_idx').on(table.tenantId, table.endpointId, table.id),
    index('delivery_queue_replay_idx')
      .on(table.tenantId, table.replayId, table.id)
      .where(sql`replay_id is not null`),
    index('delivery_queue_order_idx')
      .on(table.endpointId, table.orderingKey, table.position)
      .where(sql`position is not null`),
  ],
);

export const deliveries = pgTable(
  'deliveries',
  {
    id: uuid('id').$type<DeliveryId>().notNull(),
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    projectId: uuid('project_id').$type<ProjectId>().notNull(),
    eventId: uuid('event_id').$type<EventId>().notNull(),
    endpointId: uuid('endpoint_id').$type<EndpointId>().notNull(),
    eventType: text('event_type').notNull(),
    status: text('status', { enum: ['delivered', 'failed', 'cancelled'] }).notNull(),
    reason: text('reason'),
    attempts: smallint('attempts').notNull(),
    createdAt: moment('created_at').notNull(),
    completedAt: moment('completed_at').notNull(),
    lastStatusCode: smallint('last_status_code'),
    lastError: text('last_error'),
    replayId: uuid('replay_id'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index('deliveries_endpoint_idx').on(table.tenantId, table.endpointId, table.id),
    index('deliveries_not_delivered_idx')
      .on(table.tenantId, table.id)
      .where(sql`status <> 'delivered'`),
    index('deliveries_replay_idx')
      .on(table.tenantId, table.replayId, table.id)
      .where(sql`replay_id is not null`),
    index('deliveries_replay_not_delivered_idx')
      .on(table.tenantId, table.replayId, table.status)
      .where(sql`replay_id is not null and status <> 'delivered'`),
  ],
);

export const deliveryAttempts = pgTable(
  'delivery_attempts',
  {
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    deliveryId: uuid('delivery_id').$type<DeliveryId>().notNull(),
    id: uuid('id').$type<AttemptId>().notNull(),
    attempt: smallint('attempt').notNull(),
    outcome: text('outcome', { enum: ['delivered', 'failed', 'superseded'] }).notNull(),
    startedAt: moment('started_at').notNull(),
    durationMs: integer('duration_ms').notNull(),
    dnsMs: real('dns_ms'),
    connectMs: real('connect_ms'),
    tlsMs: real('tls_ms'),
    firstByteMs: real('first_byte_ms'),
    statusCode: smallint('status_code'),
    errorCode: text('error_code'),
    errorMessage: text('error_message'),
    requestHeaders: json('request_headers').$type<Record<string, string>>().notNull(),
    responseHeaders: json('response_headers').$type<Record<string, string>>(),
    responseBody: text('response_body'),
    remoteAddress: text('remote_address'),
    worker: text('worker').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.deliveryId, table.id] })],
);

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    scopeId: uuid('scope_id').notNull(),
    key: text('key').notNull(),
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    projectId: uuid('project_id').$type<ProjectId>().notNull(),
    eventId: uuid('event_id').$type<EventId>().notNull(),
    fingerprint: bytea('fingerprint').notNull(),
    deliveries: integer('deliveries').notNull(),
    createdAt: moment('created_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.scopeId, table.key] }),
    index('idempotency_keys_created_at_idx').on(table.createdAt),
  ],
);
