/** Deletes sessions, links and counts of tries that have run out, in small statements. */
import { deleteExpiredTokens } from '../../repositories/one-time-tokens.ts';
import { deleteExpiredSessions } from '../../repositories/sessions.ts';
import { deleteExpiredAttempts } from '../../repositories/sign-in-throttles.ts';
import type { AccountsTx } from '../../repositories/transactions.ts';
import type { Deps } from '../context.ts';

/** A few milliseconds. */
const rowsMax = 5_000;
/** Of one table in one round; what is left waits an hour and counts for nothing. */
const statementsMax = 100;

export async function trimExpiredPeople({ database }: Pick<Deps, 'database'>): Promise<void> {
  const trims: ((tx: AccountsTx) => Promise<number>)[] = [
    (tx) => deleteExpiredSessions(tx, rowsMax),
    (tx) => deleteExpiredTokens(tx, rowsMax),
    (tx) => deleteExpiredAttempts(tx, rowsMax),
  ];
  for (const trim of trims) {
    for (let statement = 0; statement < statementsMax; statement += 1) {
      if ((await database.withAccounts(trim)) < rowsMax) break;
    }
  }
}
