/**
 * The use cases of people on a real database. What leaves is kept to be looked at: mails, and the
 * changes that other processes hear of.
 */
import { afterAll } from 'bun:test';
import { newId, type UserId } from '../../src/domain/ids.ts';
import type { Role } from '../../src/domain/roles.ts';
import { hashNewToken } from '../../src/domain/secret-tokens.ts';
import { type Clock, createClock } from '../../src/lib/clock.ts';
import { createPasswordHasher } from '../../src/lib/password-hasher.ts';
import { type Database, openDatabase } from '../../src/repositories/transactions.ts';
import type { Change, Mail } from '../../src/usecases/context.ts';
import {
  createSessionAuthenticator,
  type SessionAuthenticator,
} from '../../src/usecases/people/authenticate-session.ts';
import type { Browser, PeopleDeps, SignUpPolicy } from '../../src/usecases/people/people-deps.ts';
import type { Person } from '../../src/usecases/people/person.ts';
import { signIn } from '../../src/usecases/people/sign-in.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { type TestTenant, testSecretBox } from './tenants.ts';

export const testPassword = 'correct horse battery';

export type TestPeople = {
  db: TestDatabase;
  clock: Clock;
  deps: PeopleDeps;
  sessions: SessionAuthenticator;
  mails: Mail[];
  changes: Change[];
  /** Milliseconds by which this process believes to be later than it is. */
  skew: { ms: number };
  depsWith(changes: Partial<PeopleDeps>): PeopleDeps;
  /** As after a restart: nothing in memory, the same database. */
  restarted(): { deps: PeopleDeps; close(): Promise<void> };
  stop(): Promise<void>;
};

let nextAddress = 1;

/** From an address of its own, so that tests do not share their tries. */
export function someBrowser(): Browser {
  nextAddress += 1;
  const remoteAddress = `198.51.${nextAddress >> 8}.${nextAddress & 255}`;
  return { requestId: crypto.randomUUID(), remoteAddress, userAgent: 'Test/1.0' };
}

export const someEmail = () => `${crypto.randomUUID()}@opsforge.test`;

/** As hooks before an `await` have it (tests/support/preload.ts). */
const hookTimeoutMs = 60_000;

/** For a whole file, ended after its last test: `const people = await startFilePeople()`. */
export async function startFilePeople(signUp: SignUpPolicy = 'open'): Promise<TestPeople> {
  const people = await startPeople(signUp);
  afterAll(() => people.stop(), hookTimeoutMs);
  return people;
}

export async function startPeople(signUp: SignUpPolicy = 'open'): Promise<TestPeople> {
  const db = await createTestDatabase();
  const skew = { ms: 0 };
  const real = createClock();
  const clock: Clock = { ...real, databaseNow: () => real.databaseNow() + skew.ms };
  const mails: Mail[] = [];
  const changes: Change[] = [];
  const build = (database: Database) => {
    const sessions = createSessionAuthenticator({ database, clock, cacheTrusted: () => true });
    const deps: PeopleDeps = {
      ...{ database, clock, secretBox: testSecretBox, signUp },
      passwords: createPasswordHasher(),
      version: '0.0.0',
      eventsKeptMs: 30 * 86_400_000,
      tellNews: () => {},
      singleSignOn: null,
      publicUrl: () => 'https://opsforge.test',
      checkOutboundUrl: async () => null,
      wakeEndpoints: () => {},
      announceChange(change) {
        changes.push(change);
        if (change.kind === 'people') sessions.dropPerson(change.userId);
      },
      mail: (mail) => void mails.push(mail),
    };
    return { deps, sessions };
  };
  const { deps, sessions } = build(db.database);
  return {
    ...{ db, clock, deps, sessions, mails, changes, skew },
    depsWith: (other) => ({ ...deps, ...other }),
    restarted() {
      const database = openDatabase({
        url: db.appUrl,
        poolSize: 2,
        applicationName: 'tests-restarted',
      });
      return { deps: build(database).deps, close: () => database.close() };
    },
    stop: () => db.drop(),
  };
}

/** Who is signed in with this token; throws when nobody is. */
export async function personOf(sessions: SessionAuthenticator, token: string): Promise<Person> {
  const person = await sessions.authenticate(token);
  if (person === null) throw new Error('nobody is signed in with this token');
  return person;
}

export type TestAccount = { userId: UserId; email: string };

let testPasswordHash: Promise<string> | null = null;

/** An account with `testPassword`, as the administrator writes it: a hash costs its time once. */
export async function createAccount(
  db: TestDatabase,
  deps: Pick<PeopleDeps, 'passwords'>,
  memberOf: readonly { tenant: TestTenant; role: Role }[] = [],
): Promise<TestAccount> {
  testPasswordHash ??= deps.passwords.hash(testPassword);
  const userId = newId<UserId>(Date.now());
  const email = someEmail();
  const hash = await testPasswordHash;
  await db.admin.sql`insert into users (id, email, name, password_hash, password_changed_at)
    values (${userId}, ${email}, 'Ada', ${hash}, now() - interval '1 day')`;
  for (const { tenant, role } of memberOf) {
    await db.admin.sql`insert into memberships (tenant_id, user_id, role)
      values (${tenant.tenantId}, ${userId}, ${role})`;
  }
  return { userId, email };
}

/** The token of a session that the administrator wrote. */
export async function createSession(db: TestDatabase, userId: UserId): Promise<string> {
  const token = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url');
  await db.admin.sql`insert into sessions (id, user_id, token_hash, expires_at)
    values (${Bun.randomUUIDv7()}, ${userId}, ${hashNewToken(token)}, now() + interval '1 day')`;
  return token;
}

/** Signs in by password alone and answers the session's token. */
export async function signInToken(
  deps: PeopleDeps,
  email: string,
  password = testPassword,
): Promise<string> {
  const result = await signIn(deps, { email, password }, someBrowser());
  if (result.kind !== 'signed_in') throw new Error('a second factor is asked for');
  return result.token;
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
}
