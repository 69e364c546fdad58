import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { startApi, type TestApi } from '../support/api.ts';
import { testSecretBox } from '../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const endpoints = '/api/v1/endpoints';
const url = 'https://example.com/hooks';

async function newEndpoint(body: object = {}) {
  const tenant = await api.newTenant();
  const { key } = tenant;
  const made = await api.send('POST', endpoints, { key, body: { url, ...body } });
  return { tenant, key, made, id: made.string('id'), path: `${endpoints}/${made.string('id')}` };
}

describe('making', () => {
  test('an endpoint from its URL alone gives it the defaults of the contract', async () => {
    const { tenant, made } = await newEndpoint();
    expect(made.status).toBe(201);
    const { id, secret, createdAt, updatedAt, ...rest } = Object(made.body);
    expect(rest).toEqual({
      ...{ projectId: tenant.projectId, url, description: '', eventTypes: [], filter: null },
      ...{ headers: {}, timeoutMs: 15_000, rateLimit: null, maxInFlight: 10, ordered: false },
      retrySchedule: [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400],
      ...{ signing: 'hmac', auth: { kind: 'none' }, status: 'active', statusReason: null },
      ...{ pausedUntil: null, failingSince: null, customer: null },
    });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(createdAt).toBe(updatedAt);
    expect(api.changes).toContainEqual({
      ...{ kind: 'endpoints', tenantId: tenant.tenantId, endpointId: id },
    });
  });

  test('keeps everything that was said', async () => {
    const body = {
      ...{ description: 'ours', eventTypes: ['invoice.*', 'a.**'], timeoutMs: 5_000 },
      ...{ rateLimit: { perSecond: 3 }, maxInFlight: 1_000, ordered: true, retrySchedule: [] },
      ...{
        signing: 'hmac',
        filter: { payload: { total: { $gte: 100 }, 'a.b': { $in: ['é', null] } } },
      },
    };
    const { key, made, path } = await newEndpoint(body);
    expect(made.body).toMatchObject(body);
    const { secret: _secret, ...shown } = Object(made.body);
    expect((await api.send('GET', path, { key })).body).toEqual(shown);
  });

  test.each([
    [{ url: 'ftp://example.com' }, 'url'],
    [{ url: '/hooks' }, 'url'],
    [{ url, customer: 'x'.repeat(129) }, 'customer'],
    [{ url: 'https://user:pass@example.com/' }, 'url'],
    [{ url: `https://example.com/${'a'.repeat(2_048)}` }, 'url'],
    [{ url, eventTypes: ['a..b'] }, 'eventTypes.0'],
    [{ url, eventTypes: ['ok', '**.a'] }, 'eventTypes.1'],
    [{ url, headers: { Host: 'a' } }, 'headers.Host'],
    [{ url, headers: { 'webhook-id': 'a' } }, 'headers.webhook-id'],
    [{ url, headers: { 'x-a': 'b\r\nc: d' } }, 'headers.x-a'],
    [{ url, headers: { 'x-a': 5 } }, 'headers.x-a'],
    [{ url, timeoutMs: 1.5 }, 'timeoutMs'],
    [{ url, maxInFlight: 1_001 }, 'maxInFlight'],
    [{ url, retrySchedule: [0] }, 'retrySchedule.0'],
    [{ url, retrySchedule: [5, 1.5] }, 'retrySchedule.1'],
    [{ url, signing: 'rsa' }, 'signing'],
    [{ url, filter: { path: 'total' } }, 'filter.path'],
    [{ url, filter: { payload: { total: { $regex: '1' } } } }, 'filter.payload.total.$regex'],
    [{ url, filter: [] }, 'filter'],
    [{ url, description: 'a\0' }, 'description'],
    [{ url, status: 'active' }, 'status'],
    [{}, 'url'],
  ])('refuses %j', async (body, path) => {
    const { key } = await api.newTenant();
    const answer = await api.send('POST', endpoints, { key, body });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ path }] });
  });

  test('refuses an address that the guard forbids, in its words', async () => {
    const { key } = await api.newTenant();
    api.outbound.refusal = 'leads to 10.0.0.1, a private address';
    const answer = await api.send('POST', endpoints, { key, body: { url } });
    api.outbound.refusal = null;
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      errors: [{ path: 'url', message: 'leads to 10.0.0.1, a private address' }],
    });
  });

  test('refuses a project that is another tenant’s', async () => {
    const [tenant, other] = await Promise.all([api.newTenant(), api.newTenant()]);
    const key = await api.keyOf(tenant, ['admin'], { tenantWide: true });
    for (const asker of [key, tenant.key]) {
      const body = { url, projectId: other.projectId };
      expect((await api.send('POST', endpoints, { key: asker, body })).status).toBe(404);
    }
  });
});

