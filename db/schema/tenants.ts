/** Tenants, projects, credentials. Twin of db/migrations; `scripts/verify` compares the two. */
import { sql } from 'drizzle-orm';
import {
  boolean,
  customType,
  integer,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { ApiKeyId, ProjectId, TenantId, WorkerId } from '../../src/domain/ids.ts';
import type { Scope } from '../../src/domain/scopes.ts';

export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => 'bytea',
});

/** timestamptz as a Date. */
export const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const installation = pgTable('installation', {
  singleton: boolean('singleton').primaryKey().default(true),
  secretKeyId: text('secret_key_id').notNull(),
  createdAt: moment('created_at').notNull().defaultNow(),
});

export const tenants = pgTable('tenants', {
  id: uuid('id').$type<TenantId>().primaryKey(),
  name: text('name').notNull(),
  slug: text('slug').notNull().unique(),
  createdAt: moment('created_at').notNull().defaultNow(),
});

export const projects = pgTable(
  'projects',
  {
    id: uuid('id').$type<ProjectId>().notNull(),
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    name: text('name').notNull(),
    slug: text('slug').notNull(),
    createdAt: moment('created_at').notNull().defaultNow(),
    deletedAt: moment('deleted_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('projects_slug_idx').on(table.tenantId, table.slug).where(sql`deleted_at is null`),
  ],
);

export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid('id').$type<ApiKeyId>().notNull(),
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    projectId: uuid('project_id').$type<ProjectId>(),
    name: text('name').notNull(),
    keyHash: bytea('key_hash').notNull().unique(),
    keyHint: text('key_hint').notNull(),
    scopes: text('scopes').array().$type<Scope[]>().notNull(),
    rateLimitPerSecond: integer('rate_limit_per_second'),
    expiresAt: moment('expires_at'),
    lastUsedAt: moment('last_used_at'),
    createdAt: moment('created_at').notNull().defaultNow(),
    revokedAt: moment('revoked_at'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] })],
);

export const workers = pgTable('workers', {
  id: uuid('id').$type<WorkerId>().primaryKey(),
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  region: text('region').notNull(),
  version: text('version').notNull(),
  shardsLed: smallint('shards_led').notNull().default(0),
  startedAt: moment('started_at').notNull().defaultNow(),
  seenAt: moment('seen_at').notNull().defaultNow(),
});
