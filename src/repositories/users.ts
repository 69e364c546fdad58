/** People, as the accounts role: what identifies them, and how they prove it. */
import { and, eq, isNull, lt, or, sql } from 'drizzle-orm';
import { users } from '../../db/schema/people.ts';
import type { UserId } from '../domain/ids.ts';
import type { AccountsTx } from './transactions.ts';

export type UserRow = typeof users.$inferSelect;

/** Held until the transaction ends: whether there is an account yet is decided one at a time. */
export async function lockFirstAccount(tx: AccountsTx): Promise<void> {
  await tx.run(
    'lockFirstAccount',
    tx.sql`select pg_advisory_xact_lock(hashtext('opsforge.first-account'))`,
  );
}

export async function hasUsers(tx: AccountsTx): Promise<boolean> {
  const rows = await tx.run('hasUsers', tx.db.select({ id: users.id }).from(users).limit(1));
  return rows.length > 0;
}

export async function findUserByEmail(tx: AccountsTx, email: string): Promise<UserRow | null> {
  const [row] = await tx.run(
    'findUserByEmail',
    tx.db.select().from(users).where(eq(users.email, email)),
  );
  return row ?? null;
}

export async function findUser(tx: AccountsTx, id: UserId): Promise<UserRow | null> {
  const [row] = await tx.run('findUser', tx.db.select().from(users).where(eq(users.id, id)));
  return row ?? null;
}

/** Locked: what follows is decided by what the person can prove now. */
export async function lockUser(tx: AccountsTx, id: UserId): Promise<UserRow | null> {
  const [row] = await tx.run(
    'lockUser',
    tx.db.select().from(users).where(eq(users.id, id)).for('update'),
  );
  return row ?? null;
}

/** False when somebody has the e-mail already. */
export async function insertUser(
  tx: AccountsTx,
  values: Pick<UserRow, 'id' | 'email' | 'name' | 'passwordHash' | 'emailVerifiedAt'>,
): Promise<boolean> {
  const rows = await tx.run(
    'insertUser',
    tx.db
      .insert(users)
      .values({ ...values, passwordChangedAt: values.passwordHash === null ? null : sql`now()` })
      .onConflictDoNothing({ target: users.email })
      .returning({ id: users.id }),
  );
  return rows.length > 0;
}

export async function updateUserName(tx: AccountsTx, id: UserId, name: string): Promise<void> {
  await tx.run('updateUserName', tx.db.update(users).set({ name }).where(eq(users.id, id)));
}

/** `verified`: who sets it has shown that the e-mail is theirs. */
export async function updatePassword(
  tx: AccountsTx,
  id: UserId,
  passwordHash: string | null,
  { verified }: { verified: boolean },
): Promise<void> {
  const seen = verified ? { emailVerifiedAt: sql`coalesce(email_verified_at, now())` } : {};
  await tx.run(
    'updatePassword',
    tx.db
      .update(users)
      .set({ passwordHash, passwordChangedAt: sql`now()`, ...seen })
      .where(eq(users.id, id)),
  );
}

/** A secret that is not confirmed yet; false when one is confirmed. */
export async function updateTotpSecret(
  tx: AccountsTx,
  id: UserId,
  totpSecretEncrypted: Uint8Array,
): Promise<boolean> {
  const rows = await tx.run(
    'updateTotpSecret',
    tx.db
      .update(users)
      .set({ totpSecretEncrypted, totpLastStep: null })
      .where(and(eq(users.id, id), isNull(users.totpConfirmedAt)))
      .returning({ id: users.id }),
  );
  return rows.length > 0;
}

/** False when this code, or one after it, was taken before. */
export async function updateTotpStep(tx: AccountsTx, id: UserId, step: number): Promise<boolean> {
  const rows = await tx.run(
    'updateTotpStep',
    tx.db
      .update(users)
      .set({ totpLastStep: step, totpConfirmedAt: sql`coalesce(totp_confirmed_at, now())` })
      .where(and(eq(users.id, id), or(isNull(users.totpLastStep), lt(users.totpLastStep, step))))
      .returning({ id: users.id }),
  );
  return rows.length > 0;
}

export async function clearTotp(tx: AccountsTx, id: UserId): Promise<void> {
  await tx.run(
    'clearTotp',
    tx.db
      .update(users)
      .set({ totpSecretEncrypted: null, totpConfirmedAt: null, totpLastStep: null })
      .where(eq(users.id, id)),
  );
}
