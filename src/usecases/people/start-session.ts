/** A new session in the transaction that decided that somebody is signed in. */
import { newId, type SessionId, type UserId } from '../../domain/ids.ts';
import { generateToken, hashNewToken } from '../../domain/secret-tokens.ts';
import { sessionLifetimeMs, sessionsMax } from '../../domain/session-times.ts';
import { deleteOldestSessions, insertSession } from '../../repositories/sessions.ts';
import type { AccountsTx } from '../../repositories/transactions.ts';
import type { Browser, PeopleDeps } from './people-deps.ts';
import type { Doer } from './person.ts';
import { recordDeed } from './record-deed.ts';

/** `token` goes into the cookie and is stored nowhere. */
export type SignedIn = { kind: 'signed_in'; userId: UserId; token: string };

/** As much as tells browsers apart in a list. */
const userAgentLengthMax = 300;

export async function startSession(
  deps: PeopleDeps,
  tx: AccountsTx,
  { id: userId, email }: Doer,
  browser: Browser,
): Promise<SignedIn> {
  const token = generateToken();
  await insertSession(tx, {
    id: newId<SessionId>(deps.clock.databaseNow()),
    userId,
    tokenHash: hashNewToken(token),
    remoteAddress: browser.remoteAddress,
    userAgent: browser.userAgent?.slice(0, userAgentLengthMax).toWellFormed() ?? null,
    lifetimeMs: sessionLifetimeMs,
  });
  await deleteOldestSessions(tx, userId, sessionsMax);
  await recordDeed(deps, tx, { id: userId, email }, browser, 'member.signed_in');
  tx.afterCommit(() => deps.announceChange({ kind: 'people', userId }));
  return { kind: 'signed_in', userId, token };
}
