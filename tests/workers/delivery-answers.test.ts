/**
 * "What its answer means", through the engine and on real connections: for each answer what becomes
 * of the delivery, and of the endpoint.
 */
import { describe, expect, test } from 'bun:test';
import { createServer, type ServerResponse } from 'node:http';
import { pauseEndpoint, resumeEndpoint } from '../../src/usecases/endpoints/change-status.ts';
import { findEndpoint } from '../../src/usecases/endpoints/find-endpoint.ts';
import type { DeliveryEngine } from '../../src/workers/delivery/engine.ts';
import {
  eventually,
  findAttempts,
  findDeliveries,
  makeDue,
  queueDeliveries,
} from '../support/delivery-engine.ts';
import {
  answers,
  arrangeEngines,
  createSkippingClock,
  numbers,
  personAt,
} from '../support/engine-arrangement.ts';
import { startReceiver } from '../support/receiver.ts';
import type { TestTenant } from '../support/tenants.ts';

const world = arrangeEngines();
const { arrange, add, start } = world;

const abort = { 'webhook-delivery': 'abort-message' };
const later = { 'retry-after': '60' };

/** One delivery that is sent once; the engine stays. */
async function sendOne(...[values, behaviour]: Parameters<typeof arrange>) {
  const arranged = await arrange({ retrySchedule: [100, 100], ...values }, behaviour);
  const [queued] = await queueDeliveries(world.db.database, arranged.tenant, arranged.endpointId, [
    '{"a":1}',
  ]);
  if (queued === undefined) throw new Error('nothing was queued');
  const { clock, skip } = createSkippingClock();
  const started = start({ clock, random: () => 0.5 });
  await started.attempted(1);
  const person = personAt(world, started, arranged.tenant);
  return { ...arranged, ...started, started, queued, skip, person };
}

/** What the engine was woken for before has then been looked at. */
async function anotherIsSent(tenant: TestTenant, engine: DeliveryEngine): Promise<void> {
  const other = await add(tenant);
  await queueDeliveries(world.db.database, tenant, other.endpointId, ['"other"']);
  engine.wakeEndpoints([other.endpointId]);
  await other.receiver.waitFor(1);
  await eventually(
    () => engine.counts(),
    (counts) => counts.inFlight === 0 && counts.unrecorded === 0,
  );
}

describe('an answer', () => {
  test.each([
    [200, {}],
    [201, { 'content-type': 'text/html' }],
    [204, { location: 'http://127.0.0.1:9/' }],
    [226, { 'retry-after': '60' }],
    [299, abort],
  ])('of %d %j is success', async (status, headers) => {
    const { endpointId, person } = await sendOne({}, answers(status, headers));
    expect(await findDeliveries(world.db, endpointId)).toMatchObject([
      { status: 'delivered', lastStatusCode: status, lastError: null },
    ]);
    expect((await findEndpoint(person, endpointId)).status).toBe('active');
  });

  test.each([
    [304, {}],
    [400, {}],
    [401, {}],
    [404, later],
    [500, later],
    [503, {}],
    [503, { 'retry-after': 'soon' }],
  ])('of %d %j is a failure that pauses nothing', async (status, headers) => {
    const { endpointId, person } = await sendOne({}, answers(status, headers));
    const [row] = await findDeliveries(world.db, endpointId);
    expect(row).toMatchObject({ status: 'pending', attempts: 1, lastStatusCode: status });
    expect(Math.round(row?.dueInSeconds ?? 0)).toBe(100);
    expect((await findEndpoint(person, endpointId)).status).toBe('active');
  });

  test.each([301, 302, 303, 307, 308])('of %d fails and is never followed', async (status) => {
    const elsewhere = startReceiver();
    const headers = { location: `${elsewhere.url}/moved` };
    const { endpointId, receiver } = await sendOne({}, answers(status, headers));
    const [row] = await findDeliveries(world.db, endpointId);
    expect(row).toMatchObject({ status: 'pending', lastStatusCode: status });
    expect(row?.lastError).toContain('/moved');
    expect([receiver.requests.length, elsewhere.requests.length]).toEqual([1, 0]);
    await elsewhere.stop();
  });

  test.each([
    [400, 'failed', 'aborted_by_receiver', 'active'],
    [500, 'failed', 'aborted_by_receiver', 'active'],
    [429, 'failed', 'aborted_by_receiver', 'active'],
    [410, 'failed', 'endpoint_gone', 'disabled'],
  ] as const)(
    'of %d with webhook-delivery: abort-message is the end of it',
    async (...expected) => {
      const [status, deliveryStatus, reason, endpointStatus] = expected;
      const { endpointId, person } = await sendOne({}, answers(status, { ...abort, ...later }));
      expect(await findDeliveries(world.db, endpointId)).toMatchObject([
        { status: deliveryStatus, reason, attempts: 1 },
      ]);
      expect((await findEndpoint(person, endpointId)).status).toBe(endpointStatus);
    },
  );

  test.each([429, 503])('of %d with Retry-After pauses the whole endpoint', async (status) => {
    const { tenant, endpointId, engine, receiver, person, skip } = await sendOne(
      {},
      answers(status, later),
    );
    const shown = await findEndpoint(person, endpointId);
    expect(shown).toMatchObject({ status: 'paused', statusReason: 'retry_after' });
    const pauseMs = Date.parse(shown.pausedUntil ?? '') - Date.now();
    expect(pauseMs).toBeGreaterThan(55_000);
    expect(pauseMs).toBeLessThan(61_000);
    receiver.respondWith(answers(204));
    await queueDeliveries(world.db.database, tenant, endpointId, numbers(3));
    engine.wakeEndpoints([endpointId]);
    skip(55_000);
    engine.wakeEndpoints([endpointId]);
    await anotherIsSent(tenant, engine);
    expect(receiver.requests).toHaveLength(1);
    skip(6_000);
    engine.wakeEndpoints([endpointId]);
    await receiver.waitFor(4);
  });

  test('of 429 without one pauses it until the next retry of that delivery', async () => {
    const { tenant, endpointId, engine, receiver, person, skip } = await sendOne({}, answers(429));
    const [row] = await findDeliveries(world.db, endpointId);
    const shown = await findEndpoint(person, endpointId);
    expect(shown).toMatchObject({ status: 'paused', statusReason: 'retry_after' });
    const pauseSeconds = (Date.parse(shown.pausedUntil ?? '') - Date.now()) / 1_000;
    expect(Math.abs(pauseSeconds - (row?.dueInSeconds ?? 0))).toBeLessThan(2);
    receiver.respondWith(answers(204));
    await queueDeliveries(world.db.database, tenant, endpointId, numbers(3));
    skip(95_000);
    engine.wakeEndpoints([endpointId]);
    await anotherIsSent(tenant, engine);
    expect(receiver.requests).toHaveLength(1);
    skip(6_000);
    await makeDue(world.db, endpointId);
    engine.wakeEndpoints([endpointId]);
    await receiver.waitFor(5);
  });

  test('of 429 to the last attempt pauses nothing: no retry is left to wait for', async () => {
    const { endpointId, person } = await sendOne({ retrySchedule: [] }, answers(429));
    expect(await findDeliveries(world.db, endpointId)).toMatchObject([
      { status: 'failed', reason: 'retries_exhausted', attempts: 1 },
    ]);
    expect((await findEndpoint(person, endpointId)).status).toBe('active');
  });
});

