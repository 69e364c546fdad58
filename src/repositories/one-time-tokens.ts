/** One-time links: hashes of their tokens, each for one purpose, gone with their use. */
import { and, eq, gt, inArray, lte, sql } from 'drizzle-orm';
import { oneTimeTokens, type TokenPurpose } from '../../db/schema/people.ts';
import type { UserId } from '../domain/ids.ts';
import type { AccountsTx } from './transactions.ts';

export async function insertOneTimeToken(
  tx: AccountsTx,
  token: { purpose: TokenPurpose; userId: UserId | null; tokenHash: Uint8Array; forMs: number },
): Promise<void> {
  const { forMs, ...values } = token;
  const expiresAt = sql`now() + make_interval(secs => ${forMs / 1_000})`;
  await tx.run('insertOneTimeToken', tx.db.insert(oneTimeTokens).values({ ...values, expiresAt }));
}

const living = (purpose: TokenPurpose, tokenHash: Uint8Array) =>
  and(
    eq(oneTimeTokens.tokenHash, tokenHash),
    eq(oneTimeTokens.purpose, purpose),
    gt(oneTimeTokens.expiresAt, sql`now()`),
  );

/** Looks without using it: for a page that asks what to do. */
export async function hasOneTimeToken(
  tx: AccountsTx,
  purpose: TokenPurpose,
  tokenHash: Uint8Array,
): Promise<boolean> {
  const rows = await tx.run(
    'hasOneTimeToken',
    tx.db
      .select({ purpose: oneTimeTokens.purpose })
      .from(oneTimeTokens)
      .where(living(purpose, tokenHash)),
  );
  return rows.length > 0;
}

/** Null when there is none, or it has run out; two at once cannot both have it. */
export async function takeOneTimeToken(
  tx: AccountsTx,
  purpose: TokenPurpose,
  tokenHash: Uint8Array,
): Promise<{ userId: UserId | null } | null> {
  const [row] = await tx.run(
    'takeOneTimeToken',
    tx.db
      .delete(oneTimeTokens)
      .where(living(purpose, tokenHash))
      .returning({ userId: oneTimeTokens.userId }),
  );
  return row ?? null;
}

export async function deleteUserTokens(tx: AccountsTx, userId: UserId): Promise<void> {
  await tx.run(
    'deleteUserTokens',
    tx.db.delete(oneTimeTokens).where(eq(oneTimeTokens.userId, userId)),
  );
}

/** At most `limit`; answers how many. The table holds what was asked for within a week. */
export async function deleteExpiredTokens(tx: AccountsTx, limit: number): Promise<number> {
  const expired = tx.db
    .select({ tokenHash: oneTimeTokens.tokenHash })
    .from(oneTimeTokens)
    .where(lte(oneTimeTokens.expiresAt, sql`now()`))
    .limit(limit);
  const rows = await tx.run(
    'deleteExpiredTokens',
    tx.db
      .delete(oneTimeTokens)
      .where(inArray(oneTimeTokens.tokenHash, expired))
      .returning({ purpose: oneTimeTokens.purpose }),
  );
  return rows.length;
}
