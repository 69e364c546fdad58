/**
 * Who changed what: one entry of the audit log, in the transaction of the change itself, so that
 * there is never one without the other. Every use case that changes something for a person or a key
 * calls it; tests/http/every-operation.test.ts finds the one that does not. Fields are given as
 * users see them, which is with their secrets masked.
 */
import { type AuditAction, type AuditedFields, changedFields } from '../../domain/audit-log.ts';
import { type AuditEntryId, newId, type ProjectId, type TenantId } from '../../domain/ids.ts';
import { type AuditActor, insertAuditEntry } from '../../repositories/audit-log.ts';
import type { TenantTx, WorkerTx } from '../../repositories/transactions.ts';
import type { Actor, Ctx } from '../context.ts';

type AuditedChange = {
  action: AuditAction;
  /** `label`: what people know it by, today. */
  target: { id: string; label: string };
  /** Null for what belongs to no project. */
  projectId: ProjectId | null;
  before?: AuditedFields | null;
  after?: AuditedFields | null;
  /** Fields that changed under their mask. */
  masked?: readonly string[];
};

/** An action is recorded also when it leaves everything as it is: it was asked for. */
export function recordChange(tx: TenantTx, ctx: Ctx, change: AuditedChange): Promise<void> {
  return insertAuditEntry(tx, {
    ...entryOf(ctx.tenantId, ctx.deps.clock.databaseNow(), change),
    actor: actorOf(ctx.actor),
    requestId: ctx.origin?.requestId ?? null,
    remoteAddress: ctx.origin?.remoteAddress ?? null,
  });
}

/** As `recordChange`, for settings: the same settings once more are no change. */
export async function recordUpdate(
  tx: TenantTx,
  ctx: Ctx,
  change: AuditedChange & { before: AuditedFields; after: AuditedFields },
): Promise<void> {
  const { before } = changedFields(change.before, change.after, change.masked);
  if (before === null || Object.keys(before).length === 0) return;
  await recordChange(tx, ctx, change);
}

/** What opsforge decides by itself and people would otherwise look for in vain. */
export function recordOwnChange(
  tx: WorkerTx,
  about: { tenantId: TenantId; nowMs: number },
  change: AuditedChange,
): Promise<void> {
  return insertAuditEntry(tx, {
    ...entryOf(about.tenantId, about.nowMs, change),
    actor: { kind: 'system', id: null, label: 'opsforge' },
    requestId: null,
    remoteAddress: null,
  });
}

function entryOf(tenantId: TenantId, nowMs: number, change: AuditedChange) {
  const { action, target, projectId, before = null, after = null, masked } = change;
  return {
    tenantId,
    id: newId<AuditEntryId>(nowMs),
    at: new Date(nowMs),
    action,
    targetId: target.id,
    targetLabel: target.label,
    projectId,
    ...changedFields(before, after, masked),
  };
}

function actorOf(actor: Actor): AuditActor {
  switch (actor.kind) {
    case 'api_key':
      return { kind: 'api_key', id: actor.id, label: null };
    case 'member':
      return { kind: 'member', id: actor.userId, label: actor.email };
    case 'portal':
      return { kind: 'portal', id: actor.id, label: actor.customer };
    case 'operator':
      return { kind: 'operator', id: null, label: 'command line' };
  }
}
