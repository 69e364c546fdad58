import { afterAll, beforeAll, expect, test } from 'bun:test';
import { startApi, type TestApi } from '../support/api.ts';
import { createEndpointRow, createKey } from '../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const projects = '/api/v1/projects';

async function newAdmin() {
  const tenant = await api.newTenant();
  return { tenant, key: await api.keyOf(tenant, ['admin'], { tenantWide: true }) };
}

test('a project is made, read, renamed and deleted', async () => {
  const { key } = await newAdmin();
  const made = await api.send('POST', projects, { key, body: { name: 'Zahlungen & Mehr' } });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({ name: 'Zahlungen & Mehr', slug: 'zahlungen-mehr' });
  const path = `${projects}/${made.string('id')}`;
  expect((await api.send('GET', path, { key })).body).toEqual(made.body);

  const renamed = await api.send('PATCH', path, { key, body: { name: 'Billing' } });
  expect(renamed.body).toEqual({ ...Object(made.body), name: 'Billing' });
  expect((await api.send('PATCH', path, { key, body: {} })).body).toEqual(renamed.body);

  expect((await api.send('DELETE', path, { key })).status).toBe(204);
  expect((await api.send('GET', path, { key })).status).toBe(404);
  expect((await api.send('PATCH', path, { key, body: {} })).status).toBe(404);
  expect((await api.send('DELETE', path, { key })).status).toBe(404);
  expect((await api.send('GET', projects, { key })).ids()).not.toContain(made.string('id'));
});

test('projects of one name get slugs of their own; a deleted one gives its back', async () => {
  const { key } = await newAdmin();
  const body = { name: 'Shop' };
  const made = await Promise.all([1, 2, 3].map(() => api.send('POST', projects, { key, body })));
  const slugs = made.map((answer) => answer.string('slug')).toSorted();
  expect(slugs).toEqual(['shop', 'shop-2', 'shop-3']);
  const first = made.find((answer) => answer.string('slug') === 'shop');
  await api.send('DELETE', `${projects}/${first?.string('id')}`, { key });
  expect((await api.send('POST', projects, { key, body })).string('slug')).toBe('shop');
});

test('a name that leaves nothing of a slug still makes one', async () => {
  const { key } = await newAdmin();
  const made = await api.send('POST', projects, { key, body: { name: '项目' } });
  expect(made.string('slug')).toBe('project');
});

test.each([
  { name: '' },
  { name: 'a'.repeat(201) },
  { name: 'a\0b' },
  { name: 5 },
  {},
  { nom: 'a' },
])('a project is not made of %j', async (body) => {
  const { key } = await newAdmin();
  expect((await api.send('POST', projects, { key, body })).status).toBe(422);
});

test('the list goes page by page, newest first', async () => {
  const { tenant, key } = await newAdmin();
  const made: string[] = [tenant.projectId];
  for (const name of ['a', 'b', 'c', 'd']) {
    made.unshift((await api.send('POST', projects, { key, body: { name } })).string('id'));
  }
  const first = await api.send('GET', `${projects}?limit=3`, { key });
  expect(first.ids()).toEqual(made.slice(0, 3));
  const cursor = first.string('nextCursor');
  const second = await api.send('GET', `${projects}?limit=3&cursor=${cursor}`, { key });
  expect(second.ids()).toEqual(made.slice(3));
  expect(second.body).toMatchObject({ nextCursor: null });
});

test('a project with endpoints is not deleted; an empty one takes its keys along', async () => {
  const { tenant, key } = await newAdmin();
  const path = `${projects}/${tenant.projectId}`;
  const endpointId = await createEndpointRow(api.db.database, tenant, 'https://example.com/');
  const refused = await api.send('DELETE', path, { key });
  expect(refused.status).toBe(409);

  expect((await api.send('DELETE', `/api/v1/endpoints/${endpointId}`, { key })).status).toBe(204);
  const { key: projectKey } = await createKey(api.db.database, tenant);
  expect((await api.send('GET', path, { key: projectKey })).status).toBe(200);
  expect((await api.send('DELETE', path, { key })).status).toBe(204);
  expect((await api.send('GET', path, { key: projectKey })).status).toBe(401);
});

test('a key that is bound to a project sees and renames that one alone', async () => {
  const { tenant, key: adminKey } = await newAdmin();
  const other = await api.send('POST', projects, { key: adminKey, body: { name: 'other' } });
  const key = await api.keyOf(tenant, ['projects:write']);
  expect((await api.send('GET', projects, { key })).ids()).toEqual([tenant.projectId]);
  const otherPath = `${projects}/${other.string('id')}`;
  expect((await api.send('GET', otherPath, { key })).status).toBe(404);
  expect((await api.send('PATCH', otherPath, { key, body: { name: 'x' } })).status).toBe(404);
  expect((await api.send('DELETE', otherPath, { key })).status).toBe(404);
  const own = `${projects}/${tenant.projectId}`;
  expect((await api.send('PATCH', own, { key, body: { name: 'x' } })).status).toBe(200);
  expect((await api.send('DELETE', own, { key })).status).toBe(403);
  expect((await api.send('POST', projects, { key, body: { name: 'x' } })).status).toBe(403);
});

test('reading is not writing', async () => {
  const { tenant } = await newAdmin();
  const key = await api.keyOf(tenant, ['projects:read'], { tenantWide: true });
  const path = `${projects}/${tenant.projectId}`;
  expect((await api.send('GET', path, { key })).status).toBe(200);
  expect((await api.send('PATCH', path, { key, body: { name: 'x' } })).status).toBe(403);
  expect((await api.send('DELETE', path, { key })).status).toBe(403);
});