describe('own headers', () => {
  const headers = { Authorization: 'Bearer t0p-secret', 'x-a': '1' };

  test('are stored encrypted and shown masked', async () => {
    const { key, id, path, made } = await newEndpoint({ headers });
    const masked = { Authorization: '[masked]', 'x-a': '[masked]' };
    expect(made.body).toMatchObject({ headers: masked });
    expect((await api.send('GET', path, { key })).text).not.toContain('t0p-secret');
    const [row] = await api.db.admin.sql`select * from endpoints where id = ${id}`;
    expect(Buffer.from(row?.['headers_encrypted']).toString('latin1')).not.toContain('t0p-secret');
    expect(JSON.parse(testSecretBox.open(row?.['headers_encrypted']))).toEqual(headers);
  });

  test('are replaced as a whole, and what is sent back masked is kept', async () => {
    const { key, id, path } = await newEndpoint({ headers });
    const changed = { 'x-b': '2', authorization: '[masked]' };
    const answer = await api.send('PATCH', path, { key, body: { headers: changed } });
    expect(answer.body).toMatchObject({
      headers: { 'x-b': '[masked]', authorization: '[masked]' },
    });
    const [row] = await api.db.admin.sql`select * from endpoints where id = ${id}`;
    expect(JSON.parse(testSecretBox.open(row?.['headers_encrypted']))).toEqual({
      'x-b': '2',
      authorization: 'Bearer t0p-secret',
    });
    const unknown = await api.send('PATCH', path, { key, body: { headers: { y: '[masked]' } } });
    expect(unknown.status).toBe(422);
    const none = await api.send('PATCH', path, { key, body: { headers: {} } });
    expect(none.body).toMatchObject({ headers: {} });
  });
});

describe('changing', () => {
  test('touches only what is named and tells the caches', async () => {
    const { tenant, key, id, path, made } = await newEndpoint({ eventTypes: ['a'] });
    api.changes.length = 0;
    const body = { maxInFlight: 5, rateLimit: { perSecond: 2 } };
    const changed = await api.send('PATCH', path, { key, body });
    const { secret: _secret, updatedAt, ...before } = Object(made.body);
    const { updatedAt: after, ...now } = Object(changed.body);
    expect(now).toEqual({ ...before, ...body });
    expect(after > updatedAt).toBe(true);
    expect(api.changes).toEqual([
      { kind: 'endpoints', tenantId: tenant.tenantId, endpointId: now.id },
    ]);
    expect(api.woken).toContain(now.id);
    const cleared = await api.send('PATCH', path, { key, body: { rateLimit: null } });
    expect(cleared.body).toMatchObject({ id, rateLimit: null, maxInFlight: 5 });
  });

  test('is checked as making is, and a refused change changes nothing', async () => {
    const { key, path } = await newEndpoint();
    for (const body of [{ url: 'x' }, { headers: { host: 'a' } }, { projectId: 'a' }]) {
      expect((await api.send('PATCH', path, { key, body })).status).toBe(422);
    }
    expect((await api.send('GET', path, { key })).body).toMatchObject({ url, headers: {} });
  });

  test('is not for a key that may only read', async () => {
    const { tenant, path } = await newEndpoint();
    const key = await api.keyOf(tenant, ['endpoints:read']);
    expect((await api.send('GET', path, { key })).status).toBe(200);
    expect((await api.send('PATCH', path, { key, body: {} })).status).toBe(403);
    expect((await api.send('GET', `${path}/secret`, { key })).status).toBe(403);
  });

  test('is not for a key of another project of the tenant', async () => {
    const { tenant, path } = await newEndpoint();
    const admin = await api.keyOf(tenant, ['admin'], { tenantWide: true });
    const body = { name: 'other' };
    const project = await api.send('POST', '/api/v1/projects', { key: admin, body });
    const projectId = project.string('id');
    const made = await api.send('POST', '/api/v1/api-keys', {
      key: admin,
      body: { name: 'k', scopes: ['admin'], projectId },
    });
    const key = made.string('key');
    for (const [method, at] of [
      ['GET', path],
      ['PATCH', path],
      ['DELETE', path],
      ['GET', `${path}/secret`],
      ['POST', `${path}/disable`],
      ['POST', `${path}/test`],
      ['POST', `${path}/rotate-secret`],
    ] as const) {
      const sent = method === 'PATCH' ? { key, body: {} } : { key };
      expect((await api.send(method, at, sent)).status).toBe(404);
    }
    expect((await api.send('GET', endpoints, { key })).ids()).toEqual([]);
  });
});

