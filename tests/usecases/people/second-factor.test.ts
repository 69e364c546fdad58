import { describe, expect, test } from 'bun:test';
import { generate } from 'otplib';
import { attemptLimits } from '../../../src/domain/sign-in-limits.ts';
import { changePassword } from '../../../src/usecases/people/change-password.ts';
import type { Person } from '../../../src/usecases/people/person.ts';
import {
  confirmSecondFactor,
  readSecondFactorSetup,
  readSecurity,
  removeSecondFactor,
  renewRecoveryCodes,
  startSecondFactor,
} from '../../../src/usecases/people/second-factor.ts';
import { finishSignIn } from '../../../src/usecases/people/second-step.ts';
import { signIn } from '../../../src/usecases/people/sign-in.ts';
import {
  codeOf,
  createAccount,
  personOf,
  signInToken,
  someBrowser,
  startFilePeople,
  testPassword,
} from '../../support/people.ts';

const people = await startFilePeople();

/** The code of a step from now; each counts once, so tests take one after the other. */
const codeAt = (secret: string, steps: number) =>
  generate({ secret, epoch: Math.floor(people.clock.databaseNow() / 1_000) + steps * 30 });

async function signedIn() {
  const { email } = await createAccount(people.db, people.deps);
  const token = await signInToken(people.deps, email);
  return { email, person: await personOf(people.sessions, token) };
}

const begin = (person: Person, currentPassword = testPassword) =>
  startSecondFactor(people.deps, person, { currentPassword });

async function guarded() {
  const one = await signedIn();
  const { secret } = await begin(one.person);
  const code = await codeAt(secret, -1);
  const codes = await confirmSecondFactor(people.deps, one.person, { code }, someBrowser());
  return { ...one, secret, codes };
}

async function challenge(email: string): Promise<string> {
  const result = await signIn(people.deps, { email, password: testPassword }, someBrowser());
  if (result.kind !== 'second_step') throw new Error('no second factor is asked for');
  return result.challenge;
}
const finish = (given: string, code: string) =>
  finishSignIn(people.deps, { challenge: given, code }, someBrowser());

describe('a second factor', () => {
  test('is begun, confirmed by a code, asked for at sign-in, and taken away', async () => {
    const { email, person } = await signedIn();
    const { secret, uri } = await begin(person);
    expect(uri).toStartWith('otpauth://totp/');
    expect(uri).toContain(encodeURIComponent(email));
    // Not in force yet: who closes the page is not locked out.
    await signInToken(people.deps, email);
    const confirm = (code: string) =>
      codeOf(confirmSecondFactor(people.deps, person, { code }, someBrowser()));
    expect(await confirm('000000')).toBe('invalid');
    expect(await confirm(await codeAt(secret, -1))).toBe('done');
    expect(await confirm(await codeAt(secret, 0))).toBe('conflict');
    expect(await codeOf(begin(person))).toBe('conflict');
    expect(await readSecurity(people.deps, person)).toEqual({
      passwordChangedAt: expect.any(Date),
      secondFactorSince: expect.any(Date),
      recoveryCodesLeft: 10,
    });

    const { token } = await finish(await challenge(email), await codeAt(secret, 0));
    expect(await personOf(people.sessions, token)).toMatchObject({ email });

    const remove = (code: string) =>
      codeOf(removeSecondFactor(people.deps, person, { code }, someBrowser()));
    expect(await remove('123456')).toBe('invalid');
    expect(await remove(await codeAt(secret, 1))).toBe('done');
    await signInToken(people.deps, email);
    const [row] = await people.db.admin.sql`
      select totp_secret_encrypted from users where id = ${person.userId}`;
    expect(row?.['totp_secret_encrypted']).toBeNull();
  });

  test('is begun by the password alone, and shown again only to the session that gave it', async () => {
    const { email, person } = await signedIn();
    expect(await codeOf(begin(person, 'wrong'))).toBe('invalid');
    const { proof, secret } = await begin(person);
    expect(await readSecondFactorSetup(people.deps, person, proof)).toMatchObject({ secret });
    const other = await personOf(people.sessions, await signInToken(people.deps, email));
    const again = (who: Person, given: string) =>
      codeOf(readSecondFactorSetup(people.deps, who, given));
    expect(await again(other, proof)).toBe('conflict');
    expect(await again(person, '')).toBe('conflict');
    people.skew.ms = 11 * 60_000;
    expect(await again(person, proof)).toBe('conflict');
    people.skew.ms = 0;
  });

  test('is stored sealed', async () => {
    const { person, secret } = await guarded();
    const [row] = await people.db.admin.sql`
      select encode(totp_secret_encrypted, 'escape') as text from users
      where id = ${person.userId}`;
    expect(row?.['text']).not.toContain(secret);
  });

  test('takes each code once, also from two browsers at once', async () => {
    const { email, secret } = await guarded();
    const [first, second] = [await challenge(email), await challenge(email)];
    const code = await codeAt(secret, 0);
    const tries = await Promise.all([codeOf(finish(first, code)), codeOf(finish(second, code))]);
    expect(tries.toSorted()).toEqual(['done', 'unauthenticated']);
    // And none that is older than the last.
    expect(await codeOf(finish(first, await codeAt(secret, -1)))).toBe('unauthenticated');
    expect(await codeOf(finish(first, await codeAt(secret, 5)))).toBe('unauthenticated');
  });

  test('lets a recovery code in once, however it is typed', async () => {
    const { email, person, secret, codes } = await guarded();
    expect(codes).toHaveLength(10);
    const [code = '', next = ''] = codes;
    const given = await challenge(email);
    expect(code).toMatch(/^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$/);
    await finish(given, code.toLowerCase().replaceAll('-', ' '));
    expect(await codeOf(finish(given, code))).toBe('unauthenticated');
    expect((await readSecurity(people.deps, person)).recoveryCodesLeft).toBe(9);
    const renewed = await renewRecoveryCodes(
      people.deps,
      person,
      { code: await codeAt(secret, 0) },
      someBrowser(),
    );
    expect(await codeOf(finish(given, next))).toBe('unauthenticated');
    await finish(given, renewed[0] ?? '');
  });

  test('is not guessed: 429 after ten tries, also with the right code', async () => {
    const { email, secret } = await guarded();
    const given = await challenge(email);
    for (let tried = 0; tried < attemptLimits.second_step.attemptsMax; tried += 1) {
      expect(await codeOf(finish(given, '000000'))).toBe('unauthenticated');
    }
    expect(await codeOf(finish(given, await codeAt(secret, 0)))).toBe('rate_limited');
  });

  test('is asked for by a challenge that cannot be made, kept long or used after a change', async () => {
    const { email, person, secret, codes } = await guarded();
    const code = () => codeAt(secret, 0);
    const given = await challenge(email);
    for (const forged of ['', 'x', `${given.slice(0, -4)}AAAA`]) {
      expect(await codeOf(finish(forged, await code()))).toBe('unauthenticated');
    }
    people.skew.ms = 6 * 60_000;
    expect(await codeOf(finish(given, codes[0] ?? ''))).toBe('unauthenticated');
    people.skew.ms = 0;
    const changes = { currentPassword: testPassword, newPassword: 'a quite different one' };
    await changePassword(people.deps, person, changes, someBrowser());
    expect(await codeOf(finish(given, await code()))).toBe('unauthenticated');
  });
});
