import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { newId } from '../../src/domain/ids.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { createEndpointRow, type TestTenant } from '../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const batch = '/api/v1/webhooks/batch';
const json = { 'content-type': 'application/json' };
const ndjson = { 'content-type': 'application/x-ndjson' };
const event = (more: object = {}) => ({ type: 'a.b', payload: 1, ...more });

/** Not as `body`: what is wrong in an event is not as the document describes it. */
const post = (key: string, events: unknown[], headers: Record<string, string> = {}) =>
  api.send('POST', batch, {
    ...{ key, rawBody: JSON.stringify({ events }), headers: { ...json, ...headers } },
  });

const payloadsOf = async (tenant: TestTenant) =>
  (
    await api.db.admin.sql<{ payload: string }[]>`
      select payload from webhook_events where tenant_id = ${tenant.tenantId} order by id`
  ).map(({ payload }) => payload);

describe('a batch', () => {
  test('is answered event by event, and the good ones are stored beside the bad', async () => {
    const tenant = await api.newTenant();
    await createEndpointRow(api.db.database, tenant, 'https://example.com/');
    const big = 'x'.repeat(256 * 1_024);
    const answer = await post(tenant.key, [
      event(),
      event({ type: 'a b' }),
      event({ metadata: { a: '\0' } }),
      event({ orderingKey: '\ud800' }),
      event({ payload: big }),
      event({ id: newId(0) }),
      null,
      event({ projectId: newId(Date.now()) }),
      event({ idempotencyKey: 'a b' }),
      event({ payload: 2 }),
    ]);
    expect(answer.status).toBe(202);
    const codes = ['invalid', 'invalid', 'invalid', 'too_large', 'invalid', 'invalid', 'not_found'];
    expect(answer.body).toEqual({
      accepted: 2,
      rejected: 8,
      results: [
        { index: 0, id: expect.any(String) },
        ...[...codes, 'invalid'].map((code, at) => ({
          index: at + 1,
          error: { code, message: expect.any(String) },
        })),
        { index: 9, id: expect.any(String) },
      ],
    });
    expect(await payloadsOf(tenant)).toEqual(['1', '2']);
    expect(answer.text).toContain('"message":"type: must be segments');
  });

  test('that says nothing wrong is as the document describes it', async () => {
    const { key } = await api.newTenant();
    const events = [event({ metadata: { a: 'b' }, idempotencyKey: 'k' }), event()];
    const answer = await api.send('POST', batch, { key, body: { events } });
    expect(answer.body).toMatchObject({ accepted: 2, rejected: 0 });
    const none = await api.send('POST', batch, { key, body: { events: [] } });
    expect(none.body).toEqual({ accepted: 0, rejected: 0, results: [] });
  });

  test('keeps each payload as it was written', async () => {
    const payloads = ['{"b":1.0, "a" : "\\u00e9"}', '12345678901234567890', '[ 1,2 ]', '"\\u0000"'];
    const items = payloads.map((payload) => `{"payload" : ${payload} ,"type":"a"}`);
    for (const [headers, rawBody] of [
      [json, `{"events":[${items.join(' , ')}]}`],
      [ndjson, items.join('\n')],
    ] as const) {
      const tenant = await api.newTenant();
      const answer = await api.send('POST', batch, { key: tenant.key, headers, rawBody });
      expect(answer.body).toMatchObject({ accepted: 4 });
      expect(await payloadsOf(tenant)).toEqual(payloads);
    }
  });

  test('as NDJSON passes over blank lines, and rejects the lines that are no JSON', async () => {
    const tenant = await api.newTenant();
    const line = (payload: number) => JSON.stringify(event({ payload }));
    const rawBody = `\r\n${line(1)}\r\n\n \n{"type":\n${line(2)}\nnull\n${line(3)}`;
    const answer = await api.send('POST', batch, { key: tenant.key, headers: ndjson, rawBody });
    expect(answer.body).toMatchObject({
      ...{ accepted: 3, rejected: 2 },
      results: [
        { index: 0, id: expect.any(String) },
        { index: 1, error: { code: 'malformed', message: 'The event is not JSON.' } },
        { index: 2, id: expect.any(String) },
        { index: 3, error: { code: 'invalid' } },
        { index: 4, id: expect.any(String) },
      ],
    });
    expect(await payloadsOf(tenant)).toEqual(['1', '2', '3']);
  });

  test('answers repeats, within it and of earlier requests, with the first id', async () => {
    const tenant = await api.newTenant();
    const id = newId(Date.now());
    const first = await api.send('POST', '/api/v1/webhooks', {
      ...{ key: tenant.key, body: event(), headers: { 'idempotency-key': 'early' } },
    });
    const events = [
      event({ idempotencyKey: 'early' }),
      event({ idempotencyKey: 'k' }),
      event({ idempotencyKey: 'k' }),
      event({ idempotencyKey: 'k', payload: 2 }),
      event({ id }),
      event({ id }),
      event({ id, payload: 2 }),
    ];
    const answer = await post(tenant.key, events);
    const { results } = Object(answer.body);
    expect(answer.body).toMatchObject({ accepted: 5, rejected: 2 });
    expect(results[0]).toEqual({ index: 0, id: first.string('id'), duplicate: true });
    expect(results[2]).toEqual({ index: 2, id: results[1].id, duplicate: true });
    expect(results[3]).toMatchObject({ error: { code: 'conflict' } });
    expect([results[4], results[5]]).toEqual([
      { index: 4, id },
      { index: 5, id, duplicate: true },
    ]);
    expect(results[6]).toMatchObject({ error: { code: 'conflict' } });
    expect(await payloadsOf(tenant)).toHaveLength(3);
    const again = await post(tenant.key, events);
    expect(again.body).toMatchObject({ accepted: 5, rejected: 2 });
    expect(await payloadsOf(tenant)).toHaveLength(3);
  });

  test('of 1000 events takes few transactions and keeps their order', async () => {
    const tenant = await api.newTenant();
    await createEndpointRow(api.db.database, tenant, 'https://example.com/', { ordered: true });
    const events = Array.from({ length: 1_000 }, (_, payload) =>
      event({ payload, orderingKey: 'k' }),
    );
    // Traffic beside it, so that groups are shared and in flight together.
    const others = Array.from({ length: 60 }, () => post(tenant.key, [event({ type: 'other' })]));
    const [answer] = await Promise.all([post(tenant.key, events), ...others]);
    expect(answer.body).toMatchObject({ accepted: 1_000, rejected: 0 });
    const [counted] = await api.db.admin.sql`
      select count(distinct xmin::text)::int as transactions from webhook_events
      where tenant_id = ${tenant.tenantId} and type = 'a.b'`;
    expect(counted?.['transactions']).toBe(2);
    const rows = await api.db.admin.sql`
      select event.payload from delivery_queue queued
      join webhook_events event on event.tenant_id = queued.tenant_id
        and event.id = queued.event_id
      where queued.tenant_id = ${tenant.tenantId} and event.type = 'a.b' order by position`;
    expect(rows.map((row) => Number(row['payload']))).toEqual([...events.keys()]);
  });

  test('of a key that is bound to no project names it in each event', async () => {
    const [tenant, other] = await Promise.all([api.newTenant(), api.newTenant()]);
    const key = await api.keyOf(tenant, ['admin'], { tenantWide: true });
    const { projectId } = tenant;
    const answer = await post(key, [
      event({ projectId }),
      event(),
      event({ projectId: other.projectId }),
    ]);
    expect(answer.body).toMatchObject({
      ...{ accepted: 1, rejected: 2 },
      results: [{ index: 0 }, { error: { code: 'invalid' } }, { error: { code: 'not_found' } }],
    });
    expect(answer.text).not.toContain(other.name);
    expect(await payloadsOf(other)).toEqual([]);
  });
});

