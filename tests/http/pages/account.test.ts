/** A person's own pages, in a tenant and in none. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { generate } from 'otplib';
import { findPageOffences } from '../../support/page-rules.ts';
import {
  createAccount,
  createSession,
  type TestAccount,
  testPassword,
} from '../../support/people.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let account: TestAccount;
let cookie: string;
beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  pages.signOut();
  pages.people.signUp = 'first';
  tenant = await createTenant(pages.db.database);
  account = await createAccount(pages.db, pages.people, [{ tenant, role: 'viewer' }]);
  cookie = await cookieOf(account);
});

async function cookieOf({ userId }: TestAccount): Promise<string> {
  return `__Host-opsforge_session=${await createSession(pages.db, userId)}`;
}
const base = () => `/t/${tenant.name}/settings/security`;
const get = (path: string) => pages.get(path, { cookie });
const post = (path: string, form: Record<string, string>) => pages.post(path, form, { cookie });

describe('the page', () => {
  test('is a tab of the settings for every role, linked at the foot of the menu', async () => {
    const { text } = await get(base());
    expect(text).toContain(`href="${base()}"`);
    expect(text).toContain(account.email);
    expect(text).toContain('this one');
    expect(text).toContain(tenant.name);
    expect(await findPageOffences(text)).toEqual([]);
    expect((await get(`/t/${tenant.name}/projects`)).text).toContain(`href="${base()}"`);
  });

  test('is there for who is in no tenant, who finds it from the start', async () => {
    cookie = await cookieOf(await createAccount(pages.db, pages.people));
    expect((await get('/')).text).toContain('href="/account"');
    const { text, status } = await get('/account');
    expect(status).toBe(200);
    expect(text).toContain('You are in none at the moment');
    expect(await findPageOffences(text)).toEqual([]);
    const named = await post('/account/name', { name: 'Ada' });
    expect(named.headers.get('location')).toBe('/account');
  });
});

describe('the keys', () => {
  test('stand on a page of their own, linked from the account, in a tenant and in none', async () => {
    const path = `${base()}/keyboard`;
    expect((await get(base())).text).toContain(`href="${path}"`);
    const { text } = await get(path);
    expect(text).toContain('To the search field');
    expect(text).toContain('Turn single keys off');
    expect(await findPageOffences(text)).toEqual([]);
    expect((await get('/account/keyboard')).text).toContain('action="/account/keyboard"');
  });

  test('are turned off for this browser and on again, back where one was', async () => {
    const path = `${base()}/keyboard`;
    const next = `/t/${tenant.name}/projects`;
    const off = await post(path, { single: 'off', next });
    expect(off.headers.get('location')).toBe(next);
    expect(off.headers.getSetCookie().join()).toContain('opsforge_keys=off;');
    const kept = { cookie: `${cookie}; __Host-opsforge_keys=off` };
    expect((await pages.get(next, kept)).text).toContain('data-single="off"');
    expect((await pages.get(path, kept)).text).toContain('Turn single keys on');
    const on = await post(path, { single: 'on' });
    expect(on.headers.get('location')).toBe(path);
    expect(on.headers.getSetCookie().join()).toContain('opsforge_keys=on;');
  });

  test('are switched to nothing else, and lead to no other site', async () => {
    const path = `${base()}/keyboard`;
    const wrong = await post(path, { single: 'maybe' });
    expect(wrong.status).toBe(422);
    expect(wrong.headers.getSetCookie()).toEqual([]);
    const away = await post(path, { single: 'off', next: 'https://evil.example/' });
    expect(away.headers.get('location')).toBe('/');
    const other = await createTenant(pages.db.database);
    const theirs = `/t/${other.name}/settings/security/keyboard`;
    expect((await get(theirs)).status).toBe(404);
    expect((await post(theirs, { single: 'off' })).status).toBe(404);
  });
});

test('a name is saved, shown as text, and refused at its field', async () => {
  const name = '<b>Ada</b>';
  expect((await post(`${base()}/name`, { name })).headers.get('location')).toBe(base());
  const { text } = await get(base());
  expect(text).toContain('&lt;b&gt;Ada&lt;/b&gt;');
  expect(text).not.toContain(`>${name}`);
  const refused = await post(`${base()}/name`, { name: ' ' });
  expect(refused.status).toBe(422);
  expect(refused.text).toContain('id="name-error"');
});

test('a password is changed by who knows it, and other sessions end', async () => {
  const other = await cookieOf(account);
  const newPassword = 'a quite different one';
  const path = `${base()}/password`;
  expect(await findPageOffences((await get(path)).text)).toEqual([]);
  const wrong = await post(path, { currentPassword: 'wrong', newPassword });
  expect(wrong.status).toBe(422);
  expect(wrong.text).toContain('id="currentPassword-error"');
  expect(wrong.text).not.toContain(newPassword);
  const done = await post(path, { currentPassword: testPassword, newPassword });
  expect(done.headers.get('location')).toBe(base());
  expect((await get(base())).status).toBe(200);
  expect((await pages.get(base(), { cookie: other })).status).toBe(303);
});

describe('a session', () => {
  const sessionIn = (text: string) => /name="id" value="([0-9a-f-]{36})"/.exec(text)?.[1] ?? '';

  test('of another device is listed by its words and ended', async () => {
    const other = await cookieOf(account);
    const agent = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Mobile Safari/604.1';
    await pages.db.admin
      .sql`update sessions set user_agent = ${agent}, remote_address = '203.0.113.19'
      where id = (select max(id::text)::uuid from sessions where user_id = ${account.userId})`;
    const { text } = await get(base());
    expect(text).toContain('Safari on iPhone');
    expect(text).toContain('203.0.113.19');
    const id = sessionIn(text);
    expect((await post(`${base()}/sessions/end`, { id })).headers.get('location')).toBe(base());
    expect((await pages.get(base(), { cookie: other })).status).toBe(303);
    expect((await get(base())).status).toBe(200);
  });

  test('of somebody else is not ended', async () => {
    const stranger = await createAccount(pages.db, pages.people);
    const theirs = await cookieOf(stranger);
    const [row] = await pages.db.admin.sql`
      select id from sessions where user_id = ${stranger.userId}`;
    await post(`${base()}/sessions/end`, { id: String(row?.['id']) });
    expect((await pages.get('/account', { cookie: theirs })).status).toBe(200);
    expect((await post(`${base()}/sessions/end`, { id: 'x' })).status).toBe(422);
  });

  test('and all others end, this one too, after a question', async () => {
    const other = await cookieOf(account);
    const question = await get(`${base()}/sessions/end-all`);
    expect(question.text).toContain('End all 2 sessions?');
    const done = await post(`${base()}/sessions/end-all`, {});
    expect(done.headers.get('location')).toBe('/sign-in');
    expect(done.headers.getSetCookie().join()).toMatch(/opsforge_session=;/);
    for (const ended of [cookie, other]) {
      expect((await pages.get(base(), { cookie: ended })).status).toBe(303);
    }
  });
});

describe('the second factor', () => {
  const fieldOf = (text: string, name: string) =>
    new RegExp(`name="${name}" value="([^"]+)"`).exec(text)?.[1] ?? '';
  const secretOf = (text: string) =>
    (/data-copy="([A-Z2-7 ]{20,})"/.exec(text)?.[1] ?? '').replaceAll(' ', '');
  const codesOf = (text: string) => text.match(/(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}(?=<)/g) ?? [];

  test('is turned on in three steps, and no address shows a secret again', async () => {
    const path = `${base()}/second-factor`;
    const refused = await post(path, { currentPassword: 'wrong' });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('id="currentPassword-error"');

    const step = await post(path, { currentPassword: testPassword });
    expect(step.text).toContain('aria-label="QR code for the authenticator app"');
    expect(await findPageOffences(step.text)).toEqual([]);
    const secret = secretOf(step.text);
    expect((await get(base())).text).not.toContain('QR code');

    const proof = fieldOf(step.text, 'proof');
    const wrong = await post(`${path}/confirm`, { proof, code: '000000' });
    expect(wrong.status).toBe(422);
    expect(secretOf(wrong.text)).toBe(secret);
    expect(wrong.text).toContain('id="code-error"');

    const epoch = Math.floor(Date.now() / 1_000) - 30;
    const done = await post(`${path}/confirm`, { proof, code: await generate({ secret, epoch }) });
    const codes = codesOf(done.text);
    expect(codes).toHaveLength(10);
    expect(done.text).toContain('download="opsforge-recovery-codes.txt"');
    expect(await findPageOffences(done.text)).toEqual([]);
    const on = await get(base());
    expect(on.text).toContain('10 recovery codes left');
    expect(on.text).not.toContain(codes[0] ?? '');

    const renewed = await post(`${path}/codes`, { code: codes[0] ?? '' });
    expect(codesOf(renewed.text)).toHaveLength(10);
    expect((await post(`${path}/remove`, { code: codes[1] ?? '' })).status).toBe(422);
    const off = await post(`${path}/remove`, { code: codesOf(renewed.text)[0] ?? '' });
    expect(off.headers.get('location')).toBe(base());
    expect((await get(base())).text).toContain('Give your password again');
  });

  test('is not confirmed by who did not give the password, nor shown to them', async () => {
    const path = `${base()}/second-factor`;
    await post(path, { currentPassword: testPassword });
    const refused = await post(`${path}/confirm`, { proof: '', code: '000000' });
    expect(refused.status).toBe(409);
    expect(refused.text).not.toContain('QR code');
  });

  test('is the business of single sign-on for who has no password', async () => {
    await pages.db.admin.sql`update users set password_hash = null where id = ${account.userId}`;
    expect((await get(base())).text).toContain('its provider asks for the second factor');
    const refused = await post(`${base()}/second-factor`, { currentPassword: '' });
    expect(refused.status).toBe(409);
  });
});

describe('another tenant', () => {
  test('is made by who is signed in where sign-up is open, and both lead to each other', async () => {
    pages.people.signUp = 'open';
    expect((await get(base())).text).toContain('href="/tenants/new"');
    expect(await findPageOffences((await get('/tenants/new')).text)).toEqual([]);
    expect((await post('/tenants/new', { name: ' ' })).text).toContain('id="name-error"');
    const name = `Night ${crypto.randomUUID().slice(-12)}`;
    const home = (await post('/tenants/new', { name })).headers.get('location') ?? '';
    expect(home).toMatch(/^\/t\/night-[\w-]+\/projects$/);
    expect((await get(home)).text).toContain(`href="/t/${tenant.name}/projects"`);
    expect((await get(`/t/${tenant.name}/projects`)).text).toContain(name);
  });

  test('is not made elsewhere', async () => {
    expect((await get(base())).text).not.toContain('href="/tenants/new"');
    expect((await get('/tenants/new')).text).toContain('opsforge bootstrap --tenant');
    expect((await post('/tenants/new', { name: 'Other' })).status).toBe(403);
  });
});
