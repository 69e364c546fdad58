/** What is asked of the audit log as its repository takes it, and an entry as clients see it. */
import { auditTargetKind } from '../../domain/audit-log.ts';
import type { AuditEntryId } from '../../domain/ids.ts';
import type { AuditFilter, AuditRow } from '../../repositories/audit-log.ts';
import { boundProject, type Ctx, requireProject } from '../context.ts';
import { idRange } from '../cursors.ts';
import { typeFilter } from '../type-filter.ts';
import type { AuditEntry, AuditExportQuery } from './schemas.ts';

type Search = Omit<AuditExportQuery, 'format'> & { cursor?: AuditEntryId | undefined };

/** A credential that is bound to a project sees what belongs to that one. */
export function toAuditFilter(ctx: Ctx, search: Search): AuditFilter {
  const isTenantWide = search.projectId === undefined && boundProject(ctx) === null;
  return {
    projectId: isTenantWide ? null : requireProject(ctx, search.projectId),
    action: typeFilter(search.action),
    actorKind: search.actorKind ?? null,
    actorId: search.actorId ?? null,
    targetId: search.targetId ?? null,
    text: search.q?.toLowerCase() ?? null,
    range: idRange(search),
  };
}

export function toAuditEntry(row: AuditRow): AuditEntry {
  return {
    id: row.id,
    at: row.at.toISOString(),
    actor: { kind: row.actorKind, id: row.actorId, label: row.actorLabel },
    action: row.action,
    target: { kind: auditTargetKind(row.action), id: row.targetId, label: row.targetLabel },
    projectId: row.projectId,
    before: row.before,
    after: row.after,
    requestId: row.requestId,
    remoteAddress: row.remoteAddress,
  };
}
