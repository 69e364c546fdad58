import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type EventId, newId, type ProjectId } from '../../src/domain/ids.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../support/deliveries.ts';
import { createEndpointRow, type TestTenant } from '../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const events = '/api/v1/events';
const hour = 3_600_000;

const at = (ageMs: number) => newId<EventId>(Date.now() - ageMs);
const event = (tenant: TestTenant, values: Parameters<typeof createEventRow>[2] = {}) =>
  createEventRow(api.db.database, tenant, values);
const list = async (key: string, filter: Record<string, string> = {}) =>
  api.send('GET', `${events}?${new URLSearchParams(filter)}`, { key });

describe('one event', () => {
  test('has its payload byte for byte', async () => {
    const tenant = await api.newTenant();
    const payload = '{"b":1.0,"a":12345678901234567890, "u":"\\u00e9\\u0000","b":2e+1}';
    const metadata = { customer: 'c1' };
    const id = await event(tenant, { payload, metadata, orderingKey: 'k' });
    const answer = await api.send('GET', `${events}/${id}`, { key: tenant.key });
    expect(answer.text).toContain(`,"payload":${payload},`);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.body).toMatchObject({
      ...{ id, type: 'invoice.paid', projectId: tenant.projectId, metadata, orderingKey: 'k' },
      deliveries: { pending: 0, delivered: 0, failed: 0, cancelled: 0 },
    });
  });

  test.each(['null', '5', '"text"', '[1, 2]', '[]'])('may be %s alone', async (payload) => {
    const tenant = await api.newTenant();
    const id = await event(tenant, { payload });
    const answer = await api.send('GET', `${events}/${id}`, { key: tenant.key });
    expect(answer.body).toMatchObject({ payload: JSON.parse(payload) });
  });

  test('counts its deliveries, attempts asked for by hand apart', async () => {
    const tenant = await api.newTenant();
    const { database } = api.db;
    const endpointId = await createEndpointRow(database, tenant, 'https://example.com/');
    const id = await event(tenant);
    const neighbour = await event(tenant, { id: newId<EventId>(Date.now()) });
    await createPendingRow(database, tenant, id, endpointId);
    await createPendingRow(database, tenant, neighbour, endpointId);
    await createEndedRow(database, tenant, id, endpointId);
    await createEndedRow(database, tenant, id, endpointId, { status: 'cancelled' });
    const failed = await createEndedRow(database, tenant, id, endpointId, { status: 'failed' });
    await createPendingRow(database, tenant, id, endpointId, { id: failed, manual: true });
    const expected = { pending: 1, delivered: 1, failed: 1, cancelled: 1 };
    const answer = await api.send('GET', `${events}/${id}`, { key: tenant.key });
    expect(answer.body).toMatchObject({ deliveries: expected });
    const listed = await list(tenant.key);
    expect(listed.body).toMatchObject({
      data: [
        { id: neighbour, deliveries: { pending: 1, delivered: 0, failed: 0, cancelled: 0 } },
        { id, deliveries: expected },
      ],
    });
    expect(listed.text).not.toContain('payload');
  });

  test('of another project of the tenant does not exist for a key of this one', async () => {
    const tenant = await api.newTenant();
    const admin = await api.keyOf(tenant, ['admin'], { tenantWide: true });
    const body = { name: 'other' };
    const project = await api.send('POST', '/api/v1/projects', { key: admin, body });
    const id = await event({ ...tenant, projectId: project.string('id') as ProjectId });
    expect((await api.send('GET', `${events}/${id}`, { key: tenant.key })).status).toBe(404);
    expect((await api.send('GET', `${events}/${id}`, { key: admin })).status).toBe(200);
    expect((await list(tenant.key)).ids()).toEqual([]);
    expect((await list(admin, { projectId: project.string('id') })).ids()).toEqual([id]);
    const foreign = await list(tenant.key, { projectId: project.string('id') });
    expect(foreign.status).toBe(404);
    expect((await list(tenant.key, { q: id })).ids()).toEqual([]);
    expect((await list(admin, { q: id, projectId: project.string('id') })).ids()).toEqual([id]);
  });
});

test('a posted event is found at once', async () => {
  const tenant = await api.newTenant();
  const { key } = tenant;
  await createEndpointRow(api.db.database, tenant, 'https://example.com/');
  const rawBody = '{"type":"a.b","payload": {"n":1.50},"metadata":{"x":"y"}}';
  const posted = await api.send('POST', '/api/v1/webhooks', {
    ...{ key, rawBody, headers: { 'content-type': 'application/json' } },
  });
  expect(posted.status).toBe(202);
  const answer = await api.send('GET', `${events}/${posted.string('id')}`, { key });
  expect(answer.text).toContain('"payload":{"n":1.50},');
  expect(answer.body).toMatchObject({
    ...{ type: 'a.b', metadata: { x: 'y' }, receivedAt: posted.string('receivedAt') },
    deliveries: { pending: 1 },
  });
});

