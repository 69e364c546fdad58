/** When an endpoint is sent to: its rate, its breaker, its pauses, and its end by failing. */
import { describe, expect, test } from 'bun:test';
import { retryDelivery } from '../../src/usecases/deliveries/retry-delivery.ts';
import { pauseEndpoint, resumeEndpoint } from '../../src/usecases/endpoints/change-status.ts';
import { findEndpoint } from '../../src/usecases/endpoints/find-endpoint.ts';
import { listEndpoints } from '../../src/usecases/endpoints/list-endpoints.ts';
import {
  allShards,
  eventually,
  findDeliveries,
  makeDue,
  queueDeliveries,
} from '../support/delivery-engine.ts';
import {
  answers,
  arrangeEngines,
  bodiesOf,
  createSkippingClock,
  numbers,
  personAt,
} from '../support/engine-arrangement.ts';
import type { Receiver } from '../support/receiver.ts';

const world = arrangeEngines();
const { arrange, add, start } = world;

const secondsApart = (receiver: Receiver) => {
  const times = receiver.requests.map((request) => request.atMs);
  return ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1_000;
};

/** Until nothing is in flight or unrecorded, and `requests` have come. */
async function settled(started: ReturnType<typeof start>, receiver: Receiver, requests: number) {
  await receiver.waitFor(requests);
  await eventually(
    () => started.engine.counts(),
    (counts) => counts.inFlight === 0 && counts.unrecorded === 0,
  );
}

describe('a rate limit', () => {
  test('spaces the attempts, and other endpoints do not wait for it', async () => {
    const { tenant, receiver, endpointId } = await arrange({ rateLimitPerSecond: 20 });
    const other = await add(tenant);
    for (const id of [endpointId, other.endpointId]) {
      await queueDeliveries(world.db.database, tenant, id, numbers(30));
    }
    const { engine } = start();
    await other.receiver.waitFor(30);
    expect(receiver.requests.length).toBeLessThan(15);
    // Settings that are read again do not fill the bucket.
    for (let change = 0; change < 10; change += 1) {
      engine.endpointChanged({ tenantId: tenant.tenantId, endpointId });
    }
    await receiver.waitFor(30);
    // 2 at once, 28 more at 20 a second.
    expect(secondsApart(receiver)).toBeGreaterThan(1.3);
    expect(secondsApart(receiver)).toBeLessThan(2.6);
  });

  test('that is raised takes effect at once', async () => {
    const { tenant, receiver, endpointId } = await arrange({ rateLimitPerSecond: 1 });
    await queueDeliveries(world.db.database, tenant, endpointId, numbers(20));
    const { engine } = start();
    await receiver.waitFor(1);
    await world.db.admin.sql`
      update endpoints set rate_limit_per_second = 1000 where id = ${endpointId}`;
    engine.endpointChanged({ tenantId: tenant.tenantId, endpointId });
    await receiver.waitFor(20);
    expect(secondsApart(receiver)).toBeLessThan(2);
  });
});

