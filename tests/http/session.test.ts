import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createMemberContext } from '../../src/controllers/identify-person.ts';
import {
  endedSessionCookie,
  readSessionToken,
  sessionCookie,
} from '../../src/controllers/session-cookie.ts';
import type { UserId } from '../../src/domain/ids.ts';
import type { Role } from '../../src/domain/roles.ts';
import { createPasswordHasher } from '../../src/lib/password-hasher.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { createAccount, createSession } from '../support/people.ts';
import { createTenant, type TestTenant } from '../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const projects = '/api/v1/projects';
const passwords = createPasswordHasher();

async function member(memberOf: { tenant: TestTenant; role: Role }[]) {
  const { userId } = await createAccount(api.db, { passwords }, memberOf);
  const token = await createSession(api.db, userId);
  return { userId, cookie: `a=b; __Host-opsforge_session=${token}` };
}
const own = { 'sec-fetch-site': 'same-origin' };

describe('the session of a browser', () => {
  test('is a credential of the API, with the permissions of the role', async () => {
    const tenant = await api.newTenant();
    const { cookie } = await member([{ tenant, role: 'admin' }]);
    const listed = await api.send('GET', projects, { headers: { cookie } });
    expect(listed.ids()).toEqual([tenant.projectId]);
    const headers = { cookie, ...own };
    const made = await api.send('POST', projects, { headers, body: { name: 'new' } });
    expect(made.status).toBe(201);

    const viewer = await member([{ tenant, role: 'viewer' }]);
    const refused = await api.send('POST', projects, {
      headers: { cookie: viewer.cookie, ...own },
      body: { name: 'other' },
    });
    expect(refused.status).toBe(403);
    expect(refused.string('detail')).toContain('viewer');
    const seen = await api.send('GET', projects, { headers: { cookie: viewer.cookie } });
    expect(seen.status).toBe(200);
  });

  test('of a person in several tenants says which one is meant', async () => {
    const [one, two, foreign] = [
      await api.newTenant(),
      await api.newTenant(),
      await api.newTenant(),
    ];
    const { cookie } = await member([
      { tenant: one, role: 'viewer' },
      { tenant: two, role: 'viewer' },
    ]);
    const list = (tenant?: string) =>
      api.send('GET', projects, {
        headers: tenant === undefined ? { cookie } : { cookie, 'opsforge-tenant': tenant },
      });
    expect((await list(two.name)).ids()).toEqual([two.projectId]);
    expect((await list(one.name)).ids()).toEqual([one.projectId]);
    const unnamed = await list();
    expect(unnamed.status).toBe(422);
    expect(Object(unnamed.body).errors[0].path).toBe('opsforge-tenant');
    for (const name of [foreign.name, 'nothing', '']) expect((await list(name)).status).toBe(404);
  });

  test('that ended is 401, and an API key is heard before any session', async () => {
    const tenant = await api.newTenant();
    const { cookie, userId } = await member([{ tenant, role: 'owner' }]);
    const both = { headers: { cookie }, key: 'ofk_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' };
    expect((await api.send('GET', projects, both)).status).toBe(401);
    expect((await api.send('GET', projects, { headers: { cookie } })).status).toBe(200);
    await api.db.admin.sql`delete from sessions where user_id = ${userId}`;
    api.deps.announceChange({ kind: 'people', userId });
    expect((await api.send('GET', projects, { headers: { cookie } })).status).toBe(401);
  });

  test('changes nothing for other sites, and reads without asking where from', async () => {
    const tenant = await api.newTenant();
    const { cookie } = await member([{ tenant, role: 'owner' }]);
    const post = async (headers: Record<string, string>) => {
      const body = { name: crypto.randomUUID() };
      return (await api.send('POST', projects, { headers: { cookie, ...headers }, body })).status;
    };
    expect(await post({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await post({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await post({})).toBe(403);
    expect(await post({ origin: 'https://evil.example' })).toBe(403);
    expect(await post({ origin: 'null' })).toBe(403);
    expect(await post({ 'sec-fetch-site': 'cross-site', origin: 'https://opsforge.test' })).toBe(
      403,
    );
    expect(await post({ origin: 'https://opsforge.test' })).toBe(201);
    expect(await post({ host: 'ops.example', origin: 'https://ops.example' })).toBe(201);
    expect(await post({ 'sec-fetch-site': 'none' })).toBe(201);
    const read = { cookie, 'sec-fetch-site': 'cross-site' };
    expect((await api.send('GET', projects, { headers: read })).status).toBe(200);
  });
});

describe('the cookie', () => {
  test('is for this host alone and only over https where PUBLIC_URL is https', () => {
    expect(sessionCookie('https://opsforge.test', 'T')).toBe(
      '__Host-opsforge_session=T; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure',
    );
    expect(sessionCookie('http://localhost:3000', 'T')).toBe(
      'opsforge_session=T; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax',
    );
    expect(endedSessionCookie('http://localhost:3000')).toContain(
      'opsforge_session=; Path=/; Max-Age=0',
    );
  });

  test('without the prefix says nothing where the prefix is due', () => {
    const request = new Request('https://opsforge.test/', {
      headers: { cookie: 'opsforge_session=planted' },
    });
    expect(readSessionToken(request, 'https://opsforge.test')).toBeNull();
    expect(readSessionToken(request, 'http://localhost')).toBe('planted');
  });
});

test('a page knows a member’s tenants by their slugs, and no others', async () => {
  const tenant = await createTenant(api.db.database);
  const memberContext = createMemberContext(api.deps);
  const request = new Request('https://opsforge.test/t/x', { headers: { 'x-request-id': 'r' } });
  const person = {
    ...{ userId: '0' as UserId, sessionId: '0' as never, email: 'a@b', name: 'A' },
    memberships: [
      { tenantId: tenant.tenantId, slug: 'acme', name: 'Acme', role: 'member' as const },
    ],
  };
  expect(memberContext(request, person, 'acme')).toMatchObject({
    tenantId: tenant.tenantId,
    actor: { kind: 'member', role: 'member' },
    origin: { requestId: 'r', remoteAddress: null },
  });
  expect(() => memberContext(request, person, tenant.name)).toThrow('no such tenant');
});
