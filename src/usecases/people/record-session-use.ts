/** Writes when sessions were last used: together and late, because nobody waits for it. */
import { updateSessionsSeen } from '../../repositories/sessions.ts';
import type { Database } from '../../repositories/transactions.ts';
import type { SessionAuthenticator } from './authenticate-session.ts';

export async function recordSessionUse(
  database: Database,
  sessions: SessionAuthenticator,
): Promise<void> {
  const ids = sessions.takeUsed();
  if (ids.length === 0) return;
  await database.withAccounts((tx) => updateSessionsSeen(tx, ids));
}