describe('a breaker', () => {
  async function openBreaker(queued = 30) {
    const { clock, skip } = createSkippingClock();
    const values = { maxInFlight: 1, retrySchedule: [3_600, 3_600] };
    const arranged = await arrange(values, answers(500));
    const { tenant, receiver, endpointId } = arranged;
    await queueDeliveries(world.db.database, tenant, endpointId, numbers(queued));
    const started = start({ clock, random: () => 0.5 });
    await settled(started, receiver, 10);
    const person = personAt(world, started, tenant);
    return { ...arranged, ...started, started, skip, person };
  }

  test('opens after ten failures in a row: what waits keeps its attempts and no memory', async () => {
    const { tenant, receiver, endpointId, engine, person } = await openBreaker();
    const rows = await findDeliveries(world.db, endpointId);
    expect(rows.map((row) => row.attempts)).toEqual(numbers(30).map((_, at) => (at < 10 ? 1 : 0)));
    expect(rows.every((row) => row.status === 'pending')).toBe(true);
    expect(engine.counts()).toMatchObject({ queued: 0, inFlight: 0 });
    engine.wakeEndpoints([endpointId]);
    const shown = await findEndpoint(person, endpointId);
    expect(shown).toMatchObject({ status: 'paused', statusReason: 'circuit_breaker' });
    const leftMs = Date.parse(shown.pausedUntil ?? '') - Date.now();
    expect(leftMs).toBeGreaterThan(20_000);
    expect(leftMs).toBeLessThan(30_000);
    const query = { projectId: tenant.projectId, limit: 50 };
    const idsOf = async (status: 'active' | 'paused') =>
      (await listEndpoints(person, { ...query, status })).data.map(({ id }) => id);
    expect(await idsOf('paused')).toEqual([endpointId]);
    expect(await idsOf('active')).toEqual([]);
    expect(receiver.requests).toHaveLength(10);
  });

  test('sends one probe when its time is over, waits twice as long, then goes on', async () => {
    const { receiver, endpointId, engine, started, skip, tenant } = await openBreaker();
    await world.db.admin.sql`update endpoints set max_in_flight = 10 where id = ${endpointId}`;
    engine.endpointChanged({ tenantId: tenant.tenantId, endpointId });
    skip(30_000);
    engine.wakeEndpoints([endpointId]);
    await settled(started, receiver, 11);
    skip(59_000);
    engine.wakeEndpoints([endpointId]);
    await settled(started, receiver, 11);

    const probed = Promise.withResolvers<void>();
    receiver.respondWith(async () => {
      await probed.promise;
      return new Response(null, { status: 204 });
    });
    skip(1_000);
    engine.wakeEndpoints([endpointId]);
    await receiver.waitFor(12);
    await queueDeliveries(world.db.database, tenant, endpointId, ['"more"']);
    engine.wakeEndpoints([endpointId]);
    expect(engine.counts().inFlight).toBe(1);
    probed.resolve();
    await settled(started, receiver, 11 + 20);
    const rows = await findDeliveries(world.db, endpointId);
    expect(rows.filter((row) => row.status === 'delivered')).toHaveLength(20);
  });

  test('is asked at once when people resume the endpoint, and all of it goes', async () => {
    const { receiver, endpointId, started, person } = await openBreaker();
    receiver.respondWith(answers(204));
    const resumed = await resumeEndpoint(person, endpointId);
    expect(resumed).toMatchObject({ status: 'active', statusReason: null, pausedUntil: null });
    await settled(started, receiver, 30);
    expect((await findEndpoint(person, endpointId)).status).toBe('active');
  });

  test('is asked once when people retry a delivery', async () => {
    const { receiver, endpointId, started, person } = await openBreaker();
    const [row] = await findDeliveries(world.db, endpointId);
    if (row === undefined) throw new Error('nothing was queued');
    await retryDelivery(person, row.id);
    await settled(started, receiver, 11);
    expect((await findEndpoint(person, endpointId)).status).toBe('paused');
    receiver.respondWith(answers(204));
    await retryDelivery(person, row.id);
    await settled(started, receiver, 12);
    await eventually(
      () => findDeliveries(world.db, endpointId),
      (rows) => rows[0]?.status === 'delivered',
    );
  });

  test('gives way to people who pause: nothing is sent until they resume', async () => {
    const { receiver, endpointId, engine, started, skip, person } = await openBreaker();
    receiver.respondWith(answers(204));
    const paused = await pauseEndpoint(person, endpointId);
    expect(paused).toMatchObject({ statusReason: 'paused_by_request', pausedUntil: null });
    skip(3_600_000);
    engine.wakeEndpoints([endpointId]);
    await settled(started, receiver, 10);
    await resumeEndpoint(person, endpointId);
    await settled(started, receiver, 30);
  });

  test('is open for the next leader until the same time', async () => {
    const { receiver, endpointId, engine, started, skip } = await openBreaker(12);
    engine.lose(allShards);
    engine.gain(allShards);
    await makeDue(world.db, endpointId);
    engine.wakeEndpoints([endpointId]);
    await settled(started, receiver, 10);
    skip(31_000);
    engine.wakeEndpoints([endpointId]);
    await settled(started, receiver, 11);
    expect(engine.counts().queued).toBe(0);
  });

  test('does not open by what the receiver decided', async () => {
    const { tenant, receiver, endpointId } = await arrange(
      { retrySchedule: [] },
      answers(422, { 'webhook-delivery': 'abort-message' }),
    );
    await queueDeliveries(world.db.database, tenant, endpointId, numbers(40));
    const started = start();
    await settled(started, receiver, 40);
    const rows = await findDeliveries(world.db, endpointId);
    expect(rows.every((row) => row.reason === 'aborted_by_receiver')).toBe(true);
  });
});

