/** The audit log. Twin of db/migrations; `scripts/verify` compares the two. */
import { index, json, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { AuditAction, AuditActorKind } from '../../src/domain/audit-log.ts';
import type { AuditEntryId, ProjectId, TenantId } from '../../src/domain/ids.ts';
import { moment } from './tenants.ts';

export const auditLog = pgTable(
  'audit_log',
  {
    id: uuid('id').$type<AuditEntryId>().notNull(),
    tenantId: uuid('tenant_id').$type<TenantId>().notNull(),
    at: moment('at').notNull(),
    actorKind: text('actor_kind').$type<AuditActorKind>().notNull(),
    actorId: uuid('actor_id'),
    actorLabel: text('actor_label').notNull(),
    action: text('action').$type<AuditAction>().notNull(),
    targetId: uuid('target_id').notNull(),
    targetLabel: text('target_label').notNull(),
    projectId: uuid('project_id').$type<ProjectId>(),
    before: json('before').$type<Record<string, unknown>>(),
    after: json('after').$type<Record<string, unknown>>(),
    requestId: text('request_id'),
    remoteAddress: text('remote_address'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index('audit_log_target_idx').on(table.tenantId, table.targetId, table.id),
    index('audit_log_actor_idx').on(table.tenantId, table.actorId, table.id),
    index('audit_log_project_idx').on(table.tenantId, table.projectId, table.id),
    index('audit_log_at_idx').on(table.at),
  ],
);
