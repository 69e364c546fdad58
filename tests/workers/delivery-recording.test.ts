/** Recording when things go wrong: two leaders, a database that goes away, a batch it refuses. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { AppError } from '../../src/domain/errors.ts';
import type { DeliveryId } from '../../src/domain/ids.ts';
import { createClock } from '../../src/lib/clock.ts';
import { connect } from '../../src/repositories/connection.ts';
import type { Database } from '../../src/repositories/transactions.ts';
import { cancelPending } from '../../src/usecases/deliveries/cancel-pending.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  allShards,
  eventually,
  findAttempts,
  findDeliveries,
  queueDeliveries,
  startEngine,
} from '../support/delivery-engine.ts';
import { type Behaviour, startReceiver } from '../support/receiver.ts';
import { createEndpointRow, createTenant } from '../support/tenants.ts';

let db: TestDatabase;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await db.admin.sql`delete from delivery_queue`;
});

async function arrange(
  values: Parameters<typeof createEndpointRow>[3] = {},
  behaviour?: Behaviour,
) {
  const tenant = await createTenant(db.database);
  const receiver = startReceiver(behaviour);
  stops.push(() => receiver.stop());
  const endpointId = await createEndpointRow(db.database, tenant, receiver.url, values);
  return { tenant, receiver, endpointId };
}

function start(overrides: Parameters<typeof startEngine>[1] = {}) {
  const started = startEngine(db, overrides);
  stops.push(() => started.stop());
  return started;
}

/** Ends the connections of the service, as a restart of the database does; answers how many. */
async function killConnections(): Promise<number> {
  const killed = await db.admin.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'tests-service'`;
  return killed.length;
}

/** Answers wait until `open` is called. */
function gate(): { behaviour: Behaviour; open(): void } {
  const opened = Promise.withResolvers<void>();
  return {
    async behaviour() {
      await opened.promise;
      return new Response(null, { status: 200 });
    },
    open: opened.resolve,
  };
}

async function attemptsOf(ids: readonly DeliveryId[]): Promise<string[][]> {
  const rows = await Promise.all(ids.map((id) => findAttempts(db, id)));
  return rows.map((attempts) => attempts.map((one) => one.outcome).sort());
}

describe('two leaders of one shard', () => {
  test('both send, one is recorded, the other is kept as superseded and counted nowhere', async () => {
    const { behaviour, open } = gate();
    const { tenant, receiver, endpointId } = await arrange({ maxInFlight: 20 }, behaviour);
    const payloads = Array.from({ length: 20 }, (_, at) => `${at}`);
    const queued = await queueDeliveries(db.database, tenant, endpointId, payloads);
    const one = start({ workerName: 'one' });
    const two = start({ workerName: 'two' });
    await receiver.waitFor(40);
    open();
    const ids = queued.map((delivery) => delivery.id);
    const outcomes = await eventually(
      () => attemptsOf(ids),
      (found) => found.every((attempts) => attempts.length === 2),
    );
    expect(outcomes).toEqual(ids.map(() => ['delivered', 'superseded']));
    const rows = await findDeliveries(db, endpointId);
    expect(rows).toHaveLength(20);
    expect(rows.every((row) => row.status === 'delivered' && row.attempts === 1)).toBe(true);
    await eventually(
      () => one.engine.counts().unrecorded + two.engine.counts().unrecorded,
      (left) => left === 0,
    );
    expect(one.attempts.length + two.attempts.length).toBe(20);
    expect(one.settled.length + two.settled.length).toBe(20);
  });

  test('that both failed leave one retry with one attempt counted', async () => {
    const opened = Promise.withResolvers<void>();
    const { tenant, receiver, endpointId } = await arrange({}, async () => {
      await opened.promise;
      return new Response(null, { status: 500 });
    });
    const [queued] = await queueDeliveries(db.database, tenant, endpointId, ['{}']);
    start({ workerName: 'one' });
    start({ workerName: 'two' });
    await receiver.waitFor(2);
    opened.resolve();
    if (!queued) throw new Error('nothing was queued');
    const attempts = await eventually(
      () => findAttempts(db, queued.id),
      (found) => found.length === 2,
    );
    expect(attempts.map((one) => one.outcome).sort()).toEqual(['failed', 'superseded']);
    expect(await findDeliveries(db, endpointId)).toMatchObject([
      { status: 'pending', attempts: 1 },
    ]);
  });
});

describe('a leader that loses its shards', () => {
  test('stops what is in flight and leaves the delivery as if it had not been sent', async () => {
    const { behaviour, open } = gate();
    const { tenant, receiver, endpointId } = await arrange({}, behaviour);
    const [queued] = await queueDeliveries(db.database, tenant, endpointId, ['{}']);
    const { engine, attempts } = start();
    await receiver.waitFor(1);
    engine.lose(allShards);
    if (!queued) throw new Error('nothing was queued');
    const recorded = await eventually(
      () => findAttempts(db, queued.id),
      (found) => found.length === 1,
    );
    expect(recorded).toMatchObject([{ outcome: 'superseded', errorCode: 'aborted' }]);
    expect(await findDeliveries(db, endpointId)).toMatchObject([
      { status: 'pending', attempts: 0 },
    ]);
    expect(attempts).toEqual([]);
    open();
    engine.gain(allShards);
    await receiver.waitFor(2);
    await eventually(
      () => findDeliveries(db, endpointId),
      ([row]) => row?.status === 'delivered',
    );
  });

  test('drains before it lets a shard go', async () => {
    const { behaviour, open } = gate();
    const { tenant, receiver, endpointId } = await arrange({ maxInFlight: 1 }, behaviour);
    await queueDeliveries(db.database, tenant, endpointId, ['1', '2']);
    const { engine } = start();
    await receiver.waitFor(1);
    let drained = false;
    const draining = engine.drain(allShards).then(() => {
      drained = true;
    });
    await queueDeliveries(db.database, tenant, endpointId, ['3']);
    expect(drained).toBe(false);
    open();
    await draining;
    const rows = await findDeliveries(db, endpointId);
    expect(rows.map((row) => row.status)).toEqual(['delivered', 'pending', 'pending']);
    expect(receiver.requests).toHaveLength(1);
  });

  test('on a stop interrupts what hangs past the deadline', async () => {
    const { behaviour, open } = gate();
    const { tenant, receiver, endpointId } = await arrange({}, behaviour);
    await queueDeliveries(db.database, tenant, endpointId, ['{}']);
    const { engine } = start();
    await receiver.waitFor(1);
    const startedMs = performance.now();
    await Promise.all([engine.stop(400), engine.stop(400)]);
    expect(performance.now() - startedMs).toBeLessThan(700);
    expect(await findDeliveries(db, endpointId)).toMatchObject([
      { status: 'pending', attempts: 0 },
    ]);
    open();
  });
});

describe('a database that goes away', () => {
  test('gets each result once when it is back, though it dies again and again', async () => {
    const { tenant, receiver, endpointId } = await arrange({ maxInFlight: 50 });
    const started = start();
    const payloads = Array.from({ length: 400 }, (_, at) => `${at}`);
    const queued = await queueDeliveries(db.database, tenant, endpointId, payloads);
    started.engine.offer(queued);
    started.engine.wakeEndpoints([endpointId]);
    let killed = 0;
    for (const come of [50, 100, 150, 200, 250, 300]) {
      await receiver.waitFor(come);
      killed += await killConnections();
    }
    expect(killed).toBeGreaterThan(0);
    const rows = await eventually(
      () => findDeliveries(db, endpointId),
      (found) => found.every((row) => row.status === 'delivered'),
      20_000,
    );
    expect(rows).toHaveLength(400);
    expect(new Set(rows.map((row) => row.attempts))).toEqual(new Set([1]));
    const outcomes = await attemptsOf(queued.map((one) => one.id));
    expect(outcomes.every((found) => found.length === 1 && found[0] === 'delivered')).toBe(true);
    await eventually(
      () => started.engine.counts().unrecorded,
      (left) => left === 0,
    );
    expect(started.attempts).toHaveLength(400);
    expect(started.settled).toHaveLength(400);
    expect(receiver.requests).toHaveLength(400);
  });

  test('after the commit, before its answer, has counted the result once', async () => {
    const { behaviour, open } = gate();
    const { tenant, receiver, endpointId } = await arrange({ maxInFlight: 10 }, behaviour);
    const payloads = ['1', '2', '3'];
    const queued = await queueDeliveries(db.database, tenant, endpointId, payloads);
    let answersToLose = 0;
    const database: Database = {
      ...db.database,
      async withWorker(work) {
        const result = await db.database.withWorker(work);
        answersToLose -= 1;
        if (answersToLose >= 0) throw new AppError('unavailable', 'the answer was lost');
        return result;
      },
    };
    const { attempted, attempts, settled } = start({ database });
    await receiver.waitFor(3);
    answersToLose = 2;
    open();
    await attempted(3);
    expect(answersToLose).toBeLessThan(0);
    expect(attempts).toEqual(['delivered', 'delivered', 'delivered']);
    expect(settled).toHaveLength(3);
    expect(await attemptsOf(queued.map((one) => one.id))).toEqual(
      payloads.map(() => ['delivered']),
    );
  });

  test('that answers no recording at all has the results kept until it does', async () => {
    const { behaviour, open } = gate();
    const { tenant, receiver, endpointId } = await arrange({}, behaviour);
    await queueDeliveries(db.database, tenant, endpointId, ['{}']);
    const { engine, attempted } = start();
    await receiver.waitFor(1);
    const blocker = await connect({ url: db.adminUrl, applicationName: 'tests-blocker' });
    await blocker.sql.unsafe('begin; lock table delivery_queue');
    open();
    await eventually(
      () => engine.counts().unrecorded,
      (left) => left === 1,
    );
    await killConnections();
    await eventually(
      async () =>
        blocker.sql`select 1 from pg_locks where not granted and relation = 'delivery_queue'::regclass`,
      (waiting) => waiting.length > 0,
    );
    expect(engine.counts().unrecorded).toBe(1);
    await blocker.sql.unsafe('rollback');
    await blocker.close();
    await attempted(1);
    expect(await findDeliveries(db, endpointId)).toMatchObject([
      { status: 'delivered', attempts: 1 },
    ]);
  });
});

test('a record that the database refuses loses its text alone, its neighbours nothing', async () => {
  const { tenant, endpointId } = await arrange({ maxInFlight: 20 }, (request) => {
    const body = request.body.toString() === '7' ? 'poison' : 'fine';
    return new Response(body, { status: 200 });
  });
  await db.admin.sql.unsafe(`alter table delivery_attempts
    add constraint no_poison check (response_body is null or response_body <> 'poison')`);
  try {
    const payloads = Array.from({ length: 20 }, (_, at) => `${at}`);
    const queued = await queueDeliveries(db.database, tenant, endpointId, payloads);
    await start().attempted(20);
    const rows = await findDeliveries(db, endpointId);
    expect(rows.every((row) => row.status === 'delivered')).toBe(true);
    const bodies = await Promise.all(
      queued.map(async ({ id }) => (await findAttempts(db, id))[0]?.responseBody),
    );
    expect(bodies).toEqual(payloads.map((payload) => (payload === '7' ? null : 'fine')));
  } finally {
    await db.admin.sql.unsafe('alter table delivery_attempts drop constraint no_poison');
  }
});

test('regression: what is being recorded when its endpoint is disabled is cancelled, once', async () => {
  const { tenant, endpointId } = await arrange({ status: 'disabled' });
  const [queued] = await queueDeliveries(db.database, tenant, endpointId, ['1']);
  if (!queued) throw new Error('nothing was queued');
  const locked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const recording = db.database.withWorker(async (tx) => {
    await tx.run(
      'retry',
      tx.sql`update delivery_queue set attempts = 1, next_attempt_at = now() + interval '1 h'
        where id = ${queued.id}`,
    );
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  const ref = { tenantId: tenant.tenantId, endpointId };
  const cancelling = cancelPending({ database: db.database }, ref, () => true);
  await eventually(
    async () => db.admin.sql`select 1 from pg_locks where not granted`,
    (waiting) => waiting.length > 0,
  );
  release.resolve();
  await Promise.all([recording, cancelling]);
  expect(await findDeliveries(db, endpointId)).toMatchObject([
    { status: 'cancelled', reason: 'endpoint_disabled', attempts: 1 },
  ]);
});

test('settings are read again each second while changes are not heard of', async () => {
  let listening = true;
  const { tenant, receiver, endpointId } = await arrange();
  let skewMs = 0;
  const clock = { ...createClock(), monotonicMs: () => performance.now() + skewMs };
  const { engine, attempted } = start({ isListening: () => listening, clock });
  engine.offer(await queueDeliveries(db.database, tenant, endpointId, ['1']));
  await attempted(1);
  const second = startReceiver();
  stops.push(() => second.stop());
  await db.admin.sql`update endpoints set url = ${second.url} where id = ${endpointId}`;
  engine.offer(await queueDeliveries(db.database, tenant, endpointId, ['2']));
  await attempted(2);
  expect(receiver.requests).toHaveLength(2);
  listening = false;
  skewMs = 1_050;
  engine.offer(await queueDeliveries(db.database, tenant, endpointId, ['3']));
  await attempted(3);
  expect(second.requests.map((one) => one.body.toString())).toEqual(['3']);
});