describe('a Retry-After', () => {
  test('is shown as a pause, and kept to by the next leader', async () => {
    const { tenant, receiver, endpointId } = await arrange(
      { maxInFlight: 1 },
      answers(503, { 'retry-after': '600' }),
    );
    await queueDeliveries(world.db.database, tenant, endpointId, numbers(3));
    const started = start();
    await settled(started, receiver, 1);
    const person = personAt(world, started, tenant);
    const shown = await findEndpoint(person, endpointId);
    expect(shown).toMatchObject({ status: 'paused', statusReason: 'retry_after' });
    receiver.respondWith(answers(204));
    started.engine.lose(allShards);
    started.engine.gain(allShards);
    await makeDue(world.db, endpointId);
    started.engine.wakeEndpoints([endpointId]);
    await settled(started, receiver, 1);
    await resumeEndpoint(person, endpointId);
    await settled(started, receiver, 4);
  });
});

describe('an endpoint that fails for days', () => {
  async function failing(days: number) {
    const { tenant, receiver, endpointId } = await arrange({ maxInFlight: 1 }, answers(500));
    await world.db.admin.sql`update endpoints
      set failing_since = now() - make_interval(secs => ${days * 86_400}) where id = ${endpointId}`;
    await queueDeliveries(world.db.database, tenant, endpointId, numbers(2));
    const started = start();
    await receiver.waitFor(1);
    return { tenant, receiver, endpointId, started };
  }

  test('is disabled after five of them, and what is pending cancelled', async () => {
    const { tenant, endpointId, started } = await failing(5.001);
    const rows = await eventually(
      () => findDeliveries(world.db, endpointId),
      (found) => found.every((row) => row.status === 'cancelled'),
    );
    expect(rows.map((row) => row.reason)).toEqual(['endpoint_disabled', 'endpoint_disabled']);
    expect(await findEndpoint(personAt(world, started, tenant), endpointId)).toMatchObject({
      status: 'disabled',
      statusReason: 'failing_for_5_days',
    });
  });

  test('goes on before that, and a success ends the count', async () => {
    const { tenant, receiver, endpointId, started } = await failing(4.999);
    await settled(started, receiver, 2);
    const person = personAt(world, started, tenant);
    expect((await findEndpoint(person, endpointId)).failingSince).not.toBeNull();
    receiver.respondWith(answers(204));
    await makeDue(world.db, endpointId);
    started.engine.wakeEndpoints([endpointId]);
    await settled(started, receiver, 4);
    const shown = await findEndpoint(person, endpointId);
    expect(shown).toMatchObject({ status: 'active', failingSince: null });
  });

  test('is written to at its turns and not for each attempt', async () => {
    const { tenant, receiver, endpointId } = await arrange({ maxInFlight: 1 });
    let request = 0;
    // One failure in three, never two in a row.
    receiver.respondWith(() => new Response(null, { status: request++ % 3 === 0 ? 500 : 204 }));
    const version = async () => {
      const [row] = await world.db.admin
        .sql`select xmin::text from endpoints where id = ${endpointId}`;
      return row?.['xmin'];
    };
    const before = await version();
    await queueDeliveries(world.db.database, tenant, endpointId, numbers(60));
    const started = start();
    await settled(started, receiver, 60);
    expect(await version()).toBe(before);
  });
});

test('a backlog of 50,000 for an endpoint that hangs takes no more memory than its share', async () => {
  const hang = Promise.withResolvers<Response>();
  const { tenant, receiver, endpointId } = await arrange({ timeoutMs: 60_000 }, () => hang.promise);
  const other = await add(tenant);
  const eventId = Bun.randomUUIDv7();
  const { tenantId, projectId } = tenant;
  await world.db.admin.sql`insert into webhook_events (id, tenant_id, project_id, type, payload)
    values (${eventId}, ${tenantId}, ${projectId}, 'invoice.paid', repeat('1', 1000))`;
  await world.db.admin.sql`
    insert into delivery_queue (id, tenant_id, project_id, event_id, endpoint_id, event_type)
    select overlay(${eventId}::text placing lpad(to_hex(n), 12, '0') from 25 for 12)::uuid,
      ${tenantId}, ${projectId}, ${eventId}, ${endpointId}, 'invoice.paid'
    from generate_series(1, 50000) n`;
  const { engine } = start();
  await receiver.waitFor(10);
  for (let round = 0; round < 20; round += 1) {
    const more = await queueDeliveries(world.db.database, tenant, endpointId, numbers(20));
    engine.offer(more);
    engine.wakeEndpoints([endpointId]);
    engine.offer(await queueDeliveries(world.db.database, tenant, other.endpointId, [`${round}`]));
    await other.receiver.waitFor(round + 1);
    expect(engine.counts().queued).toBeLessThanOrEqual(200);
  }
  expect(bodiesOf(other.receiver)).toEqual(numbers(20, 0));
  expect(receiver.requests).toHaveLength(10);
  hang.resolve(new Response(null, { status: 204 }));
});
