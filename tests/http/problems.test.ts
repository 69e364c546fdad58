/** Errors as clients see them, and what every answer carries. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { isUuidv7 } from '../../src/domain/ids.ts';
import { startApi, type TestApi } from '../support/api.ts';

let api: TestApi;
let key: string;
beforeAll(async () => {
  api = await startApi();
  ({ key } = await api.newTenant());
});
afterAll(() => api.stop());

const projects = '/api/v1/projects';
const endpoints = '/api/v1/endpoints';
const json = { 'content-type': 'application/json' };

describe('the request id', () => {
  test('is the one that the caller gave', async () => {
    const answer = await api.send('GET', projects, { key, headers: { 'x-request-id': 'a-1.b_2' } });
    expect(answer.headers.get('x-request-id')).toBe('a-1.b_2');
  });

  test.each(['', 'with space', 'a'.repeat(129), 'a"b'])('is ours instead of %j', async (given) => {
    const answer = await api.send('GET', projects, { key, headers: { 'x-request-id': given } });
    expect(isUuidv7(answer.headers.get('x-request-id') ?? '')).toBe(true);
  });

  test('stands in the problem as well, whatever went wrong', async () => {
    for (const path of ['/nowhere', `${projects}/x`, `${projects}?limit=0`]) {
      const answer = await api.send('GET', path, { key, headers: { 'x-request-id': 'mine' } });
      expect(answer.body).toMatchObject({ instance: 'mine' });
      expect(answer.headers.get('x-request-id')).toBe('mine');
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
    }
  });
});

describe('a body', () => {
  test.each([
    ['that is missing', '', 400],
    ['of white space', '  \n', 400],
    ['that is no JSON', '{"name":', 400],
    ['that is not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 400],
    ['that is no object', '[]', 422],
    ['that hides a member', '{"name":"a","__proto__":{"b":1}}', 422],
    ['past the limit', `{"name":"${'a'.repeat(256 * 1_024)}"}`, 413],
  ])('%s is refused', async (_what, rawBody, status) => {
    const answer = await api.send('POST', endpoints, { key, rawBody, headers: json });
    expect(answer.status).toBe(status);
  });

  test('of another type than JSON is refused', async () => {
    const headers = { 'content-type': 'text/plain' };
    const answer = await api.send('POST', endpoints, { key, rawBody: '{}', headers });
    expect(answer.status).toBe(415);
  });

  test('is not looked at before the credential', async () => {
    expect((await api.send('POST', endpoints, { rawBody: '{' })).status).toBe(401);
  });

  test('of the wrong shape is answered with what is wrong where', async () => {
    const body = { url: 5, maxInFlight: 0, rateLimit: { perSecond: 'x' }, maxInflight: 3 };
    const answer = await api.send('POST', endpoints, { key, body });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      type: 'urn:opsforge:problem:invalid',
      status: 422,
      errors: expect.arrayContaining([
        { path: 'url', message: 'must be a string' },
        { path: 'maxInFlight', message: 'must be a whole number from 1 to 1000' },
        { path: 'rateLimit.perSecond', message: 'must be a whole number from 1 to 100000' },
        { path: 'maxInflight', message: 'is not a known member' },
      ]),
    });
  });
});

describe('a query', () => {
  test.each([
    ['a parameter that is not known', 'stats=failed', 'stats'],
    ['a parameter given twice', 'limit=1&limit=2', 'limit'],
    ['a limit of nothing', 'limit=0', 'limit'],
    ['a limit past the greatest', 'limit=201', 'limit'],
    ['a cursor that no list gave', 'cursor=abc', 'cursor'],
    ['a time that is none', 'since=yesterday', 'since'],
    ['a status that is none', 'status=lost', 'status'],
    ['a type that is none', 'type=a..b', 'type'],
  ])('with %s is refused, naming it', async (_what, query, path) => {
    const answer = await api.send('GET', `/api/v1/deliveries?${query}`, { key });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ path }] });
  });

  test('keeps commas and brackets in a value', async () => {
    for (const q of ['a,b', '[1,2]', '{"a":1}', 'a+b c']) {
      const answer = await api.send('GET', `/api/v1/events?${new URLSearchParams({ q })}`, { key });
      expect(answer.status).toBe(200);
    }
  });

  test('of a credential without a project must name one', async () => {
    const tenant = await api.newTenant();
    const tenantKey = await api.keyOf(tenant, ['admin'], { tenantWide: true });
    for (const list of ['events', 'deliveries', 'endpoints']) {
      const answer = await api.send('GET', `/api/v1/${list}`, { key: tenantKey });
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({ errors: [{ path: 'projectId' }] });
    }
  });
});

describe('a path', () => {
  test('that does not exist is 404', async () => {
    expect((await api.send('GET', '/api/v1/nothing', { key })).status).toBe(404);
    expect((await api.send('GET', '/api/v1/projects/a/b/c', { key })).status).toBe(404);
  });

  test('that exists with other methods is 405 and names them', async () => {
    const answer = await api.send('PUT', `${projects}/x`, { key });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')?.split(', ').toSorted()).toEqual([
      'DELETE',
      'GET',
      'HEAD',
      'PATCH',
    ]);
    expect((await api.send('DELETE', projects, { key })).status).toBe(405);
  });

  test('may end in a slash', async () => {
    expect((await api.send('GET', `${projects}/`, { key })).status).toBe(200);
  });
});

test('a credential that is missing is 401 and says how to bring one', async () => {
  const answer = await api.send('GET', projects);
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toBe('Bearer');
});

test('what went wrong inside is told to the log once, and to nobody else', async () => {
  const failing = await startApi();
  try {
    const tenant = await failing.newTenant();
    await failing.db.admin.sql`alter table projects rename column name to "hidden name"`;
    const answer = await failing.send('GET', projects, { key: tenant.key });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toMatch(/hidden|select|column|stack|\.ts/);
    expect(failing.logged).toHaveLength(1);
    expect(failing.logged[0]).toMatchObject({
      message: 'request failed',
      requestId: answer.headers.get('x-request-id'),
      route: projects,
    });
  } finally {
    await failing.stop();
  }
});

test('a database that is away is 503 with a time to come back', async () => {
  const failing = await startApi();
  try {
    const tenant = await failing.newTenant();
    expect((await failing.send('GET', projects, { key: tenant.key })).status).toBe(200);
    await failing.db.database.close();
    const answer = await failing.send('GET', projects, { key: tenant.key });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(failing.logged).toEqual([]);
  } finally {
    await failing.stop();
  }
});

test('answers are measured under the pattern of their route, never under their path', async () => {
  const fresh = await startApi();
  const { key: freshKey } = await fresh.newTenant();
  await fresh.send('GET', `${projects}/${crypto.randomUUID()}`, { key: freshKey });
  await fresh.send('POST', projects, { key: freshKey, body: { name: 'x' } });
  await fresh.send('GET', `/wp-login-${crypto.randomUUID()}.php`);
  await fresh.send('GET', '/healthz');
  await fresh.untilObserved(4);
  await fresh.stop();
  expect(fresh.observed).toEqual([
    { method: 'GET', route: '/api/v1/projects/:id', status: 404 },
    { method: 'POST', route: projects, status: 403 },
    { method: 'GET', route: 'unmatched', status: 404 },
    { method: 'GET', route: '/healthz', status: 200 },
  ]);
});

test('nothing of the API is kept by a cache in between', async () => {
  const answer = await api.send('GET', projects, { key });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
});
