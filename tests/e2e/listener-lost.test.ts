/** The connections that carry news are lost again and again: a little late, nothing missed. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cleanUp, type Service } from '../support/binary.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createInstallation, leads, nothingPending } from '../support/installation.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import type { Client } from '../support/service-client.ts';

const shards = 64;
const eventCount = 50;
const killEveryMs = 20;
/** For so long what is cached is believed while no news is heard. */
const believedMs = 1_000;
const deliveredMsMax = 20_000;

let database: TestDatabase;
let receiver: Receiver;
let processes: Service[] = [];
let client: Client;

beforeAll(async () => {
  receiver = startReceiver();
  database = await createTestDatabase();
  const installation = createInstallation(database);
  const [api, worker] = await Promise.all([
    installation.start('api'),
    installation.start('worker'),
  ]);
  processes = [api, worker];
  client = await installation.clientOf(api);
  await leads(worker, shards);
});

afterAll(async () => {
  for (const service of processes) service.kill('SIGKILL');
  await Promise.all(processes.map(({ exited }) => exited));
  await receiver?.stop();
  await database?.drop();
  await cleanUp();
});

/** Ends the listeners of all processes, and those that replace them, until it is stopped. */
function killListeners() {
  let isOver = false;
  let killed = 0;
  const killing = (async () => {
    while (!isOver) {
      const { count } = await database.admin.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'opsforge-wake-ups' and datname = current_database()`;
      killed += count;
      await Bun.sleep(killEveryMs);
    }
  })();
  return {
    async stop(): Promise<number> {
      isOver = true;
      await killing;
      return killed;
    },
  };
}

const sendMany = (type: string) =>
  Promise.all(Array.from({ length: eventCount }, (_, n) => client.send(type, { n })));

const seenBy = (path: string, from: number) =>
  receiver.requests.slice(from).filter((request) => request.path === path).length;

test('events are delivered and a pause is seen although no news is heard', async () => {
  const paused = await client.endpoint(`${receiver.url}/paused`, { maxInFlight: 50 });
  await client.endpoint(`${receiver.url}/active`, { maxInFlight: 50 });
  await sendMany('before');
  await receiver.waitFor(2 * eventCount);
  const listeners = killListeners();
  await sendMany('unheard');
  await receiver.waitFor(4 * eventCount, deliveredMsMax);

  const { status } = await client.post(`/api/v1/endpoints/${paused.id}/pause`, {});
  expect(status).toBe(200);
  await Bun.sleep(believedMs);
  const from = receiver.requests.length;
  await sendMany('while.paused');
  // The other endpoint has got them, by the same worker: the paused one was passed over.
  await receiver.waitFor(from + eventCount, deliveredMsMax);
  expect([seenBy('/active', from), seenBy('/paused', from)]).toEqual([eventCount, 0]);
  expect(await listeners.stop()).toBeGreaterThan(2);

  await client.post(`/api/v1/endpoints/${paused.id}/resume`, {});
  await receiver.waitFor(from + 2 * eventCount, deliveredMsMax);
  await nothingPending(database, deliveredMsMax);
  expect(receiver.requests.length).toBe(6 * eventCount);
});
