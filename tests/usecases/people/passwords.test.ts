import { describe, expect, test } from 'bun:test';
import { attemptLimits } from '../../../src/domain/sign-in-limits.ts';
import { changePassword } from '../../../src/usecases/people/change-password.ts';
import { renamePerson } from '../../../src/usecases/people/rename-person.ts';
import {
  isResetLink,
  makeResetLink,
  requestPasswordReset,
  resetPassword,
} from '../../../src/usecases/people/reset-password.ts';
import { signIn } from '../../../src/usecases/people/sign-in.ts';
import { trimExpiredPeople } from '../../../src/usecases/people/trim-expired-people.ts';
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

const people = await startFilePeople();

const newPassword = 'a quite different one';

async function signedIn() {
  const account = await createAccount(people.db, people.deps);
  const token = await signInToken(people.deps, account.email);
  return { ...account, token, person: await personOf(people.sessions, token) };
}
const tokenIn = (text: string | undefined) => /token=([\w-]+)/.exec(text ?? '')?.[1] ?? '';

describe('a changed password', () => {
  test('is the one that counts, and ends all other sessions and links', async () => {
    const one = await signedIn();
    const other = await signInToken(people.deps, one.email);
    const link = tokenIn(await makeResetLink(people.deps, one.email));
    const change = { currentPassword: testPassword, newPassword };
    await changePassword(people.deps, one.person, change, someBrowser());
    expect(await people.sessions.authenticate(other)).toBeNull();
    expect(await people.sessions.authenticate(one.token)).not.toBeNull();
    expect(await isResetLink(people.deps, link)).toBe(false);
    const old = signIn(people.deps, { email: one.email, password: testPassword }, someBrowser());
    expect(await codeOf(old)).toBe('unauthenticated');
    await signInToken(people.deps, one.email, newPassword);
  });

  test('needs the current one, and is held against the rules', async () => {
    const { person } = await signedIn();
    const change = (currentPassword: string, next: string) =>
      codeOf(
        changePassword(people.deps, person, { currentPassword, newPassword: next }, someBrowser()),
      );
    expect(await change('wrong', newPassword)).toBe('invalid');
    expect(await change(testPassword, 'short')).toBe('invalid');
    expect(await change(testPassword, person.email)).toBe('invalid');
    const { attemptsMax } = attemptLimits.password_check;
    for (let attempt = 1; attempt < attemptsMax; attempt += 1) await change('wrong', newPassword);
    expect(await change(testPassword, newPassword)).toBe('rate_limited');
  });

  test('is not for who has none', async () => {
    const { person, userId } = await signedIn();
    await people.db.admin.sql`update users set password_hash = null where id = ${userId}`;
    const change = { currentPassword: '', newPassword };
    expect(await codeOf(changePassword(people.deps, person, change, someBrowser()))).toBe(
      'conflict',
    );
  });
});

describe('a lost password', () => {
  test('is replaced by the link of a mail, once; every session ends', async () => {
    const one = await signedIn();
    const before = people.mails.length;
    await requestPasswordReset(people.deps, { email: one.email }, someBrowser());
    const [mail, ...more] = people.mails.slice(before);
    expect(more).toEqual([]);
    expect(mail?.to).toBe(one.email);
    expect(mail?.text).toContain('https://opsforge.test/reset-password?token=');
    const token = tokenIn(mail?.text);
    expect(await isResetLink(people.deps, token)).toBe(true);
    const reset = (password: string) =>
      codeOf(resetPassword(people.deps, { token, password }, someBrowser()));
    expect(await reset('short')).toBe('invalid');
    expect(await Promise.all([reset(newPassword), reset(newPassword)])).toContain('not_found');
    expect(await reset(newPassword)).toBe('not_found');
    expect(await people.sessions.authenticate(one.token)).toBeNull();
    await signInToken(people.deps, one.email, newPassword);
    const [row] = await people.db.admin.sql`
      select email_verified_at from users where id = ${one.userId}`;
    expect(row?.['email_verified_at']).not.toBeNull();
  });

  test('lets in who guesses had locked out', async () => {
    const { email } = await signedIn();
    const guess = () => codeOf(signIn(people.deps, { email, password: 'guess' }, someBrowser()));
    for (let made = 0; made < attemptLimits.sign_in_account.attemptsMax; made += 1) await guess();
    expect(await guess()).toBe('rate_limited');
    const token = tokenIn(await makeResetLink(people.deps, email));
    await resetPassword(people.deps, { token, password: newPassword }, someBrowser());
    await signInToken(people.deps, email, newPassword);
  });

  test('of nobody is answered as that of somebody, and mails nothing', async () => {
    const before = people.mails.length;
    await requestPasswordReset(people.deps, { email: someEmail() }, someBrowser());
    expect(people.mails.length).toBe(before);
    const ask = (email: string, deps = people.deps) =>
      codeOf(requestPasswordReset(deps, { email }, someBrowser()));
    expect(await ask('nonsense')).toBe('invalid');
    expect(await ask(someEmail(), people.depsWith({ mail: null }))).toBe('conflict');
  });

  test('is asked for three times an hour and no oftener, account or none', async () => {
    for (const email of [(await signedIn()).email, someEmail()]) {
      const ask = () => codeOf(requestPasswordReset(people.deps, { email }, someBrowser()));
      for (let asked = 0; asked < attemptLimits.reset_account.attemptsMax; asked += 1) {
        expect(await ask()).toBe('done');
      }
      expect(await ask()).toBe('rate_limited');
    }
  });

  test('has no link for whom there is no account, nor one that is too old', async () => {
    expect(await codeOf(makeResetLink(people.deps, someEmail()))).toBe('not_found');
    expect(await codeOf(makeResetLink(people.deps, 'x'))).toBe('not_found');
    const { email, userId } = await signedIn();
    const token = tokenIn(await makeResetLink(people.deps, email));
    await people.db.admin.sql`update one_time_tokens set expires_at = now()
      where user_id = ${userId}`;
    const late = resetPassword(people.deps, { token, password: newPassword }, someBrowser());
    expect(await codeOf(late)).toBe('not_found');
  });
});

test('what has run out is deleted, and nothing else', async () => {
  const one = await signedIn();
  await makeResetLink(people.deps, one.email);
  const { sql } = people.db.admin;
  const other = await signedIn();
  await sql`update sessions set expires_at = now() where id = ${other.person.sessionId}`;
  await sql`insert into sign_in_throttles values ('a', 1, now()), ('b', 1, now() + interval '1 h')`;
  await trimExpiredPeople(people.deps);
  const left = await sql`select key from sign_in_throttles where key in ('a', 'b')`;
  expect(left.map(({ key }) => key)).toEqual(['b']);
  const ids = await sql`select user_id from sessions
    where user_id in (${one.userId}, ${other.userId})`;
  expect(ids.map(({ user_id }) => user_id)).toEqual([one.userId]);
  const [links] = await sql`select count(*)::int as count from one_time_tokens
    where user_id = ${one.userId}`;
  expect(links?.['count']).toBe(1);
});

test('a person is called what they want, within a name’s bounds', async () => {
  const { person, token } = await signedIn();
  await renamePerson(people.deps, person, { name: ' Grace ' });
  expect(await personOf(people.sessions, token)).toMatchObject({ name: 'Grace' });
  for (const name of ['', ' ', 'x'.repeat(201), 'a\0']) {
    expect(await codeOf(renamePerson(people.deps, person, { name }))).toBe('invalid');
  }
});
