/**
 * Another role for a member, or none: within a second everywhere. A tenant keeps an owner, also
 * when two owners act at once. Everybody may leave by themselves.
 */
import { AppError, notFound } from '../../domain/errors.ts';
import type { UserId } from '../../domain/ids.ts';
import {
  deleteMember,
  findMember,
  lockOwners,
  type MemberRow,
  updateMemberRole,
} from '../../repositories/memberships.ts';
import type { TenantTx } from '../../repositories/transactions.ts';
import { recordChange, recordUpdate } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireRoleGrantable } from './grantable-roles.ts';
import type { Member, MemberChanges } from './schemas.ts';
import { toMember } from './views.ts';

/** Throws AppError `forbidden`, `not_found`, or `conflict` for the last owner. */
export async function changeMember(ctx: Ctx, id: UserId, changes: MemberChanges): Promise<Member> {
  requireScope(ctx, 'members:write');
  return ctx.deps.database.withTenant(ctx.tenantId, async (tx) => {
    const row = await lockMember(ctx, tx, id, changes.role !== 'owner');
    requireRoleGrantable(ctx, row.role);
    requireRoleGrantable(ctx, changes.role);
    await updateMemberRole(tx, id, changes.role);
    const [before, after] = [toMember(row), toMember({ ...row, role: changes.role })];
    const target = { id, label: row.email };
    await recordUpdate(tx, ctx, {
      ...{ action: 'member.updated', target, projectId: null, before, after },
    });
    tx.afterCommit(() => ctx.deps.announceChange({ kind: 'people', userId: id }));
    return after;
  });
}

/** Throws AppError `forbidden`, `not_found`, or `conflict` for the last owner. */
export async function removeMember(ctx: Ctx, id: UserId): Promise<void> {
  const isSelf = ctx.actor.kind === 'member' && ctx.actor.userId === id;
  if (!isSelf) requireScope(ctx, 'members:write');
  await ctx.deps.database.withTenant(ctx.tenantId, async (tx) => {
    const row = await lockMember(ctx, tx, id, true);
    if (!isSelf) requireRoleGrantable(ctx, row.role);
    await deleteMember(tx, id);
    await recordChange(tx, ctx, {
      action: 'member.removed',
      target: { id, label: row.email },
      projectId: null,
      before: toMember(row),
    });
    tx.afterCommit(() => ctx.deps.announceChange({ kind: 'people', userId: id }));
  });
}

/** The owners are locked first: who is the last is decided one at a time. */
async function lockMember(
  ctx: Ctx,
  tx: TenantTx,
  id: UserId,
  endsOwnership: boolean,
): Promise<MemberRow> {
  const owners = await lockOwners(tx);
  const row = await findMember(tx, id);
  if (row === null) throw notFound('member', id);
  if (endsOwnership && owners.length === 1 && owners[0] === id) {
    // Who may not touch owners hears of that first.
    requireRoleGrantable(ctx, 'owner');
    throw new AppError('conflict', 'This is the last owner: make another member an owner first.');
  }
  return row;
}
