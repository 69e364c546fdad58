import { describe, expect, test } from 'bun:test';
import { AppError } from '../../../src/domain/errors.ts';
import { sessionIdleMs, sessionLifetimeMs } from '../../../src/domain/session-times.ts';
import { attemptLimits } from '../../../src/domain/sign-in-limits.ts';
import { createWakeUps } from '../../../src/repositories/wake-ups.ts';
import type { Change } from '../../../src/usecases/context.ts';
import { createSessionAuthenticator } from '../../../src/usecases/people/authenticate-session.ts';
import { listSessions } from '../../../src/usecases/people/list-sessions.ts';
import { recordSessionUse } from '../../../src/usecases/people/record-session-use.ts';
import { signIn } from '../../../src/usecases/people/sign-in.ts';
import {
  revokeSession,
  signOut,
  signOutEverywhere,
} from '../../../src/usecases/people/sign-out.ts';
import {
  codeOf,
  createAccount,
  personOf,
  signInToken,
  someBrowser,
  someEmail,
  startFilePeople,
  testPassword,
} from '../../support/people.ts';
import { createTenant } from '../../support/tenants.ts';

const people = await startFilePeople();

const account = () => createAccount(people.db, people.deps);
const trySignIn = (email: string, password: string, browser = someBrowser()) =>
  signIn(people.deps, { email, password }, browser);

async function errorOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(() => null).catch((thrown: unknown) => thrown);
  if (error instanceof AppError) return error;
  throw new Error(`no AppError but ${String(error)}`);
}

describe('signing in', () => {
  test('makes a session that says who it is and what they belong to, by name', async () => {
    const [second, first] = await Promise.all([
      createTenant(people.db.database),
      createTenant(people.db.database),
    ]);
    const ada = await createAccount(people.db, people.deps, [
      { tenant: second, role: 'viewer' },
      { tenant: first, role: 'owner' },
    ]);
    const token = await signInToken(people.deps, ` ${ada.email.toUpperCase()} `);
    const person = await personOf(people.sessions, token);
    expect(person).toMatchObject({ ...ada, name: 'Ada' });
    const names = [first.name, second.name].toSorted();
    expect(person.memberships.map(({ name }) => name)).toEqual(names);
    const [row] = await people.db.admin.sql`select * from sessions where id = ${person.sessionId}`;
    expect(JSON.stringify(row)).not.toContain(token);
    expect(row).toMatchObject({ user_agent: 'Test/1.0' });
  });

  test('answers an unknown e-mail as it answers a wrong password', async () => {
    const { email } = await account();
    const wrong = await errorOf(trySignIn(email, 'not the password'));
    const unknown = await errorOf(trySignIn(someEmail(), testPassword));
    const strange = await errorOf(trySignIn('no\0address', testPassword));
    expect(wrong.code).toBe('unauthenticated');
    for (const other of [unknown, strange]) {
      expect([other.code, other.message]).toEqual([wrong.code, wrong.message]);
    }
  });

  test('hashes a password for an e-mail that nobody has as well', async () => {
    const verified: (string | null)[] = [];
    const deps = people.depsWith({
      passwords: {
        ...people.deps.passwords,
        verify: async (_password, hash) => {
          verified.push(hash);
          return false;
        },
      },
    });
    await codeOf(signIn(deps, { email: someEmail(), password: 'x' }, someBrowser()));
    expect(verified).toEqual([null]);
  });

  test('takes no account without a password, nor a password too long to hash', async () => {
    const { email, userId } = await account();
    expect(await codeOf(trySignIn(email, 'x'.repeat(201)))).toBe('unauthenticated');
    await people.db.admin.sql`update users set password_hash = null where id = ${userId}`;
    expect(await codeOf(trySignIn(email, ''))).toBe('unauthenticated');
  });
});

