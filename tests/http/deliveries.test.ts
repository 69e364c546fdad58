import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { deliveryAttempts } from '../../db/schema/webhooks.ts';
import {
  type AttemptId,
  type DeliveryId,
  type EndpointId,
  type EventId,
  newId,
  type ProjectId,
} from '../../src/domain/ids.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../support/deliveries.ts';
import { createEndpointRow, type TestTenant } from '../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const deliveries = '/api/v1/deliveries';
const minute = 60_000;

type World = { tenant: TestTenant & { key: string }; key: string; endpointId: EndpointId };

async function newWorld(): Promise<World> {
  const tenant = await api.newTenant();
  const endpointId = await createEndpointRow(api.db.database, tenant, 'https://example.com/');
  return { tenant, key: tenant.key, endpointId };
}

/** A delivery of an event of that age; `status` pending or ended. */
async function delivery(
  { tenant, endpointId }: World,
  ageMs: number,
  values: Omit<Parameters<typeof createEndedRow>[4] & object, 'status'> & {
    status?: 'pending' | 'delivered' | 'failed' | 'cancelled';
  } = {},
): Promise<{ id: DeliveryId; eventId: EventId }> {
  const eventId = await createEventRow(api.db.database, tenant, {
    id: newId<EventId>(Date.now() - ageMs),
  });
  const { status = 'delivered', completedAt: _, ...rest } = values;
  const at = values.endpointId ?? endpointId;
  const id =
    status === 'pending'
      ? await createPendingRow(api.db.database, tenant, eventId, at, rest)
      : await createEndedRow(api.db.database, tenant, eventId, at, { ...rest, status });
  return { id, eventId };
}

const list = (key: string, filter: Record<string, string> = {}) =>
  api.send('GET', `${deliveries}?${new URLSearchParams(filter)}`, { key });

describe('one delivery', () => {
  test('that is pending shows when it is tried next', async () => {
    const world = await newWorld();
    const { id, eventId } = await delivery(world, 0, {
      ...{ status: 'pending', attempts: 2, lastStatusCode: 503, lastError: 'busy' },
    });
    const answer = await api.send('GET', `${deliveries}/${id}`, { key: world.key });
    expect(answer.body).toMatchObject({
      ...{ id, eventId, eventType: 'invoice.paid', endpointId: world.endpointId },
      ...{ projectId: world.tenant.projectId, status: 'pending', attempts: 2 },
      ...{ completedAt: null, lastStatusCode: 503, lastError: 'busy', replayId: null },
      ...{ reason: null, nextAttemptAt: expect.any(String) },
    });
  });

  test('that has ended shows how, also while an attempt asked for by hand waits', async () => {
    const world = await newWorld();
    const reason = 'retries_exhausted';
    const { id, eventId } = await delivery(world, 0, { status: 'failed', reason, attempts: 3 });
    const { database } = api.db;
    await createPendingRow(database, world.tenant, eventId, world.endpointId, { id, manual: true });
    const answer = await api.send('GET', `${deliveries}/${id}`, { key: world.key });
    expect(answer.body).toMatchObject({
      ...{ id, status: 'failed', reason, attempts: 3, nextAttemptAt: null },
      ...{ completedAt: expect.any(String) },
    });
    expect((await list(world.key)).body).toMatchObject({ data: [{ id, status: 'failed' }] });
    expect((await list(world.key, { status: 'pending' })).ids()).toEqual([]);
  });

  test('of another project of the tenant does not exist for a key of this one', async () => {
    const world = await newWorld();
    const admin = await api.keyOf(world.tenant, ['admin'], { tenantWide: true });
    const body = { name: 'other' };
    const project = await api.send('POST', '/api/v1/projects', { key: admin, body });
    const projectId = project.string('id') as ProjectId;
    const other = { ...world.tenant, projectId };
    const endpointId = await createEndpointRow(api.db.database, other, 'https://example.com/');
    const { id } = await delivery({ ...world, tenant: other, endpointId }, 0, {
      status: 'pending',
    });
    for (const path of ['', '/attempts']) {
      const answer = await api.send('GET', `${deliveries}/${id}${path}`, { key: world.key });
      expect(answer.status).toBe(404);
    }
    for (const action of ['retry', 'cancel']) {
      const answer = await api.send('POST', `${deliveries}/${id}/${action}`, { key: world.key });
      expect(answer.status).toBe(404);
    }
    expect((await list(world.key)).ids()).toEqual([]);
    expect((await list(world.key, { endpointId })).ids()).toEqual([]);
    expect((await list(admin, { projectId })).ids()).toEqual([id]);
  });
});

