/** Invitations as the invited see them. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { roles, scopesOf } from '../../../src/domain/roles.ts';
import { allows, type Scope } from '../../../src/domain/scopes.ts';
import { createOidcProvider } from '../../../src/outbound/oidc-provider.ts';
import { createInvitation } from '../../../src/usecases/people/invite.ts';
import { roleRights } from '../../../views/roles.ts';
import { startOidcIssuer } from '../../support/oidc-issuer.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { createAccount, createSession, someEmail } from '../../support/people.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let email: string;
beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  pages.signOut();
  tenant = await createTenant(pages.db.database);
  email = someEmail();
});

async function invite(): Promise<{ token: string; path: string }> {
  const actor = { kind: 'operator' } as const;
  const ctx = { deps: pages.people, tenantId: tenant.tenantId, actor, origin: null };
  const { link } = await createInvitation(ctx, { email, role: 'member' });
  const { pathname, search, searchParams } = new URL(link);
  return { token: searchParams.get('token') ?? '', path: pathname + search };
}
const cookieOf = async ({ userId }: { userId: Parameters<typeof createSession>[1] }) =>
  `__Host-opsforge_session=${await createSession(pages.db, userId)}`;

test('a new person chooses a password and is in, and the link is used up', async () => {
  const { token, path } = await invite();
  const page = await pages.get(path);
  expect(page.text).toContain(`Join ${tenant.name}`);
  expect(page.text).toContain('The invitation ends on');
  expect(page.text).toMatch(new RegExp(`value="${email}"[^>]*readonly`));
  expect(await findPageOffences(page.text)).toEqual([]);
  const weak = await pages.post('/invitation', { token, name: 'Sofie', password: 'short' });
  expect(weak.status).toBe(422);
  expect(weak.text).toContain('id="password-error"');
  const form = { token, name: 'Sofie', password: 'correct horse battery' };
  const joined = await pages.post('/invitation', form);
  const next = `${path}&tenant=${tenant.name}`;
  const query = new URLSearchParams({ next, account: 'ready' });
  expect(joined.headers.get('location')).toBe(`/sign-in?${query}`);
  const { password } = form;
  const entered = await pages.post('/sign-in', { email, password, next });
  expect(entered.headers.get('location')).toBe(next);
  const [cookie = ''] = (entered.headers.get('set-cookie') ?? '').split(';');
  const home = `/t/${tenant.name}/projects`;
  expect((await pages.get(next, { cookie })).headers.get('location')).toBe(home);
  expect((await pages.get(`/t/${tenant.name}/projects`, { cookie })).status).toBe(200);
  expect((await pages.get(path)).status).toBe(404);
  expect((await pages.post('/invitation', form)).status).toBe(404);
});

test('who has an account signs in and joins, without another password', async () => {
  const account = await createAccount(pages.db, pages.people);
  email = account.email;
  const { token, path } = await invite();
  const outside = await pages.get(path);
  const next = encodeURIComponent(`${path}&tenant=${tenant.name}`);
  expect(outside.text).toContain(`href="/sign-in?next=${next}"`);
  const cookie = await cookieOf(account);
  expect((await pages.get(path, { cookie })).text).toContain(`Join as ${email}`);
  const joined = await pages.post('/invitation', { token }, { cookie });
  expect(joined.status).toBe(303);
  expect((await pages.get(`/t/${tenant.name}/projects`, { cookie })).status).toBe(200);
});

test('who is signed in as somebody else is told so, and cannot join', async () => {
  const { token, path } = await invite();
  const cookie = await cookieOf(await createAccount(pages.db, pages.people));
  expect((await pages.get(path, { cookie })).text).toContain(`It is for ${email}`);
  const answer = await pages.post('/invitation', { token }, { cookie });
  expect(answer.status).toBe(403);
  expect((await pages.get(`/t/${tenant.name}/projects`, { cookie })).status).toBe(404);
});

test('no link and one that never was look alike', async () => {
  for (const query of ['', '?token=x', `?token=${'A'.repeat(43)}`]) {
    const answer = await pages.get(`/invitation${query}`);
    expect(answer.status).toBe(404);
    expect(answer.text).toContain('This invitation does not count any more');
  }
});

test('the words of the roles are what their scopes say', () => {
  const scopeOf: Scope[] = ['deliveries:read', 'endpoints:write', 'api-keys:write'];
  for (const [index, scope] of scopeOf.entries()) {
    const may = roles.filter((role) => allows(scopesOf(role), scope));
    expect(roleRights[index]?.roles).toEqual(may);
  }
});

test('single sign-on comes back to the invitation', async () => {
  const { path } = await invite();
  const issuer = await startOidcIssuer();
  try {
    Object.assign(pages.people, { singleSignOn: createOidcProvider(issuer) });
    const { text } = await pages.get(path);
    const query = /single-sign-on\?([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
    const next = new URLSearchParams(query).get('next');
    expect(next).toBe(`${path}&tenant=${tenant.name}`);
    const left = await pages.get(`/sign-in/single-sign-on?${query}`);
    expect(left.headers.getSetCookie().join()).toContain(encodeURIComponent(next ?? '-'));
  } finally {
    Object.assign(pages.people, { singleSignOn: null });
    await issuer.stop();
  }
});
