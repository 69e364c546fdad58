/** Counts of tries within their window, in the database: they outlive a restart. */
import { and, eq, gt, inArray, lte, sql } from 'drizzle-orm';
import { signInThrottles } from '../../db/schema/people.ts';
import type { AccountsTx } from './transactions.ts';

/**
 * Counts one more try, in a new window when the last one is over. Answers how many there are in
 * this window, this one included, and how long it still lasts.
 */
export async function countAttempt(
  tx: AccountsTx,
  key: string,
  windowMs: number,
): Promise<{ attempts: number; remainingMs: number }> {
  const [row] = await tx.run(
    'countAttempt',
    tx.sql<{ attempts: number; remaining_ms: number }[]>`
      insert into sign_in_throttles as t (key, attempts, expires_at)
      values (${key}, 1, now() + make_interval(secs => ${windowMs / 1_000}))
      on conflict (key) do update set
        attempts = case when t.expires_at <= now() then 1 else t.attempts + 1 end,
        expires_at = case when t.expires_at <= now() then excluded.expires_at else t.expires_at end
      returning attempts, (extract(epoch from expires_at - now()) * 1000)::float8 as remaining_ms`,
  );
  if (row === undefined) throw new Error('a counted try came back as no row');
  return { attempts: row.attempts, remainingMs: row.remaining_ms };
}

/** Takes one try back. */
export async function updateAttemptReturned(tx: AccountsTx, key: string): Promise<void> {
  await tx.run(
    'updateAttemptReturned',
    tx.db
      .update(signInThrottles)
      .set({ attempts: sql`${signInThrottles.attempts} - 1` })
      .where(and(eq(signInThrottles.key, key), gt(signInThrottles.attempts, 0))),
  );
}

export async function deleteAttempts(tx: AccountsTx, key: string): Promise<void> {
  await tx.run('deleteAttempts', tx.db.delete(signInThrottles).where(eq(signInThrottles.key, key)));
}

/** At most `limit`; answers how many. Index: sign_in_throttles_expires_at_idx. */
export async function deleteExpiredAttempts(tx: AccountsTx, limit: number): Promise<number> {
  const expired = tx.db
    .select({ key: signInThrottles.key })
    .from(signInThrottles)
    .where(lte(signInThrottles.expiresAt, sql`now()`))
    .limit(limit);
  const rows = await tx.run(
    'deleteExpiredAttempts',
    tx.db
      .delete(signInThrottles)
      .where(inArray(signInThrottles.key, expired))
      .returning({ key: signInThrottles.key }),
  );
  return rows.length;
}
