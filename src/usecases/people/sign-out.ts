/** Ends sessions of the person who asks: this one, another one by its id, or all the others. */
import { notFound } from '../../domain/errors.ts';
import type { SessionId } from '../../domain/ids.ts';
import { deleteSession, deleteSessions } from '../../repositories/sessions.ts';
import type { Browser, PeopleDeps } from './people-deps.ts';
import { doerOf, type Person } from './person.ts';
import { recordDeed } from './record-deed.ts';

export async function signOut(deps: PeopleDeps, person: Person): Promise<void> {
  await deps.database.withAccounts(async (tx) => {
    tx.afterCommit(() => deps.announceChange({ kind: 'people', userId: person.userId }));
    // That it ended already is what was asked for.
    await deleteSession(tx, person.userId, person.sessionId);
  });
}

/** Throws AppError `not_found`, also for a session of somebody else. */
export async function revokeSession(
  deps: PeopleDeps,
  person: Person,
  id: SessionId,
): Promise<void> {
  await deps.database.withAccounts(async (tx) => {
    if (!(await deleteSession(tx, person.userId, id))) throw notFound('session', id);
    tx.afterCommit(() => deps.announceChange({ kind: 'people', userId: person.userId }));
  });
}

/** Everywhere, here included; answers how many sessions ended. */
export async function signOutEverywhere(
  deps: PeopleDeps,
  person: Person,
  browser: Browser,
): Promise<number> {
  return deps.database.withAccounts(async (tx) => {
    tx.afterCommit(() => deps.announceChange({ kind: 'people', userId: person.userId }));
    await recordDeed(deps, tx, doerOf(person), browser, 'member.signed_out_everywhere');
    return deleteSessions(tx, person.userId, null);
  });
}
