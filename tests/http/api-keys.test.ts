import { afterAll, beforeAll, expect, test } from 'bun:test';
import { startApi, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const keys = '/api/v1/api-keys';
const projects = '/api/v1/projects';

async function newAdmin() {
  const tenant = await api.newTenant();
  return { tenant, key: await api.keyOf(tenant, ['admin'], { tenantWide: true }) };
}

test('a key is shown once, works, and stops at once when it is revoked', async () => {
  const { tenant, key } = await newAdmin();
  const body = {
    name: 'ci',
    projectId: tenant.projectId,
    scopes: ['projects:read', 'projects:read'],
    expiresAt: '2099-01-01T00:00:00+02:00',
    rateLimit: { perSecond: 5 },
  };
  const made = await api.send('POST', keys, { key, body });
  expect(made.status).toBe(201);
  const secret = made.string('key');
  expect(secret).toMatch(/^ofk_[A-Za-z0-9_-]{43}$/);
  expect(made.body).toMatchObject({
    ...{ name: 'ci', projectId: tenant.projectId, scopes: ['projects:read'] },
    ...{ expiresAt: '2098-12-31T22:00:00.000Z', rateLimit: { perSecond: 5 } },
    ...{ keyHint: secret.slice(-4), lastUsedAt: null },
  });

  const path = `${keys}/${made.string('id')}`;
  const shown = await api.send('GET', path, { key });
  const { key: _key, ...rest } = Object(made.body);
  expect(shown.body).toEqual(rest);
  const [row] = await api.db.admin.sql`
    select * from api_keys where id = ${made.string('id')}`;
  expect(JSON.stringify(row)).not.toContain(secret);

  expect((await api.send('GET', projects, { key: secret })).status).toBe(200);
  expect((await api.send('DELETE', path, { key })).status).toBe(204);
  expect((await api.send('GET', projects, { key: secret })).status).toBe(401);
  expect((await api.send('GET', path, { key })).status).toBe(404);
  expect((await api.send('DELETE', path, { key })).status).toBe(404);
});

test.each([
  { name: 'a', scopes: [] },
  { name: 'a', scopes: ['everything'] },
  { name: 'a', scopes: ['admin'], expiresAt: '2020-01-01T00:00:00Z' },
  { name: 'a', scopes: ['admin'], expiresAt: 'tomorrow' },
  { name: 'a', scopes: ['admin'], rateLimit: { perSecond: 0 } },
  { name: 'a', scopes: ['admin'], projectId: 'x' },
  { scopes: ['admin'] },
])('a key is not made of %j', async (body) => {
  const { key } = await newAdmin();
  expect((await api.send('POST', keys, { key, body })).status).toBe(422);
});

test('a key gives no scope that it lacks itself; what may be written may be read', async () => {
  const tenant = await api.newTenant();
  const key = await api.keyOf(tenant, ['api-keys:write', 'events:write']);
  const make = (scopes: string[]) => api.send('POST', keys, { key, body: { name: 'a', scopes } });
  expect((await make(['events:write'])).status).toBe(201);
  expect((await make(['events:read'])).status).toBe(201);
  const refused = await make(['events:read', 'endpoints:read', 'admin']);
  expect(refused.status).toBe(403);
  expect(refused.string('detail')).toContain('endpoints:read, admin');
});

test('a key raises no other key above itself, nor keeps a greater one alive', async () => {
  const tenant = await api.newTenant();
  const small = await api.keyOf(tenant, ['api-keys:write', 'events:read']);
  const admin = await api.keyOf(tenant, ['admin']);
  const make = (scopes: string[]) =>
    api.send('POST', keys, { key: admin, body: { name: 'a', scopes } });
  const lesser = `${keys}/${(await make(['events:read'])).string('id')}`;
  const greater = `${keys}/${(await make(['endpoints:write'])).string('id')}`;
  const change = (path: string, body: object) => api.send('PATCH', path, { key: small, body });
  expect((await change(lesser, { scopes: ['endpoints:read'] })).status).toBe(403);
  expect((await change(greater, { expiresAt: null })).status).toBe(403);
  const renamed = await change(lesser, { name: 'b', expiresAt: '2099-01-01T00:00:00Z' });
  expect(renamed.status).toBe(200);
  expect(renamed.body).toMatchObject({ name: 'b', scopes: ['events:read'] });
  expect((await change(lesser, { expiresAt: null })).body).toMatchObject({ expiresAt: null });
});

test('changed scopes count from the next request on', async () => {
  const { tenant, key } = await newAdmin();
  const body = { name: 'a', projectId: tenant.projectId, scopes: ['projects:read'] };
  const made = await api.send('POST', keys, { key, body });
  const secret = made.string('key');
  expect((await api.send('GET', projects, { key: secret })).status).toBe(200);
  const path = `${keys}/${made.string('id')}`;
  await api.send('PATCH', path, { key, body: { scopes: ['events:read'] } });
  expect((await api.send('GET', projects, { key: secret })).status).toBe(403);
});

test('a key bound to a project makes and sees keys of that project only', async () => {
  const { tenant, key: adminKey } = await newAdmin();
  const other = await api.send('POST', projects, { key: adminKey, body: { name: 'other' } });
  const otherId = other.string('id');
  const body = { name: 'a', scopes: ['events:read'] };
  const wide = await api.send('POST', keys, { key: adminKey, body });
  expect(wide.body).toMatchObject({ projectId: null });
  const foreign = await api.send('POST', keys, {
    key: adminKey,
    body: { ...body, projectId: otherId },
  });

  const key = await api.keyOf(tenant, ['api-keys:write', 'events:read']);
  const made = await api.send('POST', keys, { key, body });
  expect(made.body).toMatchObject({ projectId: tenant.projectId });
  const refused = await api.send('POST', keys, { key, body: { ...body, projectId: otherId } });
  expect(refused.status).toBe(404);
  const seen = (await api.send('GET', keys, { key })).ids();
  expect(seen).toContain(made.string('id'));
  for (const id of [wide.string('id'), foreign.string('id')]) {
    expect(seen).not.toContain(id);
    expect((await api.send('GET', `${keys}/${id}`, { key })).status).toBe(404);
    expect((await api.send('PATCH', `${keys}/${id}`, { key, body: {} })).status).toBe(404);
    expect((await api.send('DELETE', `${keys}/${id}`, { key })).status).toBe(404);
  }
  const ofOther = await api.send('GET', `${keys}?projectId=${otherId}`, { key: adminKey });
  expect(ofOther.ids()).toEqual([foreign.string('id')]);
});

test('a key for a project of another tenant is not made', async () => {
  const { key } = await newAdmin();
  const other = await api.newTenant();
  const body = { name: 'a', scopes: ['events:read'], projectId: other.projectId };
  expect((await api.send('POST', keys, { key, body })).status).toBe(404);
});