describe('a batch is refused as a whole', () => {
  const good = JSON.stringify({ events: [event()] });

  test.each<[string, string, Record<string, string>, number]>([
    ['that is empty', '', json, 400],
    ['that is no JSON', '{"events":[', json, 400],
    ['of which one event is no JSON', '{"events":[{"type":"a","payload":tru}]}', json, 400],
    ['of blank lines', '\n\n', ndjson, 400],
    ['past 8 MiB', `{"events":[${' '.repeat(8 * 1_024 * 1_024)}]}`, json, 413],
    ['of another type', good, { 'content-type': 'text/csv' }, 415],
    ['that is a bare list', '[]', json, 422],
    ['with another member', '{"events":[],"projectId":"x"}', json, 422],
    ['of 1001 events', `{"events":[${Array(1_001).fill('{}').join()}]}`, json, 422],
    ['of 1001 lines', '{}\n'.repeat(1_001), ndjson, 422],
    ['under one idempotency key', good, { ...json, 'idempotency-key': 'k' }, 422],
    ['that goes in a circle', good, { ...json, 'opsforge-hops': '4' }, 422],
  ])('%s', async (_what, rawBody, headers, status) => {
    const tenant = await api.newTenant();
    const answer = await api.send('POST', batch, { key: tenant.key, rawBody, headers });
    expect(answer.status).toBe(status);
    expect(await payloadsOf(tenant)).toEqual([]);
  });

  test('without a credential, and without the scope before it is looked at', async () => {
    const tenant = await api.newTenant();
    const reader = await api.keyOf(tenant, ['events:read']);
    const refused = { rawBody: '{', headers: json };
    expect((await api.send('POST', batch, refused)).status).toBe(401);
    expect((await api.send('POST', batch, { ...refused, key: reader })).status).toBe(403);
  });
});

