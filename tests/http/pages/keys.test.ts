/** API keys as pages: the list, the key that is shown once, changing and revoking. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import type { ApiKeyId } from '../../../src/domain/ids.ts';
import { projectScopes } from '../../../src/domain/scopes.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createKey, createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let list: string;

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  list = `/t/${tenant.name}/settings/keys`;
  await pages.signIn(tenant);
});

type Fields = Record<string, string>;

const newKey = (fields: Fields = {}): Fields => ({
  ...{ name: 'checkout', projectId: tenant.projectId, access: 'send', scopes: '' },
  ...{ expiresAt: '', rateLimit: '' },
  ...fields,
});

const changes = (fields: Fields = {}): Fields => {
  const { projectId: _, ...kept } = newKey(fields);
  return { endsNow: '', ...kept };
};

type KeyRow = {
  name: string;
  scopes: string[];
  project_id: string | null;
  rate_limit_per_second: number | null;
  expires: string | null;
  revoked: boolean;
};

async function keyOf(id: ApiKeyId | null = null): Promise<KeyRow | undefined> {
  const { sql } = pages.db.admin;
  const [row] = await sql<KeyRow[]>`
    select name, scopes, project_id, rate_limit_per_second, revoked_at is not null as revoked,
      to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as expires
    from api_keys where tenant_id = ${tenant.tenantId}
      ${id === null ? sql`` : sql`and id = ${id}`}`;
  return row;
}

async function setKey(
  id: ApiKeyId,
  values: { name?: string; endsInDays?: number; used?: boolean },
) {
  const { name = 'test', endsInDays = null, used = false } = values;
  await pages.db.admin.sql`update api_keys set name = ${name},
    created_at = now() - interval '40 days',
    expires_at = now() + ${endsInDays}::integer * interval '1 day' + interval '1 hour',
    last_used_at = case when ${used} then now() - interval '5 minutes' end where id = ${id}`;
}

test('the list says which key it is, whether it is used, and when it ends', async () => {
  const ending = await createKey(pages.db.database, tenant, { perSecond: 500 });
  await setKey(ending.id, { name: 'wms <rotterdam>', endsInDays: 6, used: true });
  const idle = await createKey(pages.db.database, tenant, {
    ...{ scopes: ['admin'], projectId: null },
  });
  await setKey(idle.id, { name: 'terraform' });
  const { text, status } = await pages.get(list);
  expect(status).toBe(200);
  expect(text).toContain('2 keys, one ends in 6 d.');
  expect(text).toContain('wms &lt;rotterdam&gt;');
  expect(text).toContain('Everything in a project');
  expect(text).toContain('500 a second');
  expect(text).toContain('5 min ago');
  expect(text).toContain('all projects');
  expect(text).toContain('Never used');
  expect(text).toContain(`ofk_…${ending.key.slice(-4)}`);
  expect(text).not.toContain(ending.key);
  expect(await findPageOffences(text)).toEqual([]);
});

test('a new key is shown once, with the command that uses it', async () => {
  expect((await pages.get(list)).text).toContain('No API keys yet');
  const form = newKey({ expiresAt: '2099-12-31', rateLimit: '20' });
  const { text, status } = await pages.post(`${list}/new`, form);
  expect(status).toBe(200);
  const [key = ''] = /ofk_[\w-]{43}/.exec(text) ?? [];
  expect(text).toContain(`Authorization: Bearer ${key}`);
  expect(text).toContain('https://opsforge.test/api/v1/webhooks');
  expect(await findPageOffences(text)).toEqual([]);
  expect(await keyOf()).toEqual({
    ...{ name: 'checkout', scopes: ['events:write'], project_id: tenant.projectId },
    ...{ rate_limit_per_second: 20, expires: '2099-12-31 23:59', revoked: false },
  });
  const event = { type: 'invoice.paid', payload: { number: 'A-1', amount: 4200 } };
  expect((await pages.send('POST', '/api/v1/webhooks', { key, body: event })).status).toBe(202);
  expect((await pages.get(list)).text).not.toContain(key);
});

test.each([
  ['read', projectScopes.filter((scope) => scope.endsWith(':read'))],
  ['all', projectScopes],
] as const)('the choice "%s" gives what it says', async (access, scopes) => {
  expect((await pages.post(`${list}/new`, newKey({ access }))).status).toBe(200);
  expect((await keyOf())?.scopes).toEqual([...scopes]);
});

test('a key of all projects with scopes of its own names a project in its command', async () => {
  const form = newKey({ projectId: '', access: 'custom', scopes: 'deliveries:read' });
  const { text } = await pages.post(`${list}/new`, form);
  expect(text).toContain(`/api/v1/deliveries?projectId=${tenant.projectId}`);
  expect(await keyOf()).toMatchObject({ scopes: ['deliveries:read'], project_id: null });
});

test.each([
  ['name', 'must be 1 to 200 characters', { name: '' }],
  ['scopes', 'must name at least one scope', { access: 'custom' }],
  ['scopes', 'is not a permission', { access: 'custom', scopes: 'events:eat' }],
  ['expiresAt', 'must be a date like', { expiresAt: 'soon' }],
  ['expiresAt', 'must be in the future', { expiresAt: '2020-01-01' }],
  ['rateLimit', 'must be a whole number', { rateLimit: '0' }],
] as const)('an error at %s (%s) keeps what was typed', async (field, message, wrong) => {
  const { text, status } = await pages.post(`${list}/new`, newKey({ name: 'kept', ...wrong }));
  expect(status).toBe(422);
  const [, error = ''] = text.split(`id="${field}-error"`);
  expect(error.slice(0, 2_000)).toContain(message);
  if (field !== 'name') expect(text).toContain('value="kept"');
  expect(await findPageOffences(text)).toEqual([]);
  expect(await keyOf()).toBeUndefined();
});

test('a key is changed, and keeps the hour that it ends at while its day stays', async () => {
  const { id } = await createKey(pages.db.database, tenant);
  const noon = '2099-06-01T12:00:00Z';
  await pages.db.admin.sql`update api_keys set expires_at = ${noon} where id = ${id}`;
  const { text } = await pages.get(`${list}/${id}`);
  expect(text).toContain('value="2099-06-01"');
  expect(await findPageOffences(text)).toEqual([]);
  const form = changes({ name: 'new name', rateLimit: '5' });
  const ends = { expiresAt: '2099-06-01', endsNow: '2099-06-01' };
  const saved = await pages.post(`${list}/${id}`, { ...form, ...ends });
  expect(saved.headers.get('location')).toBe(list);
  expect(await keyOf(id)).toMatchObject({
    ...{ name: 'new name', scopes: ['events:write'], rate_limit_per_second: 5 },
    expires: '2099-06-01 12:00',
  });
  await pages.post(`${list}/${id}`, { ...form, ...ends, expiresAt: '' });
  expect((await keyOf(id))?.expires).toBeNull();
  const refused = await pages.post(`${list}/${id}`, changes({ name: '' }));
  expect(refused.status).toBe(422);
  expect(refused.text).toContain('id="name-error"');
});

test('a key is revoked after its effect and its last use were told', async () => {
  const { id, key } = await createKey(pages.db.database, tenant);
  await setKey(id, { name: 'checkout', used: true });
  for (const path of [list, `${list}/${id}/revoke`]) {
    const { text } = await pages.get(path);
    expect(text).toContain('Revoke “checkout”?');
    expect(text).toContain('answered with 401 within 1 s, for good. It was last used 5 min ago.');
    expect(await findPageOffences(text)).toEqual([]);
  }
  const done = await pages.post(`${list}/${id}/revoke`, {});
  expect(done.headers.get('location')).toBe(list);
  expect((await keyOf(id))?.revoked).toBe(true);
  expect((await pages.send('GET', '/api/v1/events', { key })).status).toBe(401);
});

test('a member sees keys and changes none; a viewer sees none', async () => {
  const { id } = await createKey(pages.db.database, tenant);
  await pages.signIn(tenant, 'member');
  const { text } = await pages.get(list);
  expect(text).toContain('1 key.');
  expect(text).not.toContain('Revoke');
  expect(text).not.toContain('New key');
  const writes = [
    () => pages.get(`${list}/new`),
    () => pages.post(`${list}/new`, newKey()),
    () => pages.post(`${list}/${id}`, changes()),
    () => pages.post(`${list}/${id}/revoke`, {}),
  ];
  for (const write of writes) expect((await write()).status).toBe(403);
  await pages.signIn(tenant, 'viewer');
  expect((await pages.get(list)).status).toBe(403);
  expect(await keyOf(id)).toMatchObject({ name: 'test', revoked: false });
});

test('another tenant’s key is not there, and its pages are not', async () => {
  const other = await createTenant(pages.db.database);
  const { id } = await createKey(pages.db.database, other);
  await setKey(id, { name: 'theirs' });
  expect((await pages.get(list)).text).not.toContain('theirs');
  expect((await pages.get(`${list}/${id}`)).status).toBe(404);
  expect((await pages.post(`${list}/${id}`, changes())).status).toBe(404);
  expect((await pages.post(`${list}/${id}/revoke`, {})).status).toBe(404);
  expect((await pages.get(`/t/${other.name}/settings/keys`)).status).toBe(404);
  const named = newKey({ projectId: other.projectId });
  expect((await pages.post(`${list}/new`, named)).status).toBe(404);
});

test('settings lead on to the first tab that the reader may see', async () => {
  const path = `/t/${tenant.name}/settings`;
  const { status, headers } = await pages.get(path);
  expect(status).toBe(303);
  expect(headers.get('location')).toStartWith(`${path}/`);
});
