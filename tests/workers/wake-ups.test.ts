/** News between processes, on real LISTEN connections. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import type { Change } from '../../src/domain/changes.ts';
import { type EndpointId, newId, type TenantId } from '../../src/domain/ids.ts';
import { createWakeUps, type WakeUps } from '../../src/repositories/wake-ups.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/delivery-engine.ts';

let db: TestDatabase;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start() {
  const troubles: number[] = [];
  const wakeUps: WakeUps = createWakeUps({
    url: db.appUrl,
    onTrouble: (_, failures) => troubles.push(failures),
  });
  const heard = {
    shards: [] as number[][],
    changes: [] as Change[],
    news: [] as string[],
    connects: 0,
  };
  wakeUps.onShards((shards) => heard.shards.push(shards));
  wakeUps.onChange((change) => heard.changes.push(change));
  wakeUps.onNews((text) => heard.news.push(text));
  wakeUps.onListening(() => {
    heard.connects += 1;
  });
  await wakeUps.start();
  stops.push(() => wakeUps.stop());
  return { wakeUps, heard, troubles };
}

const someChange = (): Change => ({
  kind: 'endpoints',
  tenantId: newId<TenantId>(Date.now()),
  endpointId: newId<EndpointId>(Date.now()),
});

async function killListeners(): Promise<void> {
  await db.admin.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'opsforge-wake-ups'`;
}

test('shards with news are told to other processes, many calls in few notifications', async () => {
  const [one, two] = await Promise.all([start(), start()]);
  for (let round = 0; round < 1_000; round += 1) one.wakeUps.notifyShards([round % 64]);
  await eventually(
    () => new Set(two.heard.shards.flat()).size,
    (size) => size === 64,
  );
  expect(two.heard.shards.length).toBeLessThan(10);
});

test('news for pages reach every process, in texts as they were sent', async () => {
  const [one, two] = await Promise.all([start(), start()]);
  const long = 'x'.repeat(7_000);
  one.wakeUps.notifyNews(['a', long]);
  await eventually(
    () => two.heard.news,
    (news) => news.length === 2,
  );
  expect(two.heard.news).toEqual(['a', long]);
});

test('a change reaches the others as it was said, and its sender knows that it was sent', async () => {
  const [one, two] = await Promise.all([start(), start()]);
  const change = someChange();
  await one.wakeUps.notifyChange(change);
  await eventually(
    () => two.heard.changes.length,
    (count) => count === 1,
  );
  expect(two.heard.changes).toEqual([change]);
});

test('a lost connection is made again, told, and what was said meanwhile is sent', async () => {
  const [one, two] = await Promise.all([start(), start()]);
  expect(one.heard.connects).toBe(1);
  await killListeners();
  await eventually(
    () => one.wakeUps.isListening() || two.wakeUps.isListening(),
    (listening) => !listening,
  );
  const change = someChange();
  const sent = one.wakeUps.notifyChange(change);
  one.wakeUps.notifyShards([7]);
  await sent;
  expect(one.wakeUps.isListening()).toBe(true);
  expect(one.heard.connects).toBe(2);
  expect(one.troubles).toEqual([1]);
  await eventually(
    () => two.heard.connects,
    (connects) => connects === 2,
  );
});

test('what another version may say is passed over', async () => {
  const { wakeUps, heard } = await start();
  await db.admin.sql`select pg_notify('opsforge_changes', 'no json'),
    pg_notify('opsforge_changes', '{"kind":"unheard-of"}'), pg_notify('opsforge_changes', 'null')`;
  const change = someChange();
  await wakeUps.notifyChange(change);
  await eventually(
    () => heard.changes.length,
    (count) => count > 0,
  );
  expect(heard.changes).toEqual([change]);
});

test('without a database the start goes on trying, and a stop ends that', async () => {
  const failures: number[] = [];
  const wakeUps = createWakeUps({
    url: 'postgres://nobody@127.0.0.1:1/none',
    onTrouble: (_, count) => failures.push(count),
  });
  await wakeUps.start();
  expect(wakeUps.isListening()).toBe(false);
  await eventually(
    () => failures.length,
    (count) => count >= 2,
  );
  const waiting = wakeUps.notifyChange(someChange());
  await Promise.all([wakeUps.stop(), wakeUps.stop()]);
  await waiting;
});
