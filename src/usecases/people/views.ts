/** Members and invitations as clients see them. */
import type { InvitationRow } from '../../repositories/invitations.ts';
import type { MemberRow } from '../../repositories/memberships.ts';
import type { Invitation, Member } from './schemas.ts';

export function toMember(row: MemberRow): Member {
  const { id, email, name, role, totpConfirmedAt, createdAt } = row;
  const secondFactor = totpConfirmedAt !== null;
  return { id, email, name, role, secondFactor, createdAt: createdAt.toISOString() };
}

export function toInvitation(row: InvitationRow): Invitation {
  const { createdAt, expiresAt, ...rest } = row;
  return { ...rest, createdAt: createdAt.toISOString(), expiresAt: expiresAt.toISOString() };
}