describe('the list', () => {
  test('filters by type, by prefix and by time, newest first, page by page', async () => {
    const tenant = await api.newTenant();
    const { key } = tenant;
    const types = ['invoice.paid', 'invoice.line.added', 'invoices.paid', 'invoice', 'other'];
    const ids: string[] = [];
    for (const [index, type] of types.entries()) {
      ids.push(await event(tenant, { id: at((index + 1) * hour), type }));
    }
    const [paid, added, invoices, , other] = ids;
    expect((await list(key)).ids()).toEqual(ids);
    expect((await list(key, { type: 'invoice.paid' })).ids()).toEqual([String(paid)]);
    expect((await list(key, { type: 'invoice.*' })).ids()).toEqual([String(paid), String(added)]);
    const since = new Date(Date.now() - 3.5 * hour).toISOString();
    const until = new Date(Date.now() - 1.5 * hour).toISOString();
    expect((await list(key, { since, until })).ids()).toEqual([String(added), String(invoices)]);

    const first = await list(key, { limit: '2' });
    expect(first.ids()).toEqual(ids.slice(0, 2));
    const rest = await list(key, { limit: '3', cursor: first.string('nextCursor') });
    expect(rest.ids()).toEqual(ids.slice(2));
    expect(rest.body).toMatchObject({ nextCursor: null });
    const none = await list(key, { since: new Date().toISOString() });
    expect(none.body).toEqual({ data: [], nextCursor: null });
    const page = { cursor: first.string('nextCursor'), until, type: 'other' };
    expect((await list(key, page)).ids()).toEqual([String(other)]);
  });

  test('finds by id, ordering key, label and, within a day, words of the payload', async () => {
    const tenant = await api.newTenant();
    const { key } = tenant;
    const payload = '{"name":"Ada Lovelace","city":"London"}';
    const young = await event(tenant, { id: at(1 * hour), payload });
    const old = await event(tenant, { id: at(25 * hour), payload, orderingKey: 'customer 7' });
    const labelled = await event(tenant, { id: at(2 * hour), metadata: { a: 'x', b: 'blue' } });
    const uuidKey = crypto.randomUUID();
    const keyed = await event(tenant, { id: at(3 * hour), orderingKey: uuidKey });
    const search = async (q: string, filter = {}) => (await list(key, { q, ...filter })).ids();
    expect(await search(old)).toEqual([old]);
    expect(await search(old.toUpperCase())).toEqual([old]);
    expect(await search('customer 7')).toEqual([old]);
    expect(await search('blue')).toEqual([labelled]);
    expect(await search('b')).toEqual([]);
    expect(await search(uuidKey)).toEqual([keyed]);
    expect(await search('lovelace LONDON')).toEqual([young]);
    expect(await search('lovelace paris')).toEqual([]);
    expect(await search('100%_')).toEqual([]);
    expect(await search(old, { type: 'other' })).toEqual([]);
    expect(await search(old, { since: new Date(Date.now() - hour).toISOString() })).toEqual([]);
    const foreign = await event(await api.newTenant());
    expect(await search(foreign)).toEqual([]);
  });

  test.each(['', ' ', 'a\0b', 'a'.repeat(201)])('does not search for %j', async (q) => {
    const { key } = await api.newTenant();
    expect((await list(key, { q })).status).toBe(422);
  });

  test('that no index answers stops after a bounded number of rows and says so', async () => {
    const tenant = await api.newTenant();
    const { key } = tenant;
    const rare = await event(tenant, { id: at(30_000), type: 'rare' });
    await api.db.database.withTenant(tenant.tenantId, (tx) =>
      tx.run(
        'fillEvents',
        tx.sql`insert into webhook_events (id, tenant_id, project_id, type, payload)
          select overlay(uuid_at(now() - interval '20 s' + n * interval '0.5 ms')::text
              placing lpad(to_hex(n), 12, '0') from 25 for 12)::uuid,
            ${tenant.tenantId}, ${tenant.projectId}, 'common', '{}'
          from generate_series(1, 30000) n`,
      ),
    );
    const first = await list(key, { type: 'rare' });
    expect(first.ids()).toEqual([]);
    expect(first.string('searchedUntil')).toMatch(/^\d{4}-.*\.\d{3}Z$/);
    expect(Date.parse(first.string('searchedUntil'))).toBeLessThan(Date.now());
    const second = await list(key, { type: 'rare', cursor: first.string('nextCursor') });
    expect(second.body).toMatchObject({ data: [{ id: rare }], nextCursor: null });
    expect(second.text).not.toContain('searchedUntil');

    const common = await list(key, { type: 'common', limit: '200' });
    expect(common.ids()).toHaveLength(200);
    expect(common.text).not.toContain('searchedUntil');
  });
});
