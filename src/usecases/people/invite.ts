/** Invitations to a tenant: made with a link that is shown once and mailed where mail is sent. */
import { AppError, notFound } from '../../domain/errors.ts';
import { type InvitationId, newId } from '../../domain/ids.ts';
import { generateToken, hashNewToken } from '../../domain/secret-tokens.ts';
import {
  countInvitations,
  deleteInvitation,
  findInvitation as findRow,
  insertInvitation,
  listInvitations as listRows,
} from '../../repositories/invitations.ts';
import { findMemberByEmail } from '../../repositories/memberships.ts';
import { findTenantName } from '../../repositories/tenants.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { type Page, toPage } from '../cursors.ts';
import { requireRoleGrantable } from './grantable-roles.ts';
import { invitationMail } from './mails.ts';
import type { Invitation, InvitationInput, InvitationListQuery, NewInvitation } from './schemas.ts';
import { toInvitation } from './views.ts';

const lifetimeDays = 7;
/** Open ones of a tenant: nobody has so many colleagues to come, and each may send a mail. */
const invitationsMax = 200;

/**
 * An earlier one for the same e-mail is void. Throws AppError `forbidden`, or `conflict` when the
 * person is a member or too many are open.
 */
export async function createInvitation(ctx: Ctx, input: InvitationInput): Promise<NewInvitation> {
  requireScope(ctx, 'members:write');
  requireRoleGrantable(ctx, input.role);
  const { clock, database, mail } = ctx.deps;
  const { email, role } = input;
  const token = generateToken();
  const id = newId<InvitationId>(clock.databaseNow());
  const { row, tenantName } = await database.withTenant(ctx.tenantId, async (tx) => {
    if ((await findMemberByEmail(tx, email)) !== null) {
      throw new AppError('conflict', `${email} is a member already.`);
    }
    await insertInvitation(tx, {
      ...{ id, email, role, tokenHash: hashNewToken(token), forMs: lifetimeDays * 86_400_000 },
      invitedBy: ctx.actor.kind === 'member' ? ctx.actor.userId : null,
    });
    if ((await countInvitations(tx)) > invitationsMax) {
      const detail = `At most ${invitationsMax} invitations may be open: withdraw some first.`;
      throw new AppError('conflict', detail);
    }
    const row = await findRow(tx, id);
    if (row === null) throw new Error('an inserted invitation came back as no row');
    await recordChange(tx, ctx, {
      action: 'invitation.created',
      target: { id, label: email },
      projectId: null,
      after: toInvitation(row),
    });
    return { row, tenantName: await findTenantName(tx) };
  });
  const link = `${ctx.deps.publicUrl()}/invitation?token=${token}`;
  const { invitedBy } = row;
  const about = { tenantName: tenantName ?? '', invitedBy, role, days: lifetimeDays };
  mail?.(invitationMail(email, about, link));
  return { ...toInvitation(row), link, mailed: mail !== null };
}

/** Newest first, open ones only. */
export async function listInvitations(
  ctx: Ctx,
  query: InvitationListQuery,
): Promise<Page<Invitation>> {
  requireScope(ctx, 'members:read');
  const filter = { before: query.cursor ?? null, limit: query.limit + 1 };
  const rows = await ctx.deps.database.withTenant(ctx.tenantId, (tx) => listRows(tx, filter));
  return toPage(rows, query.limit, toInvitation);
}

export async function findInvitation(ctx: Ctx, id: InvitationId): Promise<Invitation> {
  requireScope(ctx, 'members:read');
  const row = await ctx.deps.database.withTenant(ctx.tenantId, (tx) => findRow(tx, id));
  if (row === null) throw notFound('invitation', id);
  return toInvitation(row);
}

/** Its link is void from then on. */
export async function revokeInvitation(ctx: Ctx, id: InvitationId): Promise<void> {
  requireScope(ctx, 'members:write');
  await ctx.deps.database.withTenant(ctx.tenantId, async (tx) => {
    const row = await findRow(tx, id);
    if (row === null || !(await deleteInvitation(tx, id))) throw notFound('invitation', id);
    await recordChange(tx, ctx, {
      action: 'invitation.revoked',
      target: { id, label: row.email },
      projectId: null,
      before: toInvitation(row),
    });
  });
}
