/**
 * The engine against a real database and a real receiver: what is sent, and what is recorded of it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { Webhook } from 'standardwebhooks';
import { createSecretBox } from '../../src/lib/secret-box.ts';
import type { Database } from '../../src/repositories/transactions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  eventually,
  findAttempts,
  findDeliveries,
  makeDue,
  queueDeliveries,
  startEngine,
} from '../support/delivery-engine.ts';
import { type Behaviour, type Receiver, startReceiver } from '../support/receiver.ts';
import {
  createEndpointRow,
  createTenant,
  type TestTenant,
  testEndpointSecret,
  testSecretBox,
} from '../support/tenants.ts';

let db: TestDatabase;
let tenant: TestTenant;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  // Each engine leads every shard: what one test left would be sent in the next.
  await db.admin.sql`delete from delivery_queue`;
});

async function arrange(
  values: Parameters<typeof createEndpointRow>[3] = {},
  behaviour?: Behaviour,
): Promise<{ receiver: Receiver; endpointId: Awaited<ReturnType<typeof createEndpointRow>> }> {
  tenant = await createTenant(db.database);
  const receiver = startReceiver(behaviour);
  stops.push(() => receiver.stop());
  const endpointId = await createEndpointRow(db.database, tenant, `${receiver.url}/hook`, values);
  return { receiver, endpointId };
}

function start(
  ...parameters: Parameters<typeof startEngine> extends [unknown, ...infer R] ? R : []
) {
  const started = startEngine(db, ...parameters);
  stops.push(() => started.stop());
  return started;
}

const answers = (status: number, headers: Record<string, string> = {}): Behaviour => {
  return () => new Response('said the receiver', { status, headers });
};

describe('a delivery', () => {
  test('is sent as the contract says and recorded with its attempt', async () => {
    const headersEncrypted = testSecretBox.seal(JSON.stringify({ 'X-Token': 'very secret' }));
    const { receiver, endpointId } = await arrange({ headersEncrypted }, answers(200));
    const payload = '{"b": 1.0,\n "a":"\\u00e9"}';
    const [delivery] = await queueDeliveries(db.database, tenant, endpointId, [payload], {
      hops: 2,
    });
    const { attempted, settled } = start();
    await attempted(1);

    const [request] = receiver.requests;
    expect(request?.method).toBe('POST');
    expect(request?.path).toBe('/hook');
    expect(request?.body.toString()).toBe(payload);
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': delivery?.eventId ?? '',
      'opsforge-delivery-id': delivery?.id ?? '',
      'opsforge-attempt': '1',
      'opsforge-hops': '3',
      'user-agent': 'opsforge/1.2.3',
      'x-token': 'very secret',
    });
    new Webhook(testEndpointSecret).verify(payload, request?.headers ?? {});

    expect(await findDeliveries(db, endpointId)).toMatchObject([
      { status: 'delivered', attempts: 1, lastStatusCode: 200, lastError: null, reason: null },
    ]);
    if (!delivery) throw new Error('nothing was queued');
    const [attempt, ...others] = await findAttempts(db, delivery.id);
    expect(others).toEqual([]);
    expect(attempt).toMatchObject({
      attempt: 1,
      outcome: 'delivered',
      statusCode: 200,
      errorCode: null,
      responseBody: 'said the receiver',
      connectMs: null,
      worker: 'test-worker',
    });
    expect(attempt?.requestHeaders['x-token']).toBe('[masked]');
    expect(attempt?.requestHeaders['webhook-id']).toBe(delivery.eventId);
    expect(attempt?.responseHeaders?.['content-type']).toStartWith('text/plain');
    expect(settled).toMatchObject([{ endpointId, status: 'delivered' }]);
  });

  test('that is answered 500 waits for its retry, which tells the phases', async () => {
    const { receiver, endpointId } = await arrange({ retrySchedule: [100, 300] }, answers(500));
    const [delivery] = await queueDeliveries(db.database, tenant, endpointId, ['{}']);
    const { engine, attempted, settled } = start();
    await attempted(1);

    const [pending] = await findDeliveries(db, endpointId);
    expect(pending).toMatchObject({ status: 'pending', attempts: 1, lastStatusCode: 500 });
    expect(pending?.lastError).toContain('500');
    expect(pending?.dueInSeconds).toBeGreaterThan(79);
    expect(pending?.dueInSeconds).toBeLessThan(121);

    receiver.respondWith(answers(204));
    await makeDue(db, endpointId);
    engine.wakeEndpoints([endpointId]);
    await attempted(2);
    expect(await findDeliveries(db, endpointId)).toMatchObject([
      { status: 'delivered', attempts: 2, lastStatusCode: 204, lastError: null },
    ]);
    if (!delivery) throw new Error('nothing was queued');
    const attempts = await findAttempts(db, delivery.id);
    expect(attempts.map((one) => one.outcome)).toEqual(['failed', 'delivered']);
    expect(attempts[1]?.connectMs).not.toBeNull();
    expect(receiver.requests.map((one) => one.headers['opsforge-attempt'])).toEqual(['1', '2']);
    const [first, second] = receiver.requests;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'] ?? '');
    expect(settled).toHaveLength(1);
  });

  test('starts its retry on time and not at the next poll', async () => {
    const { receiver, endpointId } = await arrange({ retrySchedule: [1] }, answers(500));
    await queueDeliveries(db.database, tenant, endpointId, ['{}']);
    start({ limits: { inFlightMax: 8, pollMs: 60_000 } });
    const [first, second] = await receiver.waitFor(2);
    const waitedMs = (second?.atMs ?? 0) - (first?.atMs ?? 0);
    expect(waitedMs).toBeGreaterThan(790);
    expect(waitedMs).toBeLessThan(1_700);
  });

  test('fails when its retries are used up', async () => {
    const { endpointId } = await arrange({ retrySchedule: [] }, answers(503));
    await queueDeliveries(db.database, tenant, endpointId, ['{}']);
    const { attempted, settled } = start();
    await attempted(1);
    expect(await findDeliveries(db, endpointId)).toMatchObject([
      { status: 'failed', reason: 'retries_exhausted', attempts: 1, lastStatusCode: 503 },
    ]);
    expect(settled).toMatchObject([{ status: 'failed' }]);
  });

  test('ends at once when the receiver asks for no more', async () => {
    const { endpointId } = await arrange({}, answers(422, { 'webhook-delivery': 'abort-message' }));
    await queueDeliveries(db.database, tenant, endpointId, ['{}']);
    await start().attempted(1);
    expect(await findDeliveries(db, endpointId)).toMatchObject([
      { status: 'failed', reason: 'aborted_by_receiver', attempts: 1 },
    ]);
  });

  test('that is answered 410 disables the endpoint and cancels the rest', async () => {
    const { receiver, endpointId } = await arrange({ maxInFlight: 1 }, answers(410));
    await queueDeliveries(db.database, tenant, endpointId, ['1', '2', '3']);
    const { changes } = start();
    const rows = await eventually(
      () => findDeliveries(db, endpointId),
      (found) => found.every((row) => row.status !== 'pending'),
    );
    expect(rows).toMatchObject([
      { status: 'failed', reason: 'endpoint_gone', attempts: 1 },
      { status: 'cancelled', reason: 'endpoint_disabled', attempts: 0 },
      { status: 'cancelled', reason: 'endpoint_disabled', attempts: 0 },
    ]);
    expect(receiver.requests).toHaveLength(1);
    const [endpoint] = await db.admin.sql`
      select status, status_reason from endpoints where id = ${endpointId}`;
    expect(endpoint).toEqual({ status: 'disabled', status_reason: 'gone' });
    expect(changes).toEqual([{ kind: 'endpoints', tenantId: tenant.tenantId, endpointId }]);
    const entries = await db.admin.sql`
      select actor_kind, action, after from audit_log where target_id = ${endpointId}`;
    expect([...entries]).toEqual([
      {
        ...{ actor_kind: 'system', action: 'endpoint.disabled' },
        after: { status: 'disabled', statusReason: 'gone' },
      },
    ]);
  });

  test('that is answered with Retry-After pauses the endpoint until then', async () => {
    const { receiver, endpointId } = await arrange(
      { maxInFlight: 1, retrySchedule: [1, 1] },
      answers(429, { 'retry-after': '2' }),
    );
    await queueDeliveries(db.database, tenant, endpointId, ['1', '2']);
    const { attempted, engine } = start();
    await attempted(1);
    receiver.respondWith(answers(204));
    expect(engine.counts().queued).toBe(0);
    const rows = await findDeliveries(db, endpointId);
    const paused = rows.find((row) => row.attempts === 1);
    expect(paused?.dueInSeconds).toBeGreaterThan(1);
    const requests = await receiver.waitFor(3);
    const [first, second] = requests;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(1_950);
    await attempted(3);
  });

  test('whose secret does not open fails by name, and its neighbours go on', async () => {
    const { receiver, endpointId } = await arrange();
    const poisoned = await createEndpointRow(db.database, tenant, receiver.url);
    const sealed = createSecretBox(new Uint8Array(32).fill(9)).seal(testEndpointSecret);
    await db.admin.sql`update endpoint_secrets set secret_encrypted = ${sealed}
      where endpoint_id = ${poisoned}`;
    const [bad] = await queueDeliveries(db.database, tenant, poisoned, ['{}']);
    await queueDeliveries(db.database, tenant, endpointId, ['{}']);
    await start().attempted(2);
    expect(await findDeliveries(db, endpointId)).toMatchObject([{ status: 'delivered' }]);
    expect(await findDeliveries(db, poisoned)).toMatchObject([{ status: 'pending', attempts: 1 }]);
    if (!bad) throw new Error('nothing was queued');
    expect(await findAttempts(db, bad.id)).toMatchObject([
      { outcome: 'failed', errorCode: 'internal_error', statusCode: null },
    ]);
    expect(receiver.requests).toHaveLength(1);
  });

  test('whose event is gone fails by name instead of waiting for ever', async () => {
    const { endpointId } = await arrange({ retrySchedule: [] });
    const [delivery] = await queueDeliveries(db.database, tenant, endpointId, ['{}']);
    await db.admin.sql`delete from webhook_events where id = ${delivery?.eventId ?? ''}`;
    await start().attempted(1);
    expect(await findDeliveries(db, endpointId)).toMatchObject([
      { status: 'failed', lastError: expect.stringContaining('no longer stored') },
    ]);
  });
});

describe('a manual attempt', () => {
  async function endedDelivery(behaviour: Behaviour) {
    const { receiver, endpointId } = await arrange({ retrySchedule: [] }, answers(500));
    const [delivery] = await queueDeliveries(db.database, tenant, endpointId, ['{}']);
    const started = start();
    await started.attempted(1);
    receiver.respondWith(behaviour);
    await db.admin.sql`
      insert into delivery_queue (id, tenant_id, project_id, event_id, endpoint_id, event_type,
        attempts, created_at, manual)
      select id, tenant_id, project_id, event_id, endpoint_id, event_type, attempts, created_at, true
      from deliveries where id = ${delivery?.id ?? ''}`;
    started.engine.wakeEndpoints([endpointId]);
    await started.attempted(2);
    const [{ left } = { left: -1 }] = await db.admin.sql<{ left: number }[]>`
      select count(*)::integer as left from delivery_queue where endpoint_id = ${endpointId}`;
    return { rows: await findDeliveries(db, endpointId), left, settled: started.settled };
  }

  test('makes the ended delivery delivered when it succeeds', async () => {
    const { rows, left, settled } = await endedDelivery(answers(204));
    expect(rows).toMatchObject([
      { status: 'delivered', reason: null, attempts: 2, lastStatusCode: 204, lastError: null },
    ]);
    expect(left).toBe(0);
    expect(settled).toHaveLength(1);
  });

  test('leaves the state as it was when it fails', async () => {
    const { rows, left } = await endedDelivery(answers(502));
    expect(rows).toMatchObject([
      { status: 'failed', reason: 'retries_exhausted', attempts: 2, lastStatusCode: 502 },
    ]);
    expect(left).toBe(0);
  });
});

describe('the endpoint', () => {
  test('keeps the order of a key through a retry, and other keys go on', async () => {
    const { receiver, endpointId } = await arrange({ ordered: true, retrySchedule: [1] });
    let refusals = 1;
    receiver.respondWith((request) => {
      const refused = request.body.toString() === '"a1"' && refusals-- > 0;
      return new Response(null, { status: refused ? 500 : 204 });
    });
    for (const key of ['a', 'b']) {
      const payloads = [1, 2, 3].map((number) => `"${key}${number}"`);
      const options = { ordered: true, orderingKey: key };
      await queueDeliveries(db.database, tenant, endpointId, payloads, options);
    }
    start();
    const requests = await receiver.waitFor(7);
    const bodies = requests.map((request) => request.body.toString().slice(1, -1));
    expect(bodies.filter((body) => body.startsWith('a'))).toEqual(['a1', 'a1', 'a2', 'a3']);
    expect(bodies.filter((body) => body.startsWith('b'))).toEqual(['b1', 'b2', 'b3']);
    expect(bodies.indexOf('b3')).toBeLessThan(bodies.lastIndexOf('a1'));
  });

  test('that was disabled meanwhile gets nothing: what was handed over is cancelled', async () => {
    const { receiver, endpointId } = await arrange();
    const { engine, attempted } = start();
    const [first] = await queueDeliveries(db.database, tenant, endpointId, ['1']);
    if (!first) throw new Error('nothing was queued');
    engine.offer([first]);
    await attempted(1);
    const late = await queueDeliveries(db.database, tenant, endpointId, ['2']);
    await db.admin.sql`update endpoints set status = 'disabled' where id = ${endpointId}`;
    engine.endpointChanged({ tenantId: tenant.tenantId, endpointId });
    engine.offer(late);
    const rows = await eventually(
      () => findDeliveries(db, endpointId),
      (found) => found.every((row) => row.status !== 'pending'),
    );
    expect(rows.map((row) => [row.status, row.reason])).toEqual([
      ['delivered', null],
      ['cancelled', 'endpoint_disabled'],
    ]);
    expect(receiver.requests).toHaveLength(1);
  });

  test('that is paused keeps its deliveries pending until it is resumed', async () => {
    const { receiver, endpointId } = await arrange({ status: 'paused' });
    const other = await createEndpointRow(db.database, tenant, receiver.url);
    const queued = await queueDeliveries(db.database, tenant, endpointId, ['"paused"']);
    const { engine, attempted } = start();
    engine.offer(queued);
    engine.offer(await queueDeliveries(db.database, tenant, other, ['"other"']));
    await attempted(1);
    // By now it is known to be paused: this one is not even looked at.
    engine.offer(await queueDeliveries(db.database, tenant, endpointId, ['"paused too"']));
    const pending = { status: 'pending' };
    expect(await findDeliveries(db, endpointId)).toMatchObject([pending, pending]);
    await db.admin.sql`update endpoints set status = 'active' where id = ${endpointId}`;
    engine.endpointChanged({ tenantId: tenant.tenantId, endpointId });
    await attempted(3);
    const [first, ...rest] = receiver.requests.map((one) => one.body.toString());
    expect(first).toBe('"other"');
    expect(rest.sort()).toEqual(['"paused too"', '"paused"']);
  });

  test('with a backlog that hangs does not delay another', async () => {
    const hanging = Promise.withResolvers<Response>();
    const { endpointId } = await arrange({ maxInFlight: 1 }, () => hanging.promise);
    await queueDeliveries(
      db.database,
      tenant,
      endpointId,
      Array.from({ length: 2_000 }, (_, at) => `${at}`),
    );
    const { engine, attempted } = start();
    await eventually(
      () => engine.counts(),
      (counts) => counts.inFlight === 1 && counts.queued > 0,
    );
    expect(engine.counts().queued).toBeLessThanOrEqual(200);
    const receiver = startReceiver();
    stops.push(() => receiver.stop());
    const other = await createEndpointRow(db.database, tenant, receiver.url);
    const startedMs = performance.now();
    engine.offer(await queueDeliveries(db.database, tenant, other, ['{}']));
    await attempted(1);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(engine.counts().lagSeconds).toBeGreaterThan(0);
    hanging.resolve(new Response());
  });

  test('gets all of a backlog that is larger than memory holds', async () => {
    const { receiver, endpointId } = await arrange({ maxInFlight: 50 });
    const payloads = Array.from({ length: 1_500 }, (_, at) => `${at}`);
    await queueDeliveries(db.database, tenant, endpointId, payloads);
    await start({ limits: { inFlightMax: 128, pollMs: 60_000 } }).attempted(1_500, 20_000);
    const got = new Set(receiver.requests.map((one) => one.body.toString()));
    expect(got.size).toBe(1_500);
    expect(receiver.requests).toHaveLength(1_500);
  });
});

test('what is handed over and read from the table as well is sent once', async () => {
  const { receiver, endpointId } = await arrange();
  const { engine, attempted } = start();
  const payloads = Array.from({ length: 100 }, (_, at) => `${at}`);
  for (let round = 0; round < 5; round += 1) {
    const ready = await queueDeliveries(db.database, tenant, endpointId, payloads);
    engine.wakeShards(ready.map((one) => Number.parseInt(one.endpointId.slice(-2), 16) & 63));
    engine.offer(ready);
    engine.wakeEndpoints([endpointId]);
    await attempted((round + 1) * payloads.length);
  }
  expect(receiver.requests).toHaveLength(500);
});

test('a reading that is older than a hand-over and its recording sends nothing twice', async () => {
  const { receiver, endpointId } = await arrange();
  const read = Promise.withResolvers<void>();
  const reading = { hold: false, done: Promise.withResolvers<void>() };
  const database: Database = {
    ...db.database,
    async withWorker(work) {
      const { hold } = reading;
      reading.hold = false;
      const result = await db.database.withWorker(work);
      if (!hold) return result;
      read.resolve();
      await reading.done.promise;
      return result;
    },
  };
  const { engine, attempted } = start({ database });
  engine.offer(await queueDeliveries(db.database, tenant, endpointId, ['0']));
  await attempted(1);

  const answering = Promise.withResolvers<void>();
  receiver.respondWith(async (request) => {
    if (request.body.toString() === '2') await answering.promise;
    return new Response(null, { status: 204 });
  });
  const ready = await queueDeliveries(db.database, tenant, endpointId, ['1', '2']);
  // Settings are known by now: the next transaction is the reading, and the last before recording.
  reading.hold = true;
  engine.wakeEndpoints([endpointId]);
  await read.promise;
  engine.offer(ready);
  await attempted(2);
  expect(engine.counts().inFlight).toBe(1);
  reading.done.resolve();
  answering.resolve();
  await attempted(3);
  engine.offer(await queueDeliveries(db.database, tenant, endpointId, ['3']));
  await attempted(4);
  expect(receiver.requests.map((one) => one.body.toString())).toEqual(['0', '1', '2', '3']);
});