describe('a body', () => {
  /** 200 at once, then what `write` does with the rest. */
  async function answering(write: (response: ServerResponse) => void) {
    const closed = Promise.withResolvers<number>();
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(200);
      write(response);
      response.on('close', () => closed.resolve(response.socket?.bytesWritten ?? 0));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const end = () => {
      server.closeAllConnections();
      server.close();
    };
    return { url: `http://127.0.0.1:${port}/`, closed: closed.promise, end };
  }

  async function sendTo(url: string, timeoutMs: number) {
    const { tenant, endpointId } = await arrange({ timeoutMs, retrySchedule: [100] });
    await world.db.admin.sql`update endpoints set url = ${url} where id = ${endpointId}`;
    const [queued] = await queueDeliveries(world.db.database, tenant, endpointId, ['{}']);
    if (queued === undefined) throw new Error('nothing was queued');
    await start().attempted(1);
    const [row] = await findDeliveries(world.db, endpointId);
    const [attempt] = await findAttempts(world.db, queued.id);
    return { row, attempt };
  }

  test('that has not ended by the deadline is a timeout, whatever its status was', async () => {
    const { url, end } = await answering((response) => void response.write('more is to come'));
    const { row, attempt } = await sendTo(url, 300);
    expect(row).toMatchObject({ status: 'pending', attempts: 1 });
    expect(row?.lastError).toStartWith('timeout: ');
    expect(attempt).toMatchObject({ outcome: 'failed', errorCode: 'timeout', statusCode: 200 });
    end();
  });

  test('over 64 KiB is success, and is not read further', async () => {
    const chunk = 'x'.repeat(16 * 1_024);
    const { url, closed, end } = await answering((response) => {
      const write = (): void => {
        while (!response.destroyed && response.write(chunk));
        response.once('drain', write);
      };
      write();
    });
    const { row, attempt } = await sendTo(url, 10_000);
    expect(row).toMatchObject({ status: 'delivered', lastStatusCode: 200 });
    expect(attempt?.responseBody).toHaveLength(16 * 1_024);
    // What lies in the buffers of two sockets, and no more.
    expect(await closed).toBeLessThan(16 * 1_024 * 1_024);
    end();
  });
});

describe('retries', () => {
  test.each([
    [[], 1],
    [[100], 2],
    [[100, 100, 100], 4],
  ])('of the schedule %j make %d attempts', async (retrySchedule, attempts) => {
    const { endpointId, engine, attempted, settled, queued } = await sendOne(
      { retrySchedule },
      answers(500),
    );
    for (let made = 1; made < attempts; made += 1) {
      await makeDue(world.db, endpointId);
      engine.wakeEndpoints([endpointId]);
      await attempted(made + 1);
    }
    expect(await findDeliveries(world.db, endpointId)).toMatchObject([
      { status: 'failed', reason: 'retries_exhausted', attempts },
    ]);
    expect(settled).toMatchObject([{ status: 'failed' }]);
    const made = await findAttempts(world.db, queued.id);
    expect(made.map(({ requestHeaders }) => requestHeaders['webhook-id'])).toEqual(
      Array(attempts).fill(queued.eventId),
    );
    expect(made.map(({ requestHeaders }) => requestHeaders['opsforge-attempt'])).toEqual(
      numbers(attempts),
    );
  });
});

test('a pause by people holds until they resume, whatever Retry-After said', async () => {
  const { tenant, endpointId, engine, receiver, person, skip } = await sendOne(
    {},
    answers(429, later),
  );
  await pauseEndpoint(person, endpointId);
  await queueDeliveries(world.db.database, tenant, endpointId, numbers(2));
  skip(3_600_000);
  engine.wakeEndpoints([endpointId]);
  await anotherIsSent(tenant, engine);
  expect(receiver.requests).toHaveLength(1);
  expect(await findEndpoint(person, endpointId)).toMatchObject({
    ...{ status: 'paused', statusReason: 'paused_by_request', pausedUntil: null },
  });
  receiver.respondWith(answers(204));
  await resumeEndpoint(person, endpointId);
  await receiver.waitFor(3);
});
