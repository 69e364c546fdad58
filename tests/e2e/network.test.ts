/** The network between processes and their PostgreSQL fails, and the service goes on by itself. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { shardOf } from '../../src/domain/dispatch/ready-delivery.ts';
import type { EndpointId } from '../../src/domain/ids.ts';
import { cleanUp, eventually, jsonLines, type Service } from '../support/binary.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createInstallation, leads, nothingPending } from '../support/installation.ts';
import { type ReceivedRequest, type Receiver, startReceiver } from '../support/receiver.ts';
import { type Client, readMetric } from '../support/service-client.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const shards = 64;
/** Ordered and plain endpoints: each worker leads some of both, but for one run in a million. */
const orderedCount = 20;
const plainCount = 20;
const keys = ['a', 'b', 'c'];
const eventsPerKey = 6;
const endpointCount = orderedCount + plainCount;
const eventCount = keys.length * eventsPerKey;
/** A ping each second, 2 s for its answer, and what a busy machine adds. */
const fencedMsMax = 5_000;
/** Design §4. */
const takenOverMsMax = 15_000;
const answeredMsMax = 20_000;
const deliveredMsMax = 40_000;

let database: TestDatabase;
let receiver: Receiver;
let apiNetwork: TcpProxy;
let workerNetwork: TcpProxy;
let api: Service;
let cutOff: Service;
let other: Service;
let client: Client;

beforeAll(async () => {
  receiver = startReceiver();
  database = await createTestDatabase();
  [apiNetwork, workerNetwork] = await Promise.all([
    startTcpProxy(database.adminUrl),
    startTcpProxy(database.adminUrl),
  ]);
  const installation = createInstallation(database);
  [api, cutOff, other] = await Promise.all([
    installation.start('api', apiNetwork.through),
    installation.start('worker', workerNetwork.through),
    installation.start('worker'),
  ]);
  client = await installation.clientOf(api);
  const retrySchedule = [1, 1, 1, 1];
  for (let n = 0; n < orderedCount; n += 1) {
    await client.endpoint(`${receiver.url}/ordered/${n}`, { ordered: true, retrySchedule });
  }
  for (let n = 0; n < plainCount; n += 1) {
    await client.endpoint(`${receiver.url}/plain/${n}`, { maxInFlight: 1, retrySchedule });
  }
  await Promise.all([leads(cutOff, shards / 2), leads(other, shards / 2)]);
});

afterAll(async () => {
  for (const service of [api, cutOff, other]) service?.kill('SIGKILL');
  await Promise.all([api, cutOff, other].map((service) => service?.exited));
  await Promise.all([receiver?.stop(), apiNetwork?.stop(), workerNetwork?.stop()]);
  await database?.drop();
  await cleanUp();
});

/** The keys side by side, each event after the 202 of the one before. */
async function sendEvents(type: string): Promise<void> {
  const send = async (orderingKey: string) => {
    for (let sequence = 0; sequence < eventsPerKey; sequence += 1) {
      const payload = { key: orderingKey, sequence };
      const { status } = await client.post('/api/v1/webhooks', { type, orderingKey, payload });
      expect(status).toBe(202);
    }
  };
  await Promise.all(keys.map(send));
}

/** By the endpoint's path: which of the two workers made the attempts of these events. */
async function findWorkers(type: string): Promise<Map<string, string[]>> {
  const rows = await database.admin.sql<{ url: string; workers: string[] }[]>`
    select e.url, array_agg(distinct a.worker) as workers from deliveries d
    join delivery_attempts a on (a.tenant_id, a.delivery_id) = (d.tenant_id, d.id)
    join endpoints e on (e.tenant_id, e.id) = (d.tenant_id, d.endpoint_id)
    where d.event_type = ${type} group by 1`;
  return new Map(rows.map(({ url, workers }) => [new URL(url).pathname, workers]));
}

/** When the process last logged this, by its own clock. */
function loggedAtMs({ stderr }: Service, message: string): number {
  const line = jsonLines(stderr()).findLast(({ msg }) => msg === message);
  return Date.parse(String(line?.['time']));
}

const isOf = ({ pid }: Service, workers: readonly string[] | undefined) =>
  workers?.every((name) => name.endsWith(`:${pid}`)) === true;

