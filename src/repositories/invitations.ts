/** Invitations: managed within the tenant, accepted as the accounts role by who has the link. */
import { and, count, desc, eq, gt, lt, sql } from 'drizzle-orm';
import { invitations, users } from '../../db/schema/people.ts';
import { tenants } from '../../db/schema/tenants.ts';
import type { InvitationId, TenantId, UserId } from '../domain/ids.ts';
import type { Role } from '../domain/roles.ts';
import type { AccountsTx, TenantTx } from './transactions.ts';

export type InvitationRow = {
  id: InvitationId;
  email: string;
  role: Role;
  /** The name of who invited; null when it was an API key or the person is no member any more. */
  invitedBy: string | null;
  createdAt: Date;
  expiresAt: Date;
};

/** In place of an earlier one for the same e-mail. */
export async function insertInvitation(
  tx: TenantTx,
  values: {
    id: InvitationId;
    email: string;
    role: Role;
    tokenHash: Uint8Array;
    invitedBy: UserId | null;
    forMs: number;
  },
): Promise<void> {
  const { forMs, ...rest } = values;
  await tx.run(
    'insertInvitation',
    tx.db
      .delete(invitations)
      .where(and(eq(invitations.tenantId, tx.tenantId), eq(invitations.email, rest.email))),
  );
  const expiresAt = sql`now() + make_interval(secs => ${forMs / 1_000})`;
  await tx.run(
    'insertInvitation',
    tx.db.insert(invitations).values({ ...rest, tenantId: tx.tenantId, expiresAt }),
  );
}

const living = (tx: TenantTx) =>
  and(eq(invitations.tenantId, tx.tenantId), gt(invitations.expiresAt, sql`now()`));

const ofTenant = (tx: TenantTx) =>
  tx.db
    .select({
      id: invitations.id,
      email: invitations.email,
      role: invitations.role,
      invitedBy: users.name,
      createdAt: invitations.createdAt,
      expiresAt: invitations.expiresAt,
    })
    .from(invitations)
    .leftJoin(users, eq(users.id, invitations.invitedBy));

/** Newest first; those that have run out are not seen. */
export function listInvitations(
  tx: TenantTx,
  filter: { before: InvitationId | null; limit: number },
): Promise<InvitationRow[]> {
  const before = filter.before === null ? undefined : lt(invitations.id, filter.before);
  return tx.run(
    'listInvitations',
    ofTenant(tx)
      .where(and(living(tx), before))
      .orderBy(desc(invitations.id))
      .limit(filter.limit),
  );
}

export async function findInvitation(
  tx: TenantTx,
  id: InvitationId,
): Promise<InvitationRow | null> {
  const [row] = await tx.run(
    'findInvitation',
    ofTenant(tx).where(and(living(tx), eq(invitations.id, id))),
  );
  return row ?? null;
}

export async function countInvitations(tx: TenantTx): Promise<number> {
  const [row] = await tx.run(
    'countInvitations',
    tx.db.select({ open: count() }).from(invitations).where(living(tx)),
  );
  return row?.open ?? 0;
}

/** False when there was none. */
export async function deleteInvitation(tx: TenantTx, id: InvitationId): Promise<boolean> {
  const rows = await tx.run(
    'deleteInvitation',
    tx.db
      .delete(invitations)
      .where(and(living(tx), eq(invitations.id, id)))
      .returning({ id: invitations.id }),
  );
  return rows.length > 0;
}

export type OpenInvitation = {
  tenantId: TenantId;
  tenantName: string;
  tenantSlug: string;
  email: string;
  role: Role;
  /** A name; null when it was an API key. */
  invitedBy: string | null;
  expiresAt: Date;
};

/** By the link alone: its tenant is not known before. */
export async function findOpenInvitation(
  tx: AccountsTx,
  tokenHash: Uint8Array,
): Promise<OpenInvitation | null> {
  const [row] = await tx.run(
    'findOpenInvitation',
    tx.db
      .select({
        tenantId: invitations.tenantId,
        tenantName: tenants.name,
        tenantSlug: tenants.slug,
        email: invitations.email,
        role: invitations.role,
        invitedBy: users.name,
        expiresAt: invitations.expiresAt,
      })
      .from(invitations)
      .innerJoin(tenants, eq(tenants.id, invitations.tenantId))
      .leftJoin(users, eq(users.id, invitations.invitedBy))
      .where(and(eq(invitations.tokenHash, tokenHash), gt(invitations.expiresAt, sql`now()`))),
  );
  return row ?? null;
}

/** False when it was taken or withdrawn meanwhile: two at once cannot both have it. */
export async function takeOpenInvitation(tx: AccountsTx, tokenHash: Uint8Array): Promise<boolean> {
  const rows = await tx.run(
    'takeOpenInvitation',
    tx.db
      .delete(invitations)
      .where(and(eq(invitations.tokenHash, tokenHash), gt(invitations.expiresAt, sql`now()`)))
      .returning({ tenantId: invitations.tenantId }),
  );
  return rows.length > 0;
}
