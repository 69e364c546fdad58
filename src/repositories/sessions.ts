/**
 * Sessions: looked up by the hash of their cookie as the role that sees only what that needs,
 * written as the accounts role. One that has run out is never answered.
 */
import { and, asc, desc, eq, gt, inArray, lte, ne, sql } from 'drizzle-orm';
import { memberships, sessions, users } from '../../db/schema/people.ts';
import { tenants } from '../../db/schema/tenants.ts';
import type { SessionId, TenantId, UserId } from '../domain/ids.ts';
import type { Role } from '../domain/roles.ts';
import type { AccountsTx, LookupTx } from './transactions.ts';

export type FoundSession = {
  id: SessionId;
  userId: UserId;
  email: string;
  name: string;
  expiresAt: Date;
  lastSeenAt: Date;
};

const idleSince = (idleMs: number) => sql`now() - make_interval(secs => ${idleMs / 1_000})`;

/** Index: the unique one of token_hash. */
export async function findSession(
  tx: LookupTx,
  tokenHash: Uint8Array,
  idleMs: number,
): Promise<FoundSession | null> {
  const [row] = await tx.run(
    'findSession',
    tx.db
      .select({
        id: sessions.id,
        userId: sessions.userId,
        email: users.email,
        name: users.name,
        expiresAt: sessions.expiresAt,
        lastSeenAt: sessions.lastSeenAt,
      })
      .from(sessions)
      .innerJoin(users, eq(users.id, sessions.userId))
      .where(
        and(
          eq(sessions.tokenHash, tokenHash),
          gt(sessions.expiresAt, sql`now()`),
          gt(sessions.lastSeenAt, idleSince(idleMs)),
        ),
      ),
  );
  return row ?? null;
}

/** By the tenants' names. Index: memberships_user_idx. */
export function listUserMemberships(
  tx: LookupTx | AccountsTx,
  userId: UserId,
  limit: number,
): Promise<{ tenantId: TenantId; slug: string; name: string; role: Role }[]> {
  return tx.run(
    'listUserMemberships',
    tx.db
      .select({
        tenantId: tenants.id,
        slug: tenants.slug,
        name: tenants.name,
        role: memberships.role,
      })
      .from(memberships)
      .innerJoin(tenants, eq(tenants.id, memberships.tenantId))
      .where(eq(memberships.userId, userId))
      .orderBy(asc(tenants.name), asc(tenants.id))
      .limit(limit),
  );
}

export type NewSession = Pick<
  typeof sessions.$inferSelect,
  'id' | 'userId' | 'tokenHash' | 'remoteAddress' | 'userAgent'
> & { lifetimeMs: number };

export async function insertSession(tx: AccountsTx, session: NewSession): Promise<void> {
  const { lifetimeMs, ...values } = session;
  const expiresAt = sql`now() + make_interval(secs => ${lifetimeMs / 1_000})`;
  await tx.run('insertSession', tx.db.insert(sessions).values({ ...values, expiresAt }));
}

export type SessionRow = Omit<typeof sessions.$inferSelect, 'tokenHash'>;

const shown = {
  id: sessions.id,
  userId: sessions.userId,
  remoteAddress: sessions.remoteAddress,
  userAgent: sessions.userAgent,
  createdAt: sessions.createdAt,
  lastSeenAt: sessions.lastSeenAt,
  expiresAt: sessions.expiresAt,
};

/** Those that still count, newest first. Index: sessions_user_idx. */
export function listSessions(
  tx: AccountsTx,
  userId: UserId,
  options: { idleMs: number; limit: number },
): Promise<SessionRow[]> {
  return tx.run(
    'listSessions',
    tx.db
      .select(shown)
      .from(sessions)
      .where(
        and(
          eq(sessions.userId, userId),
          gt(sessions.expiresAt, sql`now()`),
          gt(sessions.lastSeenAt, idleSince(options.idleMs)),
        ),
      )
      .orderBy(desc(sessions.id))
      .limit(options.limit),
  );
}

/** False when the person has no such session. */
export async function deleteSession(
  tx: AccountsTx,
  userId: UserId,
  id: SessionId,
): Promise<boolean> {
  const rows = await tx.run(
    'deleteSession',
    tx.db
      .delete(sessions)
      .where(and(eq(sessions.userId, userId), eq(sessions.id, id)))
      .returning({ id: sessions.id }),
  );
  return rows.length > 0;
}

/** Every session of the person, but for `kept`; answers how many. */
export async function deleteSessions(
  tx: AccountsTx,
  userId: UserId,
  kept: SessionId | null,
): Promise<number> {
  const rows = await tx.run(
    'deleteSessions',
    tx.db
      .delete(sessions)
      .where(and(eq(sessions.userId, userId), kept === null ? undefined : ne(sessions.id, kept)))
      .returning({ id: sessions.id }),
  );
  return rows.length;
}

/** All but the newest. Index: sessions_user_idx. */
export async function deleteOldestSessions(
  tx: AccountsTx,
  userId: UserId,
  keptMax: number,
): Promise<void> {
  const surplus = tx.db
    .select({ id: sessions.id })
    .from(sessions)
    .where(eq(sessions.userId, userId))
    .orderBy(desc(sessions.id))
    .offset(keptMax);
  await tx.run('deleteOldestSessions', tx.db.delete(sessions).where(inArray(sessions.id, surplus)));
}

export async function updateSessionsSeen(tx: AccountsTx, ids: SessionId[]): Promise<void> {
  await tx.run(
    'updateSessionsSeen',
    tx.db.update(sessions).set({ lastSeenAt: sql`now()` }).where(inArray(sessions.id, ids)),
  );
}

/** Of everybody, at most `limit`; answers how many. Index: sessions_expires_at_idx. */
export async function deleteExpiredSessions(tx: AccountsTx, limit: number): Promise<number> {
  const expired = tx.db
    .select({ id: sessions.id })
    .from(sessions)
    .where(lte(sessions.expiresAt, sql`now()`))
    .limit(limit);
  const rows = await tx.run(
    'deleteExpiredSessions',
    tx.db.delete(sessions).where(inArray(sessions.id, expired)).returning({ id: sessions.id }),
  );
  return rows.length;
}