describe('guessing', () => {
  const { attemptsMax } = attemptLimits.sign_in_account;

  test('at one account ends with 429 from any address, also after a restart', async () => {
    const { email } = await account();
    const guesses = Array.from({ length: attemptsMax }, () => codeOf(trySignIn(email, 'guess')));
    expect(new Set(await Promise.all(guesses))).toEqual(new Set(['unauthenticated']));
    const refused = await errorOf(trySignIn(email, testPassword));
    expect(refused.code).toBe('rate_limited');
    expect(refused.retryAfterMs).toBeGreaterThan(14 * 60_000);
    expect(refused.retryAfterMs).toBeLessThanOrEqual(15 * 60_000);

    const restarted = people.restarted();
    const again = signIn(restarted.deps, { email, password: testPassword }, someBrowser());
    expect(await codeOf(again)).toBe('rate_limited');
    await restarted.close();
  });

  test('counts an e-mail that nobody has in the same way', async () => {
    const email = someEmail();
    for (let guess = 0; guess < attemptsMax; guess += 1) {
      expect(await codeOf(trySignIn(email, 'guess'))).toBe('unauthenticated');
    }
    expect(await codeOf(trySignIn(email, 'guess'))).toBe('rate_limited');
  });

  test('at many accounts from one address ends with 429 there, and not elsewhere', async () => {
    const browser = someBrowser();
    const { email } = await account();
    await people.db.admin.sql`
      insert into sign_in_throttles values (
        ${`sign_in_address:${Bun.SHA256.hash(browser.remoteAddress ?? '', 'hex')}`},
        ${attemptLimits.sign_in_address.attemptsMax}, now() + interval '5 minutes')`;
    expect(await codeOf(trySignIn(email, testPassword, browser))).toBe('rate_limited');
    expect(await codeOf(trySignIn(email, testPassword))).toBe('done');
  });

  test('is forgotten by the right password, and after its time', async () => {
    const { email } = await account();
    for (let round = 0; round < 3; round += 1) {
      for (let guess = 1; guess < attemptsMax / 2; guess += 1) {
        await codeOf(trySignIn(email, 'guess'));
      }
      expect(await codeOf(trySignIn(email, testPassword))).toBe('done');
    }
    const key = `sign_in_account:${Bun.SHA256.hash(email, 'hex')}`;
    await people.db.admin.sql`insert into sign_in_throttles values (${key}, 99, now())`;
    expect(await codeOf(trySignIn(email, testPassword))).toBe('done');
  });
});

