/** Where a person is signed in, newest first. */
import type { SessionId } from '../../domain/ids.ts';
import { sessionIdleMs, sessionsMax } from '../../domain/session-times.ts';
import { listSessions as listRows } from '../../repositories/sessions.ts';
import type { PeopleDeps } from './people-deps.ts';
import type { Person } from './person.ts';

export type SessionView = {
  id: SessionId;
  isThisOne: boolean;
  remoteAddress: string | null;
  userAgent: string | null;
  createdAt: Date;
  /** Kept up to date within about a minute. */
  lastSeenAt: Date;
};

export async function listSessions(deps: PeopleDeps, person: Person): Promise<SessionView[]> {
  const options = { idleMs: sessionIdleMs, limit: sessionsMax };
  const rows = await deps.database.withAccounts((tx) => listRows(tx, person.userId, options));
  return rows.map(({ id, remoteAddress, userAgent, createdAt, lastSeenAt }) => ({
    ...{ id, remoteAddress, userAgent, createdAt, lastSeenAt },
    isThisOne: id === person.sessionId,
  }));
}
