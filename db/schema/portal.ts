/** Portal links and settings. Twin of db/migrations; `scripts/verify` compares the two. */
import { boolean, json, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { EventFilter } from '../../src/domain/filter-problems.ts';
import type { PortalLinkId, ProjectId, TenantId } from '../../src/domain/ids.ts';
import { bytea, moment } from './tenants.ts';

export const portalLinks = pgTable(
  'portal_links',
  {
    id: uuid('id').$type<PortalLinkId>().notNull(),
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    projectId: uuid('project_id').$type<ProjectId>().notNull(),
    customer: text('customer').notNull(),
    tokenHash: bytea('token_hash').notNull().unique(),
    mayWrite: boolean('may_write').notNull(),
    eventFilter: json('event_filter').$type<EventFilter>(),
    createdAt: moment('created_at').notNull().defaultNow(),
    expiresAt: moment('expires_at').notNull(),
    revokedAt: moment('revoked_at'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] })],
);

export const portalSettings = pgTable(
  'portal_settings',
  {
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    projectId: uuid('project_id').$type<ProjectId>().notNull(),
    name: text('name'),
    color: text('color'),
    darkColor: text('dark_color'),
    frameOrigins: text('frame_origins').array().notNull().default([]),
    updatedAt: moment('updated_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.projectId] })],
);
