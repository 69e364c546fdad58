/** Replays from the request to the receiver, with the loop and the engine at work. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { listDeliveries } from '../../src/repositories/delivery-lists.ts';
import { findReplay } from '../../src/usecases/replays/find-replay.ts';
import { createReplayLoop } from '../../src/workers/replay-loop.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually, quietLog, startEngine } from '../support/delivery-engine.ts';
import { startReceiver } from '../support/receiver.ts';
import { endedEvents, makeReplay, newReplayWorld, refOf } from '../support/replays.ts';

let db: TestDatabase;
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** The loop never polls here: what happens is by being woken, and by its own times. */
async function start(answer: number) {
  const receiver = startReceiver(() => new Response('', { status: answer }));
  const world = await newReplayWorld(db);
  await db.admin.sql`
    update endpoints set url = ${`${receiver.url}/hook`}, retry_schedule = '{}'
    where id = ${world.endpointId}`;
  const { engine, stop } = startEngine(db);
  const loop = createReplayLoop({
    deps: { ...world.ctx.deps, wakeEndpoints: (ids) => engine.wakeEndpoints(ids) },
    pollMs: 3_600_000,
    log: quietLog,
    onRun: () => {},
  });
  loop.start();
  stops.push(
    () => receiver.stop(),
    () => stop(),
    () => loop.stop(2_000),
  );
  return { world, receiver, loop };
}

test('a replay is sent with the ids of its events and followed to its end', async () => {
  const { world, receiver, loop } = await start(200);
  const wanted = await endedEvents(world, 5);
  const replay = await makeReplay(world, undefined, { ratePerSecond: 20 });
  loop.wake();
  const { id } = refOf(world.ctx, replay.id);
  const ended = await eventually(
    () => findReplay(world.ctx, id),
    ({ status }) => status !== 'running',
  );
  expect(ended).toMatchObject({ status: 'done', matched: 5, created: 5, delivered: 5, failed: 0 });
  expect(ended.completedAt).not.toBeNull();
  const sent = receiver.requests.map(({ headers }) => headers['webhook-id'] ?? '');
  expect(sent.toSorted()).toEqual(wanted.toSorted());
  const found = await db.database.withTenant(world.tenant.tenantId, (tx) =>
    listDeliveries(tx, {
      ...{ projectId: world.tenant.projectId, status: null, endpointId: null, replayId: id },
      ...{ eventId: wanted[0] ?? null, type: null, range: { from: null, before: null }, limit: 9 },
    }),
  );
  expect(found.rows).toMatchObject([{ status: 'delivered', attempts: 1, replayId: id }]);
});

test('a replay whose deliveries are given up says so', async () => {
  const { world, loop } = await start(500);
  await endedEvents(world, 2, { status: 'cancelled' });
  const replay = await makeReplay(world, { status: 'cancelled' });
  loop.wake();
  const { id } = refOf(world.ctx, replay.id);
  const ended = await eventually(
    () => findReplay(world.ctx, id),
    ({ status }) => status !== 'running',
  );
  expect(ended).toMatchObject({ status: 'done', created: 2, delivered: 0, failed: 2 });
});
