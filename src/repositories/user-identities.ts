/** Who somebody is at a provider of single sign-on. */
import { and, eq, sql } from 'drizzle-orm';
import { userIdentities, users } from '../../db/schema/people.ts';
import type { UserId } from '../domain/ids.ts';
import type { AccountsTx } from './transactions.ts';

type Identity = { issuer: string; subject: string };

export async function findIdentityUser(
  tx: AccountsTx,
  { issuer, subject }: Identity,
): Promise<UserId | null> {
  const [row] = await tx.run(
    'findIdentityUser',
    tx.db
      .select({ userId: userIdentities.userId })
      .from(userIdentities)
      .where(and(eq(userIdentities.issuer, issuer), eq(userIdentities.subject, subject))),
  );
  return row?.userId ?? null;
}

/** False when the identity is somebody's meanwhile. */
export async function insertIdentity(
  tx: AccountsTx,
  identity: Identity & { userId: UserId },
): Promise<boolean> {
  const rows = await tx.run(
    'insertIdentity',
    tx.db
      .insert(userIdentities)
      .values(identity)
      .onConflictDoNothing()
      .returning({ userId: userIdentities.userId }),
  );
  return rows.length > 0;
}

/** The provider vouches for the e-mail; what was set before anybody did counts no more. */
export async function updateEmailVerified(tx: AccountsTx, id: UserId): Promise<void> {
  await tx.run(
    'updateEmailVerified',
    tx.db
      .update(users)
      .set({
        emailVerifiedAt: sql`now()`,
        passwordHash: null,
        passwordChangedAt: sql`now()`,
        totpSecretEncrypted: null,
        totpConfirmedAt: null,
        totpLastStep: null,
      })
      .where(eq(users.id, id)),
  );
}