/** Requests of an ordered endpoint's key that first came before their turn. */
function findDisorder(requests: readonly ReceivedRequest[]): string[] {
  const next = new Map<string, number>();
  const early: string[] = [];
  for (const { path, body } of requests) {
    if (!path.startsWith('/ordered/')) continue;
    const { key, sequence } = JSON.parse(body.toString());
    const of = `${path} ${key}`;
    const expected = next.get(of) ?? 0;
    if (sequence > expected) early.push(`${of}: ${sequence} before ${expected}`);
    if (sequence === expected) next.set(of, expected + 1);
  }
  return early;
}

/** Every delivery delivered, each counted once, whatever was sent more than once. */
async function expectCountedOnce(type: string): Promise<{ superseded: number }> {
  const expected = endpointCount * eventCount;
  const { sql } = database.admin;
  const [row] = await sql<{ deliveries: number; counted: number; superseded: number }[]>`
    select count(distinct d.id)::integer as deliveries,
      count(*) filter (where a.outcome = 'delivered')::integer as counted,
      count(*) filter (where a.outcome = 'superseded')::integer as superseded
    from deliveries d
    join delivery_attempts a on (a.tenant_id, a.delivery_id) = (d.tenant_id, d.id)
    where d.event_type = ${type} and d.status = 'delivered' and d.attempts = 1`;
  expect({ ...row, superseded: 0 }).toEqual({
    deliveries: expected,
    counted: expected,
    superseded: 0,
  });
  return { superseded: row?.superseded ?? 0 };
}

/** Ends the session that holds the locks of the worker that is cut off: it hears nothing of it. */
async function endLockSession(workersByPath: Map<string, string[]>): Promise<void> {
  const { sql } = database.admin;
  const endpoints = await sql<{ id: EndpointId; url: string }[]>`select id, url from endpoints`;
  const led = endpoints.find(({ url }) => isOf(cutOff, workersByPath.get(new URL(url).pathname)));
  if (led === undefined) throw new Error('the worker leads no endpoint');
  const ended = await sql`
    select pg_terminate_backend(pid) from pg_locks join pg_stat_activity using (pid)
    where locktype = 'advisory' and objid = ${shardOf(led.id)} and objsubid = 2
      and application_name = 'opsforge-leader' and datname = current_database()`;
  expect(ended.length).toBe(1);
}

async function statsAttempts(): Promise<number> {
  const [row] = await database.admin.sql<{ attempts: number }[]>`
    select coalesce(sum(attempts), 0)::integer as attempts from (
      select attempts from delivery_stats_minute where endpoint_id <> project_id union all
      select attempts from delivery_stats_deltas) counted`;
  return row?.attempts ?? 0;
}

