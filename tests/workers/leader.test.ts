/** Who leads which shard, on real advisory locks. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { openLockSession } from '../../src/repositories/shard-locks.ts';
import { listLiveWorkers } from '../../src/repositories/workers.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/delivery-engine.ts';
import { startLeader, type TestLeader } from '../support/leaders.ts';

let db: TestDatabase;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function start(): TestLeader {
  const started = startLeader(db.appUrl, db.database);
  stops.push(() => started.leader.stop(2_000));
  return started;
}

/** Each shard exactly once. */
function expectAllLedOnce(leaders: TestLeader[]): void {
  const all = leaders.flatMap(({ led }) => [...led]).sort((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: 64 }, (_, shard) => shard));
}

/** As a crash of the first leader's process looks to the database. */
async function killLockSession(index: number): Promise<void> {
  await db.admin.sql`
    select pg_terminate_backend(pid) from (
      select pid from pg_stat_activity
      where datname = current_database() and application_name = 'opsforge-leader'
      order by backend_start offset ${index} limit 1) one`;
}

test('one worker leads all, two share 32 and 32, and a third joins', async () => {
  const one = start();
  await one.leadsSoon(64);
  const two = start();
  await Promise.all([one.leadsSoon(32), two.leadsSoon(32)]);
  expectAllLedOnce([one, two]);
  const three = start();
  await three.leadsSoon(20);
  await eventually(
    () => one.led.size + two.led.size,
    (led) => led === 44,
  );
  expectAllLedOnce([one, two, three]);
  expect(Math.max(one.led.size, two.led.size)).toBeLessThanOrEqual(22);
  expect(one.lost).toEqual([]);
  const workers = await db.database.withWorker(listLiveWorkers);
  expect(workers).toHaveLength(3);
});

test('surplus is drained before another gets it, the idle shards first', async () => {
  const one = start();
  await one.leadsSoon(64);
  for (let shard = 0; shard < 32; shard += 1) one.busy.add(shard);
  const drained = Promise.withResolvers<void>();
  one.holdDrain(drained.promise);
  const two = start();
  await one.leadsSoon(32);
  expect([...one.led].every((shard) => one.busy.has(shard))).toBe(true);
  expect(two.led.size).toBe(0);
  drained.resolve();
  await two.leadsSoon(32);
  expectAllLedOnce([one, two]);
});

test('a lost lock session fences its worker at once, and another leads within 5 s', async () => {
  const one = start();
  await one.leadsSoon(64);
  const two = start();
  await Promise.all([one.leadsSoon(32), two.leadsSoon(32)]);
  // It cannot come back for a while, so that the other must take over all.
  await db.admin.sql.unsafe(`alter role opsforge_test_service connection limit 0`);
  try {
    const startedMs = performance.now();
    await killLockSession(0);
    await eventually(
      () => one.lost.length,
      (count) => count === 1,
    );
    expect(one.led.size).toBe(0);
    expect(one.lost[0]).toHaveLength(32);
    await two.leadsSoon(64);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  } finally {
    await db.admin.sql.unsafe(`alter role opsforge_test_service connection limit -1`);
  }
  await Promise.all([one.leadsSoon(32), two.leadsSoon(32)]);
  expectAllLedOnce([one, two]);
});

test('a lock session that leaves the ping unanswered fences its worker, and is replaced', async () => {
  const one = start();
  await one.leadsSoon(64);
  one.hangSession();
  await eventually(
    () => one.lost.length,
    (count) => count === 1,
    4_000,
  );
  expect(one.lost[0]).toHaveLength(64);
  await one.leadsSoon(64);
});

test('a worker that is killed has its shards led by another within 5 s', async () => {
  const child = Bun.spawn({
    cmd: [process.execPath, join(import.meta.dir, '../support/leader-child.ts'), db.appUrl],
    stdout: 'pipe',
    stderr: 'inherit',
  });
  stops.push(async () => {
    child.kill('SIGKILL');
    await child.exited;
  });
  const said = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('leads 64')) text += (await said.read()).value ?? '';
  const two = start();
  await two.leadsSoon(32);
  const startedMs = performance.now();
  child.kill('SIGKILL');
  await two.leadsSoon(64);
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});

test('a clean stop hands over at once and leaves the register', async () => {
  const one = start();
  await one.leadsSoon(64);
  const two = start();
  await Promise.all([one.leadsSoon(32), two.leadsSoon(32)]);
  const startedMs = performance.now();
  await Promise.all([one.leader.stop(2_000), one.leader.stop(2_000)]);
  await two.leadsSoon(64);
  expect(performance.now() - startedMs).toBeLessThan(700);
  // The killed one of the test before has another pid and may still count as live.
  const workers = await db.database.withWorker(listLiveWorkers);
  expect(workers.filter((worker) => worker.pid === process.pid)).toHaveLength(1);
});

test('a stop whose draining takes too long lets go all the same', async () => {
  const one = start();
  await one.leadsSoon(64);
  one.holdDrain(new Promise(() => {}));
  const startedMs = performance.now();
  await one.leader.stop(400);
  expect(performance.now() - startedMs).toBeLessThan(800);
  expect(one.lost[0]).toHaveLength(64);
  const two = start();
  await two.leadsSoon(64);
});

test('locks are of one database and one session, and free when it closes', async () => {
  const events = { onLost: () => {}, onAnnounced: () => {} };
  const one = await openLockSession({ url: db.appUrl, ...events });
  const two = await openLockSession({ url: db.appUrl, ...events });
  expect((await one.lock([1, 2, 3])).sort()).toEqual([1, 2, 3]);
  expect((await two.lock([2, 3, 4])).sort()).toEqual([4]);
  await one.setPresence(true);
  const seen = await two.survey();
  expect(seen.live).toBe(1);
  expect([...seen.taken].sort()).toEqual([1, 2, 3, 4]);
  await one.close();
  await eventually(
    () => two.survey(),
    (survey) => survey.live === 0 && survey.taken.size === 1,
  );
  await two.close();
});
