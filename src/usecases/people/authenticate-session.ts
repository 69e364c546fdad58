/**
 * The cookie of a session → the person, from a cache of hashes. A session that ended, a role that
 * changed or a membership that was taken away counts at once in this process and within 1 s in the
 * others (announceChange); one that ran out, at its time.
 */
import { AppError } from '../../domain/errors.ts';
import type { SessionId, UserId } from '../../domain/ids.ts';
import { hashToken } from '../../domain/secret-tokens.ts';
import { sessionIdleMs } from '../../domain/session-times.ts';
import type { Clock } from '../../lib/clock.ts';
import { type CoherentCache, createCoherentCache } from '../../lib/coherent-cache.ts';
import { findSession, listUserMemberships } from '../../repositories/sessions.ts';
import type { Database } from '../../repositories/transactions.ts';
import { membershipsMax, type Person } from './person.ts';

export type SessionAuthenticator = {
  /** Null for what is no session, or none any more. */
  authenticate(token: string): Promise<Person | null>;
  dropPerson(userId: UserId): void;
  clear(): void;
  /** Sessions used since the last call, for `last_seen_at`. */
  takeUsed(): SessionId[];
};

type CachedSession = { person: Person; expiresAtMs: number; seenAtMs: number };

const cachedSessionsMax = 10_000;

/** Thrown by a load and not kept: a guesser would push out the good ones. */
class UnknownSession extends Error {}

export function createSessionAuthenticator(options: {
  database: Database;
  clock: Clock;
  cacheTrusted(): boolean;
}): SessionAuthenticator {
  const { database, clock } = options;
  const used = new Set<SessionId>();
  const cache: CoherentCache<string, CachedSession> = createCoherentCache({
    load: (hash) => loadSession(database, hash),
    trusted: options.cacheTrusted,
    monotonicMs: clock.monotonicMs,
    entriesMax: cachedSessionsMax,
  });

  async function find(key: string): Promise<CachedSession> {
    const nowMs = clock.databaseNow();
    const cached = await cache.get(key);
    if (Math.min(cached.expiresAtMs, cached.seenAtMs + sessionIdleMs) > nowMs) return cached;
    // Another process may have seen it meanwhile: the database says.
    cache.drop(key);
    return cache.get(key);
  }

  return {
    async authenticate(token) {
      const hash = hashToken(token);
      if (hash === null) return null;
      try {
        const found = await find(hash.toHex());
        found.seenAtMs = clock.databaseNow();
        used.add(found.person.sessionId);
        return found.person;
      } catch (error) {
        if (error instanceof UnknownSession) return null;
        throw error;
      }
    },
    dropPerson: (userId) => cache.dropWhere(({ person }) => person.userId === userId),
    clear: () => cache.clear(),
    takeUsed() {
      const taken = [...used];
      used.clear();
      return taken;
    },
  };
}

async function loadSession(database: Database, hash: string): Promise<CachedSession> {
  return database.withLookup(async (tx) => {
    const session = await findSession(tx, Uint8Array.fromHex(hash), sessionIdleMs);
    if (session === null) throw new UnknownSession();
    const { id, userId, email, name, expiresAt, lastSeenAt } = session;
    const memberships = await listUserMemberships(tx, userId, membershipsMax);
    return {
      person: { userId, sessionId: id, email, name, memberships },
      expiresAtMs: expiresAt.getTime(),
      seenAtMs: lastSeenAt.getTime(),
    };
  });
}

/** For who is signed in no more by the time that it counts. */
export function signedOut(): AppError {
  return new AppError('unauthenticated', 'Your session has ended: sign in again.');
}
