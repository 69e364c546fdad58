/** The team: members, roles, invitations; what only owners may do. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import type { UserId } from '../../../src/domain/ids.ts';
import type { Role } from '../../../src/domain/roles.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { createAccount, someEmail } from '../../support/people.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let other: TestTenant;
let path: string;
beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  other = await createTenant(pages.db.database);
  path = `/t/${tenant.name}/settings/team`;
  await pages.signIn(tenant);
});

const memberOf = (of: TestTenant, role: Role = 'member') =>
  createAccount(pages.db, pages.people, [{ tenant: of, role }]);
async function roleOf(userId: UserId): Promise<string | undefined> {
  const [row] = await pages.db.admin.sql`select role from memberships where user_id = ${userId}`;
  return row?.['role'];
}

describe('the page', () => {
  test('shows the members of the tenant with their roles, and no other’s', async () => {
    const mine = await memberOf(tenant, 'viewer');
    const theirs = await memberOf(other);
    const { text } = await pages.get(path);
    expect(text).toContain(mine.email);
    expect(text).not.toContain(theirs.email);
    expect(text).toContain('2 people, 2 of them without a second factor.');
    expect(text).toContain('<option value="viewer" selected');
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('keeps markup in names as text', async () => {
    const { userId } = await memberOf(tenant);
    await pages.db.admin.sql`update users set name = '<b>x</b>' where id = ${userId}`;
    const { text } = await pages.get(path);
    expect(text).toContain('<span>&lt;b&gt;x&lt;/b&gt;</span>');
    expect(text).not.toContain('><b>x</b>');
  });

  test('offers a viewer nothing to change', async () => {
    await memberOf(tenant);
    await pages.signIn(tenant, 'viewer');
    const { text, status } = await pages.get(path);
    expect(status).toBe(200);
    expect(text).not.toContain('Invite somebody');
    expect(text).not.toContain('<select');
  });

  test('of another tenant is not there', async () => {
    expect((await pages.get(`/t/${other.name}/settings/team`)).status).toBe(404);
  });
});

describe('a role', () => {
  test('is changed, also by htmx as soon as it is chosen', async () => {
    const { userId } = await memberOf(tenant);
    const answer = await pages.post(`${path}/${userId}/role`, { role: 'viewer' });
    expect(answer.headers.get('location')).toBe(path);
    expect(await roleOf(userId)).toBe('viewer');
    const htmx = { 'hx-request': 'true', 'hx-request-type': 'partial' };
    const chosen = await pages.post(`${path}/${userId}/role`, { role: 'admin' }, htmx);
    expect(chosen.headers.get('hx-redirect')).toBe(path);
    expect(await roleOf(userId)).toBe('admin');
  });

  test('is none of those that there are: refused', async () => {
    const { userId } = await memberOf(tenant);
    expect((await pages.post(`${path}/${userId}/role`, { role: 'king' })).status).toBe(422);
    expect(await roleOf(userId)).toBe('member');
  });

  test('of owner is given and taken by owners alone', async () => {
    const owner = await memberOf(tenant, 'owner');
    const member = await memberOf(tenant);
    await pages.signIn(tenant, 'admin');
    expect((await pages.get(path)).text).not.toContain('value="owner"');
    expect((await pages.post(`${path}/${member.userId}/role`, { role: 'owner' })).status).toBe(403);
    expect((await pages.post(`${path}/${owner.userId}/role`, { role: 'viewer' })).status).toBe(403);
    expect(await roleOf(owner.userId)).toBe('owner');
  });

  test('is not changed by a member, and not in another tenant', async () => {
    const theirs = await memberOf(other);
    const foreign = await pages.post(`${path}/${theirs.userId}/role`, { role: 'viewer' });
    expect(foreign.status).toBe(404);
    const mine = await memberOf(tenant);
    await pages.signIn(tenant, 'member');
    expect((await pages.post(`${path}/${mine.userId}/role`, { role: 'viewer' })).status).toBe(403);
    expect([await roleOf(theirs.userId), await roleOf(mine.userId)]).toEqual(['member', 'member']);
  });
});

describe('a member', () => {
  test('is removed after a question', async () => {
    const { userId, email } = await memberOf(tenant);
    const question = await pages.get(`${path}/${userId}/remove`);
    expect(question.text).toContain(`${email} loses access to ${tenant.name} at once.`);
    expect(await findPageOffences(question.text)).toEqual([]);
    const answer = await pages.post(`${path}/${userId}/remove`, {});
    expect(answer.headers.get('location')).toBe(path);
    expect(await roleOf(userId)).toBeUndefined();
  });

  test('is not removed by a viewer, nor from another tenant', async () => {
    const theirs = await memberOf(other);
    expect((await pages.post(`${path}/${theirs.userId}/remove`, {})).status).toBe(404);
    const mine = await memberOf(tenant);
    await pages.signIn(tenant, 'viewer');
    expect((await pages.post(`${path}/${mine.userId}/remove`, {})).status).toBe(403);
    expect(await roleOf(mine.userId)).toBe('member');
  });

  test('who is the last owner cannot leave', async () => {
    const [row] = await pages.db.admin.sql`select user_id from memberships
      where tenant_id = ${tenant.tenantId}`;
    const answer = await pages.post(`${path}/${row?.['user_id']}/remove`, {});
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('This is the last owner');
  });
});

describe('an invitation', () => {
  const invite = (email: string, role = 'member') =>
    pages.post(`${path}/invitations`, { email, role });

  test('is made with a link that is shown once, and opens', async () => {
    const email = someEmail();
    const answer = await invite(email);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(`No mail is sent here: hand this link to ${email}`);
    expect(await findPageOffences(answer.text)).toEqual([]);
    const [, query = ''] = /\/invitation(\?token=[\w-]{43})/.exec(answer.text) ?? [];
    const list = await pages.get(path);
    expect(list.text).toContain(email);
    expect(list.text).not.toContain('token=');
    pages.signOut();
    expect((await pages.get(`/invitation${query}`)).text).toContain(`Join ${tenant.name}`);
  });

  test('is refused for what is no address, at its field', async () => {
    const answer = await invite('sofie');
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('id="email-error"');
    expect(answer.text).toContain('value="sofie"');
  });

  test('is withdrawn, but not by a viewer and not from another tenant', async () => {
    const email = someEmail();
    const made = await invite(email);
    const [revoke = ''] = /\/t\/[^"]*\/revoke/.exec(made.text) ?? [];
    await pages.signIn(other);
    expect((await pages.post(revoke.replace(tenant.name, other.name), {})).status).toBe(404);
    await pages.signIn(tenant, 'viewer');
    expect((await pages.post(revoke, {})).status).toBe(403);
    expect((await invite(someEmail())).status).toBe(403);
    await pages.signIn(tenant);
    expect((await pages.post(revoke, {})).status).toBe(303);
    expect((await pages.get(path)).text).not.toContain(email);
  });
});
