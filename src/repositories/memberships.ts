/** Who belongs to a tenant: made by the accounts role, managed within the tenant. */
import { and, asc, desc, eq, lt } from 'drizzle-orm';
import { memberships, users } from '../../db/schema/people.ts';
import type { TenantId, UserId } from '../domain/ids.ts';
import type { Role } from '../domain/roles.ts';
import type { AccountsTx, TenantTx } from './transactions.ts';

/** False when the person is a member already, whatever the role. */
export async function insertMembership(
  tx: AccountsTx,
  values: { tenantId: TenantId; userId: UserId; role: Role },
): Promise<boolean> {
  const rows = await tx.run(
    'insertMembership',
    tx.db
      .insert(memberships)
      .values(values)
      .onConflictDoNothing({ target: [memberships.tenantId, memberships.userId] })
      .returning({ userId: memberships.userId }),
  );
  return rows.length > 0;
}

export type MemberRow = {
  id: UserId;
  email: string;
  name: string;
  role: Role;
  totpConfirmedAt: Date | null;
  createdAt: Date;
};

const shown = {
  id: memberships.userId,
  email: users.email,
  name: users.name,
  role: memberships.role,
  totpConfirmedAt: users.totpConfirmedAt,
  createdAt: memberships.createdAt,
};

/** Newest accounts first. */
export function listMembers(
  tx: TenantTx,
  filter: { before: UserId | null; limit: number },
): Promise<MemberRow[]> {
  return tx.run(
    'listMembers',
    tx.db
      .select(shown)
      .from(memberships)
      .innerJoin(users, eq(users.id, memberships.userId))
      .where(
        and(
          eq(memberships.tenantId, tx.tenantId),
          filter.before === null ? undefined : lt(memberships.userId, filter.before),
        ),
      )
      .orderBy(desc(memberships.userId))
      .limit(filter.limit),
  );
}

export async function findMember(tx: TenantTx, id: UserId): Promise<MemberRow | null> {
  const [row] = await tx.run(
    'findMember',
    tx.db
      .select(shown)
      .from(memberships)
      .innerJoin(users, eq(users.id, memberships.userId))
      .where(and(eq(memberships.tenantId, tx.tenantId), eq(memberships.userId, id))),
  );
  return row ?? null;
}

export async function findMemberByEmail(tx: TenantTx, email: string): Promise<MemberRow | null> {
  const [row] = await tx.run(
    'findMemberByEmail',
    tx.db
      .select(shown)
      .from(memberships)
      .innerJoin(users, eq(users.id, memberships.userId))
      .where(and(eq(memberships.tenantId, tx.tenantId), eq(users.email, email))),
  );
  return row ?? null;
}

/** Locked in one order, so that two owners cannot take each other's place away at once. */
export async function lockOwners(tx: TenantTx): Promise<UserId[]> {
  const rows = await tx.run(
    'lockOwners',
    tx.db
      .select({ id: memberships.userId })
      .from(memberships)
      .where(and(eq(memberships.tenantId, tx.tenantId), eq(memberships.role, 'owner')))
      .orderBy(asc(memberships.userId))
      .for('update'),
  );
  return rows.map(({ id }) => id);
}

/** False when there is no such member. */
export async function updateMemberRole(tx: TenantTx, id: UserId, role: Role): Promise<boolean> {
  const rows = await tx.run(
    'updateMemberRole',
    tx.db
      .update(memberships)
      .set({ role })
      .where(and(eq(memberships.tenantId, tx.tenantId), eq(memberships.userId, id)))
      .returning({ id: memberships.userId }),
  );
  return rows.length > 0;
}

/** False when there was no such member. */
export async function deleteMember(tx: TenantTx, id: UserId): Promise<boolean> {
  const rows = await tx.run(
    'deleteMember',
    tx.db
      .delete(memberships)
      .where(and(eq(memberships.tenantId, tx.tenantId), eq(memberships.userId, id)))
      .returning({ id: memberships.userId }),
  );
  return rows.length > 0;
}