test('past what may wait, 503 is answered at once and accepting goes on afterwards', async () => {
  const tenant = await api.newTenant();
  const { key } = tenant;
  await post(key, [event()]);
  const { sql } = api.db.admin;
  await sql.unsafe('begin; lock table webhook_events in exclusive mode');
  const payload = 'x'.repeat(250 * 1_024);
  const posts: Promise<number>[] = [];
  /** Posts so many and answers the headers of the first that is refused. */
  function postUntilRefused(count: number): Promise<Headers> {
    const refused = Promise.withResolvers<Headers>();
    for (let n = 0; n < count; n += 1) {
      const sent = api.send('POST', '/api/v1/webhooks', { key, body: event({ payload }) });
      posts.push(
        sent.then((answer) => {
          if (answer.status === 503) refused.resolve(answer.headers);
          return answer.status;
        }),
      );
    }
    return refused.promise;
  }
  // 32 MiB may wait, which 50 fill; the 12 that are then in flight leave room, which 25 fill.
  expect((await postUntilRefused(205)).get('retry-after')).toBe('1');
  await postUntilRefused(100);
  const whole = await post(key, Array(20).fill(event({ payload })));
  expect(whole.status).toBe(503);
  expect(whole.headers.get('retry-after')).toBe('1');
  await sql.unsafe('commit');
  const statuses = await Promise.all(posts);
  expect(new Set(statuses)).toEqual(new Set([202, 503]));
  const [stored] = await sql`
    select count(*)::int as events from webhook_events where tenant_id = ${tenant.tenantId}`;
  expect(stored?.['events']).toBe(1 + statuses.filter((status) => status === 202).length);
  expect((await post(key, [event()])).body).toMatchObject({ accepted: 1 });
}, 20_000);

test('batches that are being accepted may hold 64 MiB together', async () => {
  const tenant = await api.newTenant();
  const { key } = tenant;
  const { sql } = api.db.admin;
  await sql.unsafe('begin; lock table webhook_events in exclusive mode');
  const rawBody = `${JSON.stringify(event())}\n${' '.repeat(8 * 1_024 * 1_024 - 100)}`;
  const refusals = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let answered = 0;
  const posts = Array.from({ length: 10 }, async () => {
    const answer = await api.send('POST', batch, { key, headers: ndjson, rawBody });
    refusals[answered]?.resolve();
    answered += 1;
    return answer.status;
  });
  // Only a refusal is answered while nothing can be stored.
  await Promise.all(refusals.map(({ promise }) => promise));
  await sql.unsafe('commit');
  const statuses = await Promise.all(posts);
  expect(statuses.toSorted()).toEqual([...Array(8).fill(202), 503, 503]);
  expect(await payloadsOf(tenant)).toHaveLength(8);
}, 20_000);

test('an endpoint gets what its filter wants, and a changed filter holds at once', async () => {
  const tenant = await api.newTenant();
  const { key } = tenant;
  const filter = { payload: { total: { $gte: 100 } }, metadata: { region: { $in: ['eu'] } } };
  const made = await api.send('POST', '/api/v1/endpoints', {
    ...{ key, body: { url: 'https://example.com/', eventTypes: ['a.*'], filter } },
  });
  expect(made.body).toMatchObject({ filter });
  const deliveries = async (sent: object) => {
    const answer = await api.send('POST', '/api/v1/webhooks', { key, body: event(sent) });
    return Object(answer.body).deliveries;
  };
  const metadata = { region: 'eu' };
  expect(await deliveries({ payload: { total: 100 }, metadata })).toBe(1);
  expect(await deliveries({ payload: { total: 99 }, metadata })).toBe(0);
  expect(await deliveries({ payload: { total: 100 } })).toBe(0);
  expect(await deliveries({ payload: { total: 100 }, metadata, type: 'b.b' })).toBe(0);
  const path = `/api/v1/endpoints/${made.string('id')}`;
  const changed = await api.send('PATCH', path, { key, body: { filter: { type: 'a.b' } } });
  expect(changed.body).toMatchObject({ filter: { type: 'a.b' } });
  expect(await deliveries({})).toBe(1);
  expect(await deliveries({ type: 'a.c' })).toBe(0);
  const cleared = await api.send('PATCH', path, { key, body: { filter: null, timeoutMs: 500 } });
  expect(cleared.body).toMatchObject({ filter: null, timeoutMs: 500 });
  expect(await deliveries({ type: 'a.c' })).toBe(1);
  const refused = await api.send('PATCH', path, { key, body: { filter: { body: 1 } } });
  expect(refused.status).toBe(422);
});
