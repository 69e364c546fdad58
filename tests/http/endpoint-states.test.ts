/**
 * Enabling, disabling, pausing, resuming, deleting, testing: and what becomes of what is pending.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type EndpointId, type EventId, idTimeMs } from '../../src/domain/ids.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../support/deliveries.ts';
import { createEndpointRow, type TestTenant } from '../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const endpoints = '/api/v1/endpoints';
type Status = 'active' | 'paused' | 'disabled';

async function newEndpoint(status: Status = 'active') {
  const tenant = await api.newTenant();
  const id = await createEndpointRow(api.db.database, tenant, 'https://example.com/', { status });
  return { tenant, key: tenant.key, id, path: `${endpoints}/${id}` };
}

async function fillQueue(tenant: TestTenant, id: EndpointId, rows: number) {
  const eventId = await createEventRow(api.db.database, tenant);
  await api.db.database.withTenant(tenant.tenantId, (tx) =>
    tx.run(
      'fillQueue',
      tx.sql`insert into delivery_queue (id, tenant_id, project_id, event_id, endpoint_id,
          event_type, attempts, last_status_code, last_error)
        select overlay(${eventId}::text placing lpad(to_hex(n), 12, '0') from 25 for 12)::uuid,
          ${tenant.tenantId}, ${tenant.projectId}, ${eventId}, ${id}, 'invoice.paid', 2, 500, 'bad'
        from generate_series(1, ${rows}::int) n`,
    ),
  );
  return eventId;
}

const countRows = async (table: 'delivery_queue' | 'deliveries', id: EndpointId) => {
  const { sql } = api.db.admin;
  const [row] = await sql`
    select count(*)::int as count from ${sql(table)} where endpoint_id = ${id}`;
  return Number(row?.['count']);
};

describe.each<[string, Record<Status, Status | 409>]>([
  ['enable', { active: 'active', paused: 409, disabled: 'active' }],
  ['disable', { active: 'disabled', paused: 'disabled', disabled: 'disabled' }],
  ['pause', { active: 'paused', paused: 'paused', disabled: 409 }],
  ['resume', { active: 'active', paused: 'active', disabled: 409 }],
])('%s', (action, outcomes) => {
  test.each(Object.entries(outcomes))('from %s comes to %s', async (from, outcome) => {
    const { key, id, path } = await newEndpoint(from as Status);
    const answer = await api.send('POST', `${path}/${action}`, { key });
    if (outcome === 409) {
      expect(answer.status).toBe(409);
      expect((await api.send('GET', path, { key })).body).toMatchObject({ status: from });
      return;
    }
    expect(answer.body).toMatchObject({
      status: outcome,
      statusReason: outcome === 'active' ? null : `${outcome}_by_request`,
    });
    expect((await api.send('GET', path, { key })).body).toEqual(answer.body);
    expect(api.woken).toContain(id);
    expect(api.changes).toContainEqual(expect.objectContaining({ endpointId: id }));
  });
});

test('disabling ends what is pending and drops attempts asked for by hand', async () => {
  const { tenant, key, id, path } = await newEndpoint();
  const eventId = await fillQueue(tenant, id, 5_003);
  const endedId = await createEndedRow(api.db.database, tenant, eventId, id, { status: 'failed' });
  await createPendingRow(api.db.database, tenant, eventId, id, { id: endedId, manual: true });
  // Listens to invoices: what is told of the disabling is not for it.
  const values = { eventTypes: ['invoice.*'] };
  const other = await createEndpointRow(api.db.database, tenant, 'https://example.com/', values);
  await createPendingRow(api.db.database, tenant, eventId, other);

  expect((await api.send('POST', `${path}/disable`, { key })).status).toBe(200);
  expect(await countRows('delivery_queue', id)).toBe(0);
  expect(await countRows('delivery_queue', other)).toBe(1);
  const rows = await api.db.admin.sql`
    select status, reason, attempts, last_status_code, last_error, count(*)::int as count,
      count(*) filter (where completed_at > created_at)::int as completed
    from deliveries where endpoint_id = ${id} group by 1, 2, 3, 4, 5 order by 1`;
  expect([...rows]).toEqual([
    {
      ...{ status: 'cancelled', reason: 'endpoint_disabled', attempts: 2, last_status_code: 500 },
      ...{ last_error: 'bad', count: 5_003, completed: 5_003 },
    },
    expect.objectContaining({ status: 'failed', reason: null, count: 1 }),
  ]);
});

test('disabling waits for what is being recorded, and nothing pending is left behind', async () => {
  const { tenant, key, id, path } = await newEndpoint();
  const eventId = await createEventRow(api.db.database, tenant);
  const held = await createPendingRow(api.db.database, tenant, eventId, id);
  const free = await createPendingRow(api.db.database, tenant, eventId, id);
  const locked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const recording = api.db.database.withWorker(async (tx) => {
    await tx.run('lock', tx.sql`select from delivery_queue where id = ${held} for update`);
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  const disabling = api.send('POST', `${path}/disable`, { key });
  // The free one goes without waiting; only then is the held one let go.
  while ((await countRows('deliveries', id)) === 0);
  expect((await api.send('GET', `/api/v1/deliveries/${free}`, { key })).body).toMatchObject({
    status: 'cancelled',
  });
  release.resolve();
  await recording;
  expect((await disabling).status).toBe(200);
  expect(await countRows('delivery_queue', id)).toBe(0);
  expect(await countRows('deliveries', id)).toBe(2);
});

test('pausing keeps what is pending', async () => {
  const { tenant, key, id, path } = await newEndpoint();
  await fillQueue(tenant, id, 3);
  await api.send('POST', `${path}/pause`, { key });
  await api.send('POST', `${path}/resume`, { key });
  expect(await countRows('delivery_queue', id)).toBe(3);
});

test('a deleted endpoint is gone, what was pending is cancelled, its history stays', async () => {
  const { tenant, key, id, path } = await newEndpoint();
  const eventId = await createEventRow(api.db.database, tenant);
  const pending = await createPendingRow(api.db.database, tenant, eventId, id);
  const ended = await createEndedRow(api.db.database, tenant, eventId, id);
  expect((await api.send('DELETE', path, { key })).status).toBe(204);
  for (const [method, at] of [
    ['GET', path],
    ['DELETE', path],
    ['GET', `${path}/secret`],
    ['POST', `${path}/enable`],
    ['POST', `${path}/test`],
  ] as const) {
    expect((await api.send(method, at, { key })).status).toBe(404);
  }
  expect((await api.send('GET', endpoints, { key })).ids()).toEqual([]);
  expect((await api.send('GET', `/api/v1/deliveries/${pending}`, { key })).body).toMatchObject({
    ...{ status: 'cancelled', reason: 'endpoint_deleted', endpointId: id },
  });
  const listed = await api.send('GET', `/api/v1/deliveries?endpointId=${id}`, { key });
  expect(listed.ids().toSorted()).toEqual([pending, ended].toSorted());
});

describe('a test event', () => {
  test('is an event with one pending delivery to this endpoint', async () => {
    const { key, id, path } = await newEndpoint();
    api.woken.length = 0;
    const sent = await api.send('POST', `${path}/test`, { key });
    expect(sent.status).toBe(202);
    const eventId = sent.string('eventId');
    expect((await api.send('GET', `/api/v1/events/${eventId}`, { key })).body).toMatchObject({
      type: 'opsforge.test',
      payload: { endpointId: id },
      deliveries: { pending: 1, delivered: 0, failed: 0, cancelled: 0 },
    });
    const deliveryId = sent.string('deliveryId');
    expect(idTimeMs(deliveryId)).toBe(idTimeMs(eventId as EventId));
    const delivery = await api.send('GET', `/api/v1/deliveries/${deliveryId}`, { key });
    expect(delivery.body).toMatchObject({ status: 'pending', endpointId: id, attempts: 0 });
    expect(api.woken).toEqual([id]);
  });

  test('is not sent to a disabled endpoint', async () => {
    const { key, path } = await newEndpoint('disabled');
    expect((await api.send('POST', `${path}/test`, { key })).status).toBe(409);
    expect((await api.send('GET', '/api/v1/events', { key })).ids()).toEqual([]);
  });
});