describe('a session', () => {
  const signedIn = async () => {
    const { email } = await account();
    const token = await signInToken(people.deps, email);
    return { email, token, person: await personOf(people.sessions, token) };
  };

  test('ends with signing out, and only this one', async () => {
    const one = await signedIn();
    const other = await signInToken(people.deps, one.email);
    await signOut(people.deps, one.person);
    expect(await people.sessions.authenticate(one.token)).toBeNull();
    expect(await people.sessions.authenticate(other)).not.toBeNull();
  });

  test('is listed with its browser, and revoked by its id, but not by others', async () => {
    const one = await signedIn();
    const other = await signInToken(people.deps, one.email);
    const listed = await listSessions(people.deps, one.person);
    expect(listed.map(({ isThisOne }) => isThisOne)).toEqual([false, true]);
    const [target] = listed;
    if (target === undefined) throw new Error('no session is listed');
    const stranger = await signedIn();
    expect(await codeOf(revokeSession(people.deps, stranger.person, target.id))).toBe('not_found');
    await revokeSession(people.deps, one.person, target.id);
    expect(await people.sessions.authenticate(other)).toBeNull();
    expect(await people.sessions.authenticate(one.token)).not.toBeNull();
  });

  test('ends everywhere at once when its person signs out everywhere', async () => {
    const one = await signedIn();
    const other = await signInToken(people.deps, one.email);
    expect(await signOutEverywhere(people.deps, one.person, someBrowser())).toBe(2);
    for (const token of [one.token, other]) {
      expect(await people.sessions.authenticate(token)).toBeNull();
    }
  });

  test('that another process has in its cache ends there when it hears of the change', async () => {
    const { database } = people.db;
    const elsewhere = createSessionAuthenticator({
      ...{ database, clock: people.clock, cacheTrusted: () => true },
    });
    const one = await signedIn();
    expect(await elsewhere.authenticate(one.token)).not.toBeNull();
    const before = people.changes.length;
    await signOut(people.deps, one.person);
    expect(await elsewhere.authenticate(one.token)).not.toBeNull();
    const told = people.changes.slice(before);
    expect(told).toEqual([{ kind: 'people', userId: one.person.userId }]);
    for (const change of told) if (change.kind === 'people') elsewhere.dropPerson(change.userId);
    expect(await elsewhere.authenticate(one.token)).toBeNull();
  });

  test('ends in another process within a second of its end here', async () => {
    const url = people.db.adminUrl;
    const [here, there] = [createWakeUps({ url }), createWakeUps({ url })];
    const { database } = people.db;
    const elsewhere = createSessionAuthenticator({
      ...{ database, clock: people.clock, cacheTrusted: () => there.isListening() },
    });
    const heard = Promise.withResolvers<void>();
    there.onChange((change) => {
      if (change.kind !== 'people') return;
      elsewhere.dropPerson(change.userId);
      heard.resolve();
    });
    await Promise.all([here.start(), there.start()]);
    const one = await signedIn();
    expect(await elsewhere.authenticate(one.token)).not.toBeNull();
    const announceChange = (change: Change) => void here.notifyChange(change);
    const startedMs = performance.now();
    await signOut(people.depsWith({ announceChange }), one.person);
    await heard.promise;
    expect(await elsewhere.authenticate(one.token)).toBeNull();
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    await Promise.all([here.stop(), there.stop()]);
  });

  test('of a process that hears nothing of others is believed for a second at most', async () => {
    let nowMs = 0;
    const { database } = people.db;
    const clock = { ...people.clock, monotonicMs: () => nowMs };
    const deaf = createSessionAuthenticator({ database, clock, cacheTrusted: () => false });
    const one = await signedIn();
    expect(await deaf.authenticate(one.token)).not.toBeNull();
    await signOut(people.deps, one.person);
    nowMs = 1_001;
    expect(await deaf.authenticate(one.token)).toBeNull();
  });

  test('ends when it was not used for its time, and when it is as old as one may be', async () => {
    const [used, unused, old] = [await signedIn(), await signedIn(), await signedIn()];
    const { sql } = people.db.admin;
    const idle = `${sessionIdleMs - 60_000} milliseconds`;
    for (const { person } of [used, unused]) {
      await sql`update sessions set last_seen_at = now() - ${idle}::interval
        where id = ${person.sessionId}`;
    }
    people.sessions.clear();
    people.sessions.takeUsed();
    expect(await people.sessions.authenticate(used.token)).not.toBeNull();
    await recordSessionUse(people.db.database, people.sessions);
    await sql`update sessions set last_seen_at = last_seen_at - interval '2 minutes'
      where id in (${used.person.sessionId}, ${unused.person.sessionId})`;
    await sql`update sessions set expires_at = now() where id = ${old.person.sessionId}`;
    people.sessions.clear();
    expect(await people.sessions.authenticate(used.token)).not.toBeNull();
    expect(await people.sessions.authenticate(unused.token)).toBeNull();
    expect(await people.sessions.authenticate(old.token)).toBeNull();
  });

  test('in the cache ends at its time without being asked for again', async () => {
    const one = await signedIn();
    people.skew.ms = sessionLifetimeMs + 1;
    await people.db.admin.sql`update sessions set expires_at = now()
      where id = ${one.person.sessionId}`;
    expect(await people.sessions.authenticate(one.token)).toBeNull();
    people.skew.ms = 0;
  });

  test.each(['', 'x', 'x'.repeat(43), `${'x'.repeat(42)}\0`])('is not %j', async (token) => {
    expect(await people.sessions.authenticate(token)).toBeNull();
  });
});
