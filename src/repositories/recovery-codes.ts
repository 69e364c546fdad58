/** Recovery codes of a person: hashes, each gone with its use. */
import { and, count, eq } from 'drizzle-orm';
import { recoveryCodes } from '../../db/schema/people.ts';
import type { UserId } from '../domain/ids.ts';
import type { AccountsTx } from './transactions.ts';

/** In place of all that there were; none takes them all away. */
export async function replaceRecoveryCodes(
  tx: AccountsTx,
  userId: UserId,
  hashes: readonly Uint8Array[],
): Promise<void> {
  await tx.run(
    'replaceRecoveryCodes',
    tx.db.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId)),
  );
  if (hashes.length === 0) return;
  const rows = hashes.map((codeHash) => ({ userId, codeHash }));
  await tx.run('replaceRecoveryCodes', tx.db.insert(recoveryCodes).values(rows));
}

/** False when there was no such code, or it was used: two at once cannot both have it. */
export async function deleteRecoveryCode(
  tx: AccountsTx,
  userId: UserId,
  codeHash: Uint8Array,
): Promise<boolean> {
  const rows = await tx.run(
    'deleteRecoveryCode',
    tx.db
      .delete(recoveryCodes)
      .where(and(eq(recoveryCodes.userId, userId), eq(recoveryCodes.codeHash, codeHash)))
      .returning({ userId: recoveryCodes.userId }),
  );
  return rows.length > 0;
}

export async function countRecoveryCodes(tx: AccountsTx, userId: UserId): Promise<number> {
  const [row] = await tx.run(
    'countRecoveryCodes',
    tx.db.select({ left: count() }).from(recoveryCodes).where(eq(recoveryCodes.userId, userId)),
  );
  return row?.left ?? 0;
}