describe('the list', () => {
  test('mixes pending and ended ones by age, page by page', async () => {
    const world = await newWorld();
    const statuses = ['pending', 'delivered', 'failed', 'pending', 'cancelled'] as const;
    const ids: string[] = [];
    for (let age = 0; age < 15; age += 1) {
      const status = statuses[age % statuses.length] ?? 'pending';
      ids.push((await delivery(world, (age + 1) * minute, { status })).id);
    }
    expect((await list(world.key)).ids()).toEqual(ids);
    const walked: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await list(world.key, { limit: '4', ...(cursor ? { cursor } : {}) });
      walked.push(...page.ids());
      expect(page.ids().length).toBeLessThanOrEqual(4);
      cursor = Object(page.body).nextCursor;
    }
    expect(walked).toEqual(ids);
    for (const status of new Set(statuses)) {
      const expected = ids.filter((_, age) => statuses[age % statuses.length] === status);
      expect((await list(world.key, { status })).ids()).toEqual(expected);
    }
  });

  test('filters by endpoint, event, type, replay and time', async () => {
    const world = await newWorld();
    const { tenant, key } = world;
    const otherId = await createEndpointRow(api.db.database, tenant, 'https://example.com/');
    const replayId = crypto.randomUUID();
    const a = await delivery(world, 3 * minute);
    const b = await delivery(world, 2 * minute, { status: 'pending', endpointId: otherId });
    const c = await delivery(world, 1 * minute, { eventType: 'order.made', replayId });
    const d = await delivery(world, 0, { status: 'pending', eventType: 'order.line.made' });
    expect((await list(key, { endpointId: otherId })).ids()).toEqual([b.id]);
    expect((await list(key, { endpointId: otherId, status: 'delivered' })).ids()).toEqual([]);
    expect((await list(key, { eventId: a.eventId })).ids()).toEqual([a.id]);
    expect((await list(key, { eventId: b.eventId })).ids()).toEqual([b.id]);
    expect((await list(key, { type: 'order.made' })).ids()).toEqual([c.id]);
    expect((await list(key, { type: 'order.*' })).ids()).toEqual([d.id, c.id]);
    expect((await list(key, { replayId })).ids()).toEqual([c.id]);
    const since = new Date(Date.now() - 2.5 * minute).toISOString();
    const until = new Date(Date.now() - 0.5 * minute).toISOString();
    expect((await list(key, { since, until })).ids()).toEqual([c.id, b.id]);
    expect((await list(key, { since, until, eventId: a.eventId })).ids()).toEqual([]);
    const foreign = await newWorld();
    expect((await list(key, { endpointId: foreign.endpointId })).ids()).toEqual([]);
  });

  test('stops after a bounded number of rows, and goes on without a gap', async () => {
    const world = await newWorld();
    const { tenant, key, endpointId } = world;
    const oldEnded = await delivery(world, 60 * minute, { eventType: 'rare' });
    const oldPending = await delivery(world, 61 * minute, { eventType: 'rare', status: 'pending' });
    const youngPending = await delivery(world, 0, { eventType: 'rare', status: 'pending' });
    await api.db.database.withTenant(tenant.tenantId, (tx) =>
      tx.run(
        'fillDeliveries',
        tx.sql`insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type,
            status, attempts, created_at, completed_at)
          select overlay(uuid_at(now() - interval '20 min' + n * interval '0.5 ms')::text
              placing lpad(to_hex(n), 12, '0') from 25 for 12)::uuid,
            ${tenant.tenantId}, ${tenant.projectId}, ${newId<EventId>(0)}, ${endpointId}, 'common',
            'delivered', 1, now(), now()
          from generate_series(1, 30000) n`,
      ),
    );
    const first = await list(key, { type: 'rare' });
    // The pending one of an hour ago is known already, but older than where the history stopped.
    expect(first.ids()).toEqual([youngPending.id]);
    expect(first.string('searchedUntil')).toBeString();
    const second = await list(key, { type: 'rare', cursor: first.string('nextCursor') });
    expect(second.ids()).toEqual([oldEnded.id, oldPending.id]);
    expect(second.body).toMatchObject({ nextCursor: null });
    expect((await list(key, { type: 'common', limit: '200' })).ids()).toHaveLength(200);
  });
});

test('attempts are listed oldest first with all that was measured', async () => {
  const world = await newWorld();
  const { id } = await delivery(world, 0, { status: 'failed' });
  const path = `${deliveries}/${id}/attempts`;
  expect((await api.send('GET', path, { key: world.key })).body).toEqual({
    ...{ data: [], nextCursor: null },
  });
  const base = {
    ...{ tenantId: world.tenant.tenantId, deliveryId: id, startedAt: new Date(), durationMs: 12 },
    ...{ requestHeaders: { 'x-a': '[masked]' }, worker: 'w1' },
  };
  const rows = [1, 2, 3].map((attempt) => ({
    ...{ ...base, id: newId<AttemptId>(Date.now() + attempt), attempt },
    ...{ outcome: 'failed' as const, errorCode: 'timeout', errorMessage: 'no answer' },
  }));
  const last = {
    ...{ ...base, id: newId<AttemptId>(Date.now() + 4), attempt: 4, outcome: 'delivered' as const },
    ...{ statusCode: 200, dnsMs: 1.5, connectMs: 2, tlsMs: 3, firstByteMs: 4 },
    ...{ responseHeaders: { server: 'x' }, responseBody: 'ok', remoteAddress: '127.0.0.1' },
  };
  await api.db.database.withWorker((tx) =>
    tx.run('insertAttempts', tx.db.insert(deliveryAttempts).values([last, ...rows])),
  );
  const all = await api.send('GET', path, { key: world.key });
  expect(all.ids()).toEqual([...rows, last].map((row) => row.id));
  const { data } = Object(all.body);
  expect(data[0]).toMatchObject({
    ...{ attempt: 1, outcome: 'failed', error: { code: 'timeout', message: 'no answer' } },
    ...{ statusCode: null, responseBody: null, responseHeaders: null, remoteAddress: null },
    timings: { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null },
  });
  expect(data[3]).toMatchObject({
    ...{ attempt: 4, outcome: 'delivered', error: null, statusCode: 200, durationMs: 12 },
    timings: { dnsMs: 1.5, connectMs: 2, tlsMs: 3, firstByteMs: 4 },
    ...{ requestHeaders: { 'x-a': '[masked]' }, responseBody: 'ok', worker: 'w1' },
  });
  const first = await api.send('GET', `${path}?limit=3`, { key: world.key });
  const cursor = first.string('nextCursor');
  const rest = await api.send('GET', `${path}?cursor=${cursor}`, { key: world.key });
  expect([...first.ids(), ...rest.ids()]).toEqual(all.ids());
});

