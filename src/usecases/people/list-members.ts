/** The people of a tenant: all of them, newest accounts first, or one. */
import { notFound } from '../../domain/errors.ts';
import type { UserId } from '../../domain/ids.ts';
import { findMember as findRow, listMembers as listRows } from '../../repositories/memberships.ts';
import { type Ctx, requireScope } from '../context.ts';
import { type Page, toPage } from '../cursors.ts';
import type { Member, MemberListQuery } from './schemas.ts';
import { toMember } from './views.ts';

export async function listMembers(ctx: Ctx, query: MemberListQuery): Promise<Page<Member>> {
  requireScope(ctx, 'members:read');
  const filter = { before: query.cursor ?? null, limit: query.limit + 1 };
  const rows = await ctx.deps.database.withTenant(ctx.tenantId, (tx) => listRows(tx, filter));
  return toPage(rows, query.limit, toMember);
}

export async function findMember(ctx: Ctx, id: UserId): Promise<Member> {
  requireScope(ctx, 'members:read');
  const row = await ctx.deps.database.withTenant(ctx.tenantId, (tx) => findRow(tx, id));
  if (row === null) throw notFound('member', id);
  return toMember(row);
}