test('the list filters by status and goes page by page, newest first', async () => {
  const { key, id: first } = await newEndpoint();
  const ids = [first];
  for (let made = 0; made < 4; made += 1) {
    ids.unshift((await api.send('POST', endpoints, { key, body: { url } })).string('id'));
  }
  await api.send('POST', `${endpoints}/${ids[1]}/pause`, { key });
  const page = await api.send('GET', `${endpoints}?limit=2`, { key });
  expect(page.ids()).toEqual(ids.slice(0, 2));
  const cursor = page.string('nextCursor');
  const rest = await api.send('GET', `${endpoints}?cursor=${cursor}`, { key });
  expect(rest.ids()).toEqual(ids.slice(2));
  expect(rest.body).toMatchObject({ nextCursor: null });
  expect((await api.send('GET', `${endpoints}?status=paused`, { key })).ids()).toEqual([
    String(ids[1]),
  ]);
});

describe('the secret', () => {
  const day = 86_400_000;

  test('is shown to who may write, and rotates with an overlap of a day', async () => {
    const { tenant, key, id, path, made } = await newEndpoint();
    const first = made.string('secret');
    expect((await api.send('GET', `${path}/secret`, { key })).body).toEqual({ secret: first });
    api.changes.length = 0;
    const before = Date.now();
    const rotated = await api.send('POST', `${path}/rotate-secret`, { key });
    expect(rotated.status).toBe(200);
    expect(rotated.string('secret')).not.toBe(first);
    const until = Date.parse(rotated.string('previousExpiresAt'));
    expect(until).toBeGreaterThanOrEqual(before + day);
    expect(until).toBeLessThan(before + day + 60_000);
    const shown = await api.send('GET', `${path}/secret`, { key });
    expect(shown.body).toEqual({ secret: rotated.string('secret') });
    const rows = await api.db.admin.sql`
      select secret_encrypted, expires_at from endpoint_secrets where endpoint_id = ${id}
      order by expires_at nulls first`;
    const stored = rows.map((row) => testSecretBox.open(row['secret_encrypted']));
    expect(stored).toEqual([rotated.string('secret'), first]);
    expect(new Date(rows[1]?.['expires_at']).getTime()).toBe(until);
    expect(api.changes).toHaveLength(1);
    expect(api.changes[0]).toMatchObject({ kind: 'endpoints', tenantId: tenant.tenantId });
  });

  test('is at once the only one with an overlap of nothing, however many there were', async () => {
    const { key, id, path } = await newEndpoint();
    const rotate = (overlapSeconds: number) =>
      api.send('POST', `${path}/rotate-secret`, { key, body: { overlapSeconds } });
    for (let rotation = 0; rotation < 4; rotation += 1) {
      expect((await rotate(3_600)).status).toBe(200);
    }
    expect((await rotate(3_600)).status).toBe(409);
    expect((await rotate(0)).status).toBe(200);
    const [row] = await api.db.admin.sql`
      select count(*)::int as valid from endpoint_secrets
      where endpoint_id = ${id} and (expires_at is null or expires_at > now() + interval '1 s')`;
    expect(row?.['valid']).toBe(1);
    for (const overlapSeconds of [-1, 1.5, 30 * 86_400 + 1]) {
      expect((await rotate(overlapSeconds)).status).toBe(422);
    }
  });
});

test('endpoints are listed by the customer that they were given, and may be given another', async () => {
  const { key, made, path } = await newEndpoint({ customer: 'one' });
  const listed = async (customer: string) =>
    (await api.send('GET', `${endpoints}?customer=${customer}`, { key })).ids();
  expect(await listed('one')).toEqual([made.string('id')]);
  const changed = await api.send('PATCH', path, { key, body: { customer: 'two' } });
  expect(changed.body).toMatchObject({ customer: 'two' });
  expect([await listed('one'), await listed('two')]).toEqual([[], [made.string('id')]]);
  const freed = await api.send('PATCH', path, { key, body: { customer: null } });
  expect(freed.body).toMatchObject({ customer: null });
});
