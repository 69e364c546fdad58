/** Signing in and out, the second step, new passwords, single sign-on. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { generate } from 'otplib';
import { createOidcProvider } from '../../../src/outbound/oidc-provider.ts';
import type { Mail } from '../../../src/usecases/context.ts';
import { makeResetLink } from '../../../src/usecases/people/reset-password.ts';
import {
  confirmSecondFactor,
  startSecondFactor,
} from '../../../src/usecases/people/second-factor.ts';
import { type OidcIssuer, startOidcIssuer } from '../../support/oidc-issuer.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import {
  createAccount,
  someBrowser,
  type TestAccount,
  testPassword,
} from '../../support/people.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let issuer: OidcIssuer;
let tenant: TestTenant;
let account: TestAccount;
const mails: Mail[] = [];

beforeAll(async () => {
  [pages, issuer] = await Promise.all([startPages(), startOidcIssuer()]);
});
afterAll(async () => {
  await issuer.stop();
  await pages.stop();
});
beforeEach(async () => {
  pages.signOut();
  Object.assign(pages.people, { mail: null, singleSignOn: null });
  tenant = await createTenant(pages.db.database);
  account = await createAccount(pages.db, pages.people, [{ tenant, role: 'owner' }]);
  // All tests come from one address.
  await pages.db.admin.sql`delete from sign_in_throttles`;
});

const cookiesOf = ({ headers }: { headers: Headers }) =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0] ?? '')
    .join('; ');
const signIn = (form: Record<string, string> = {}) =>
  pages.post('/sign-in', { email: account.email, password: testPassword, ...form });

describe('signing in', () => {
  test('begins a session and goes on to where somebody wanted to be', async () => {
    const next = `/t/${tenant.name}/projects?a=b`;
    const answer = await signIn({ next });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(next);
    const cookie = answer.headers.getSetCookie().join();
    expect(cookie).toMatch(
      /^__Host-opsforge_session=\S{43}; Path=\/; .*HttpOnly; SameSite=Lax; Secure/,
    );
    const page = await pages.get(`/t/${tenant.name}/projects`, { cookie: cookiesOf(answer) });
    expect(page.status).toBe(200);
  });

  test('never leaves for another site', async () => {
    for (const next of ['https://evil.example/', '//evil.example', '/\\evil.example', 'x']) {
      expect((await signIn({ next })).headers.get('location')).toBe('/');
    }
  });

  test('says the same of a wrong password and of an address that nobody has', async () => {
    const wrong = await signIn({ password: 'not the password' });
    const nobody = await signIn({ email: 'nobody@opsforge.test' });
    expect([wrong.status, nobody.status]).toEqual([401, 401]);
    expect(wrong.text).toContain('The e-mail address or the password is not right.');
    expect(wrong.text.replaceAll(account.email, 'X')).toBe(
      nobody.text.replaceAll('nobody@opsforge.test', 'X'),
    );
    expect(wrong.text).not.toContain('not the password');
    expect(wrong.headers.getSetCookie()).toEqual([]);
    expect(await findPageOffences(wrong.text)).toEqual([]);
  });

  test('says how long to wait after too many tries', async () => {
    for (let attempt = 0; attempt < 10; attempt += 1) await signIn({ password: 'x' });
    const answer = await signIn();
    expect(answer.status).toBe(429);
    expect(answer.text).toContain('Too many tries. Try again in 15 minutes.');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(800);
  });

  test('is refused from another site', async () => {
    const form = { email: account.email, password: testPassword };
    const answer = await pages.post('/sign-in', form, { 'sec-fetch-site': 'cross-site' });
    expect(answer.status).toBe(403);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  test('asks password managers for what they have, and passes no address on', async () => {
    const { text, headers } = await pages.get('/sign-in?next=%2Ft%2F%22%3E%3Cscript%3E');
    expect(text).toMatch(/name="email"[^>]*autocomplete="username"/);
    expect(text).toMatch(/name="password"[^>]*autocomplete="current-password"/);
    expect(headers.get('referrer-policy')).toBe('strict-origin');
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('is not offered to who is signed in', async () => {
    await pages.signIn(tenant);
    expect((await pages.get('/sign-in')).headers.get('location')).toBe('/');
  });
});

describe('signing out', () => {
  test('ends the session and takes its cookie away', async () => {
    await pages.signIn(tenant);
    const answer = await pages.post('/sign-out', {});
    expect(answer.headers.get('location')).toBe('/sign-in');
    expect(answer.headers.get('set-cookie')).toStartWith('__Host-opsforge_session=; ');
    expect((await pages.get(`/t/${tenant.name}/projects`)).status).toBe(303);
  });

  test('is refused from another site', async () => {
    await pages.signIn(tenant);
    const answer = await pages.post('/sign-out', {}, { 'sec-fetch-site': 'cross-site' });
    expect(answer.status).toBe(403);
    expect((await pages.get(`/t/${tenant.name}/projects`)).status).toBe(200);
  });
});

describe('the home page', () => {
  test('sends nobody to sign in, and the member of one project to it', async () => {
    expect((await pages.get('/')).headers.get('location')).toBe('/sign-in?next=%2F');
    await pages.signIn(tenant);
    expect((await pages.get('/')).headers.get('location')).toBe(`/t/${tenant.name}/p/main`);
  });

  test('sends who has several projects to their list', async () => {
    await pages.signIn(tenant);
    await pages.post(`/t/${tenant.name}/projects/new`, { name: 'Another' });
    expect((await pages.get('/')).headers.get('location')).toBe(`/t/${tenant.name}/projects`);
  });

  test('tells who is in no tenant so, and lets them sign out', async () => {
    account = await createAccount(pages.db, pages.people);
    const answer = await pages.get('/', { cookie: cookiesOf(await signIn()) });
    expect(answer.text).toContain('You are in no tenant');
    expect(answer.text).toContain('action="/sign-out"');
  });
});

describe('the second step', () => {
  async function withSecondFactor() {
    const { userId, email } = account;
    const person = { userId, email, sessionId: userId as never, name: 'Ada', memberships: [] };
    const { secret } = await startSecondFactor(pages.people, person, {
      currentPassword: testPassword,
    });
    const epoch = Math.floor(Date.now() / 1_000) - 30;
    const code = await generate({ secret, epoch });
    const recoveryCodes = await confirmSecondFactor(pages.people, person, { code }, someBrowser());
    return { code: () => generate({ secret }), recoveryCodes };
  }
  const second = (cookie: string, form: Record<string, string>) =>
    pages.post('/sign-in/second-step', form, { cookie });

  test('is asked for after the password, and opens the session with a code', async () => {
    const factor = await withSecondFactor();
    const first = await signIn({ next: '/theme-me' });
    expect(first.headers.get('location')).toBe('/sign-in/second-step?next=%2Ftheme-me');
    const cookie = cookiesOf(first);
    expect(cookie).toStartWith('__Host-opsforge_second_step=');
    const page = await pages.get('/sign-in/second-step', { cookie });
    expect(page.text).toMatch(/name="code"[^>]*autocomplete="one-time-code"/);
    expect(await findPageOffences(page.text)).toEqual([]);
    const answer = await second(cookie, { code: await factor.code(), next: '/theme-me' });
    expect(answer.headers.get('location')).toBe('/theme-me');
    expect(cookiesOf(answer)).toMatch(
      /__Host-opsforge_session=\S{43}; __Host-opsforge_second_step=$/,
    );
  });

  test('takes a recovery code once', async () => {
    const { recoveryCodes } = await withSecondFactor();
    const cookie = cookiesOf(await signIn());
    const page = await pages.get('/sign-in/second-step?recovery=on', { cookie });
    expect(page.text).toContain('Type a recovery code');
    const form = { code: recoveryCodes[0] ?? '', recovery: 'on' };
    expect((await second(cookie, form)).status).toBe(303);
    const again = await second(cookie, form);
    expect(again.status).toBe(401);
    expect(again.text).toContain('Type a recovery code');
  });

  test('refuses a wrong code, and one without the first step', async () => {
    const factor = await withSecondFactor();
    const wrong = await second(cookiesOf(await signIn()), { code: '000000' });
    expect(wrong.status).toBe(401);
    expect(wrong.text).toContain('This code is not right');
    const alone = await second('', { code: await factor.code() });
    expect(alone.status).toBe(401);
    expect(alone.text).toContain('The sign-in took too long: begin again.');
    expect((await pages.get('/sign-in/second-step')).headers.get('location')).toBe('/sign-in');
  });
});

describe('a new password', () => {
  test('is promised by mail in the same words whether or not there is an account', async () => {
    mails.length = 0;
    pages.people.mail = (mail) => void mails.push(mail);
    const known = await pages.post('/forgot-password', { email: account.email });
    const unknown = await pages.post('/forgot-password', { email: 'nobody@opsforge.test' });
    expect(known.status).toBe(200);
    expect(known.text).toBe(unknown.text);
    expect(mails.map(({ to }) => to)).toEqual([account.email]);
  });

  test('is refused for what is no address, at its field', async () => {
    pages.people.mail = () => {};
    const answer = await pages.post('/forgot-password', { email: 'ada' });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('id="email-error"');
  });

  test('is the operator’s business where no mail is sent', async () => {
    expect((await pages.get('/forgot-password')).text).toContain('opsforge reset-password');
    expect((await pages.post('/forgot-password', { email: account.email })).status).toBe(409);
  });

  test('is chosen by the link, once, and signs in', async () => {
    const { search, searchParams } = new URL(await makeResetLink(pages.people, account.email));
    const token = searchParams.get('token') ?? '';
    const page = await pages.get(`/reset-password${search}`);
    expect(page.text).toMatch(/name="password"[^>]*autocomplete="new-password"/);
    const weak = await pages.post('/reset-password', { token, password: 'short' });
    expect(weak.status).toBe(422);
    expect(weak.text).toContain('must be at least 10 characters');
    expect(weak.text).not.toContain('value="short"');
    const password = 'another good password';
    expect((await pages.post('/reset-password', { token, password })).status).toBe(200);
    expect((await signIn({ password })).status).toBe(303);
    expect((await pages.post('/reset-password', { token, password })).status).toBe(404);
    expect((await pages.get(`/reset-password${search}`)).status).toBe(404);
  });
});

describe('single sign-on', () => {
  test('is offered where it is set, and comes back to where somebody wanted to be', async () => {
    expect((await pages.get('/sign-in')).text).not.toContain('single sign-on');
    pages.people.singleSignOn = createOidcProvider(issuer);
    const { email } = account;
    issuer.person.claims = { sub: email, email, email_verified: true, name: 'Ada' };
    expect((await pages.get('/sign-in?next=%2Fa')).text).toContain(
      'href="/sign-in/single-sign-on?next=%2Fa"',
    );
    const begun = await pages.get('/sign-in/single-sign-on?next=%2Fa');
    const query = issuer.authorize(begun.headers.get('location') ?? '');
    const cookie = cookiesOf(begun);
    const back = await pages.get(`/sign-in/callback${query}`, { cookie });
    expect(back.status).toBe(303);
    expect(back.headers.get('location')).toBe('/a');
    expect(cookiesOf(back)).toContain('__Host-opsforge_session=');
    // Somebody else's way back, without the cookie that began it, opens nothing.
    const foreign = await pages.get(`/sign-in/callback${query}`);
    expect(foreign.status).toBe(401);
    expect(foreign.text).toContain('The sign-in took too long: begin again.');
  });

  test('is not there where it is not set', async () => {
    expect((await pages.get('/sign-in/single-sign-on')).status).toBe(404);
  });
});