describe('asking for one attempt', () => {
  const queueRow = async (id: DeliveryId) => {
    const rows = await api.db.admin.sql`
      select manual, attempts, position, next_attempt_at <= now() as due
      from delivery_queue where id = ${id}`;
    return rows.map((row) => ({ ...row }));
  };

  test('makes a pending delivery due', async () => {
    const world = await newWorld();
    const { id, eventId } = await delivery(world, 0);
    const later = await createPendingRow(api.db.database, world.tenant, eventId, world.endpointId, {
      ...{ nextAttemptAt: new Date(Date.now() + 60 * minute), attempts: 3 },
    });
    expect(id).not.toBe(later);
    api.woken.length = 0;
    const path = `${deliveries}/${later}/retry`;
    for (let asked = 0; asked < 2; asked += 1) {
      const answer = await api.send('POST', path, { key: world.key });
      expect(answer.status).toBe(202);
      expect(answer.body).toMatchObject({ id: later, status: 'pending', attempts: 3 });
      expect(Date.parse(answer.string('nextAttemptAt'))).toBeLessThanOrEqual(Date.now() + 1_000);
    }
    expect(await queueRow(later)).toEqual([
      { manual: false, attempts: 3, position: null, due: true },
    ]);
    expect(api.woken).toEqual([world.endpointId, world.endpointId]);
  });

  test.each(['delivered', 'failed', 'cancelled'] as const)(
    'of one that is %s queues a single attempt and leaves its state',
    async (status) => {
      const world = await newWorld();
      const { id } = await delivery(world, 0, { status, attempts: 4 });
      for (let asked = 0; asked < 2; asked += 1) {
        const answer = await api.send('POST', `${deliveries}/${id}/retry`, { key: world.key });
        expect(answer.status).toBe(202);
        expect(answer.body).toMatchObject({ id, status, attempts: 4 });
      }
      expect(await queueRow(id)).toEqual([
        { manual: true, attempts: 4, position: null, due: true },
      ]);
      expect((await list(world.key)).ids()).toEqual([id]);
    },
  );

  test('is refused where nothing can be sent', async () => {
    const world = await newWorld();
    const { id } = await delivery(world, 0);
    const path = `/api/v1/endpoints/${world.endpointId}`;
    const ask = () => api.send('POST', `${deliveries}/${id}/retry`, { key: world.key });
    await api.send('POST', `${path}/disable`, { key: world.key });
    expect((await ask()).status).toBe(409);
    await api.send('POST', `${path}/enable`, { key: world.key });
    expect((await ask()).status).toBe(202);
    await api.send('DELETE', path, { key: world.key });
    expect((await ask()).status).toBe(409);
  });
});

describe('cancelling', () => {
  test('ends a pending delivery, once', async () => {
    const world = await newWorld();
    const { id } = await delivery(world, 0, { status: 'pending', attempts: 1, lastError: 'bad' });
    const path = `${deliveries}/${id}/cancel`;
    const answer = await api.send('POST', path, { key: world.key });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      ...{ id, status: 'cancelled', reason: 'cancelled_by_request', attempts: 1, lastError: 'bad' },
      ...{ nextAttemptAt: null, completedAt: expect.any(String) },
    });
    expect((await api.send('GET', `${deliveries}/${id}`, { key: world.key })).body).toEqual(
      answer.body,
    );
    expect((await api.send('POST', path, { key: world.key })).status).toBe(409);
    expect(api.woken).toContain(world.endpointId);
  });

  test.each(['delivered', 'failed', 'cancelled'] as const)(
    'refuses one that is %s',
    async (status) => {
      const world = await newWorld();
      const { id } = await delivery(world, 0, { status });
      const answer = await api.send('POST', `${deliveries}/${id}/cancel`, { key: world.key });
      expect(answer.status).toBe(409);
      expect(answer.string('detail')).toContain(status);
    },
  );
});