describe('a network between a worker and the database', () => {
  test('that is cut and back before its worker notices delays what it sends, and no more', async () => {
    receiver.respondWith(async () => {
      await Bun.sleep(20);
      return new Response(null, { status: 204 });
    });
    const sending = sendEvents('blinked');
    await receiver.waitFor(100);
    workerNetwork.cut();
    await Bun.sleep(500);
    workerNetwork.restore();
    await sending;
    await nothingPending(database, deliveredMsMax);
    expect(receiver.requests.length).toBe(endpointCount * eventCount);
    expect(findDisorder(receiver.requests)).toEqual([]);
    expect((await expectCountedOnce('blinked')).superseded).toBe(0);
    expect(cutOff.stderr()).not.toContain('shards lost');
  });

  test('that is cut fences the worker, and the other takes over all that it had', async () => {
    const before = await findWorkers('blinked');
    const from = receiver.requests.length;
    const countedBefore = await statsAttempts();
    const sending = sendEvents('cut');
    await receiver.waitFor(from + 100);
    workerNetwork.cut();
    const cutAtMs = Date.now();
    await cutOff.logged('shards lost', fencedMsMax);
    const fencedAtMs = Date.now();
    expect(await readMetric(cutOff.url, 'worker_shards_led')).toBe(0);
    await leads(other, shards, takenOverMsMax - (fencedAtMs - cutAtMs));
    await sending;
    await nothingPending(database, deliveredMsMax);
    const requests = receiver.requests.slice(from);
    const gainedAtMs = loggedAtMs(other, 'shards gained');
    expect(gainedAtMs).toBeGreaterThan(fencedAtMs);
    // What is on its way at the fence may still arrive at that very moment.
    const unled = requests.filter(
      ({ path, atMs }) =>
        isOf(cutOff, before.get(path)) && atMs > fencedAtMs + 100 && atMs < gainedAtMs,
    );
    expect(unled).toEqual([]);
    expect(findDisorder(requests)).toEqual([]);
    expect((await expectCountedOnce('cut')).superseded).toBe(0);

    workerNetwork.restore();
    await Promise.all([leads(cutOff, shards / 2), leads(other, shards / 2)]);
    const superseded = await eventually('late results are on record as superseded', async () => {
      const late = await expectCountedOnce('cut');
      return late.superseded > 0 ? late.superseded : null;
    });
    // Sent twice, and so on record twice, but for what was stopped by the fence.
    const expected = endpointCount * eventCount;
    expect(superseded).toBeLessThanOrEqual(requests.length - expected);
    expect(await statsAttempts()).toBe(countedBefore + expected);
  });

  test('is used again by both when it is back', async () => {
    await sendEvents('back');
    await nothingPending(database, deliveredMsMax);
    await expectCountedOnce('back');
    const workers = [...(await findWorkers('back')).values()];
    expect(workers.some((names) => isOf(cutOff, names))).toBe(true);
    expect(workers.some((names) => isOf(other, names))).toBe(true);
  });

  test('that is cut while the server frees the locks at once makes two leaders, and no disorder', async () => {
    const before = await findWorkers('back');
    const from = receiver.requests.length;
    const countedBefore = await statsAttempts();
    const sending = sendEvents('doubled');
    await receiver.waitFor(from + 100);
    workerNetwork.cut();
    await endLockSession(before);
    await leads(other, shards);
    await sending;
    await nothingPending(database, deliveredMsMax);
    const lostAtMs = await eventually('the worker has fenced itself', () => {
      const atMs = loggedAtMs(cutOff, 'shards lost');
      return atMs > loggedAtMs(other, 'shards gained') ? atMs : null;
    });
    const sentTwice = receiver.requests.length - from - eventCount * endpointCount;
    expect(lostAtMs).toBeGreaterThan(0);
    expect(sentTwice).toBeGreaterThan(0);
    expect(findDisorder(receiver.requests.slice(from))).toEqual([]);
    workerNetwork.restore();
    await Promise.all([leads(cutOff, shards / 2), leads(other, shards / 2)]);
    await expectCountedOnce('doubled');
    expect(await statsAttempts()).toBe(countedBefore + eventCount * endpointCount);
  });

  test('that forgets its connections delays what was on its way by seconds', async () => {
    const sending = sendEvents('stranded');
    const from = receiver.requests.length;
    await receiver.waitFor(from + 100);
    workerNetwork.strand();
    const strandedMs = performance.now();
    await sending;
    await nothingPending(database, deliveredMsMax);
    expect(performance.now() - strandedMs).toBeLessThan(takenOverMsMax);
    expect(findDisorder(receiver.requests.slice(from))).toEqual([]);
    await expectCountedOnce('stranded');
    await Promise.all([leads(cutOff, shards / 2), leads(other, shards / 2)]);
  });
});

describe('a network between an API and the database', () => {
  test('that is cut makes every request answer 503, until it is back', async () => {
    const { count } = { count: receiver.requests.length };
    apiNetwork.cut();
    const startedMs = performance.now();
    const post = () => client.post('/api/v1/webhooks', { type: 'api.cut', payload: {} });
    const health = await fetch(new URL('/healthz', api.url));
    const ready = fetch(new URL('/readyz', api.url));
    const answers = await Promise.all([post(), post(), client.get('/api/v1/deliveries')]);
    expect(performance.now() - startedMs).toBeLessThan(answeredMsMax);
    for (const { status, headers, body } of answers) {
      expect([status, body['title']]).toEqual([503, 'Unavailable']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect([health.status, (await ready).status]).toEqual([200, 503]);
    apiNetwork.restore();
    await eventually('ready again', async () =>
      (await fetch(new URL('/readyz', api.url))).status === 200 ? true : null,
    );
    const accepted = await client.send('api.back', {});
    await nothingPending(database, deliveredMsMax);
    const seen = receiver.requests.slice(count);
    expect(seen.filter(({ headers }) => headers['webhook-id'] === accepted).length).toBe(
      endpointCount,
    );
  });
});
