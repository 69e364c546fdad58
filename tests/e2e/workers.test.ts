/** Several processes on one PostgreSQL that is not ours: they share the work and take over. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { databaseRoles } from '../../db/migrate.ts';
import {
  appliedAll,
  cleanUp,
  eventually,
  makeFolder,
  run,
  type Service,
  signalServer,
  startService,
} from '../support/binary.ts';
import {
  appLogin,
  type ExternalPostgres,
  ownerPassword,
  startExternalPostgres,
} from '../support/external-postgres.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import {
  askDatabase,
  bootstrap,
  type Client,
  clientOf,
  readMetric,
} from '../support/service-client.ts';
import { findTestTool } from '../support/test-tools.ts';

const binDir = findTestTool('postgresBinDir');
const shards = 64;
/** Enough that both workers lead some of them, but for one run in a million. */
const endpointCount = 20;
const eventCount = 20;

describe.skipIf(binDir === null)('processes on an external PostgreSQL [needs its programs]', () => {
  let database: ExternalPostgres;
  let receiver: Receiver;
  let env: Record<string, string>;
  let dataDir: string;
  let api: Service;
  let workers: [Service, Service];
  let client: Client;

  beforeAll(async () => {
    receiver = startReceiver();
    database = await startExternalPostgres(binDir ?? '');
    dataDir = join(makeFolder(), 'data');
    env = {
      OPSFORGE_DATA_DIR: dataDir,
      DATABASE_URL: database.ownerUrl,
      OPSFORGE_SECRET_KEY: randomBytes(32).toString('base64'),
    };
  });

  afterAll(async () => {
    await receiver?.stop();
    for (const service of [...(workers ?? []), api]) service?.kill('SIGKILL');
    await Promise.all([...(workers ?? []), api].map((service) => service?.exited));
    await database?.stop();
    await cleanUp();
  });

  /** Posts events that all endpoints want; the number of deliveries they make. */
  async function sendEvents(type: string): Promise<number> {
    await Promise.all(Array.from({ length: eventCount }, (_, n) => client.send(type, { n })));
    return eventCount * endpointCount;
  }

  test('are migrated by an owner that is no superuser', async () => {
    const check = await run(['migrate', '--check'], { env });
    expect([check.code, check.stdout]).toEqual([1, '']);
    expect(check.lastLine).toContain('1 initial');
    const tables = `select count(*)::int from pg_tables where schemaname = 'public'`;
    const owner = { url: database.ownerUrl };
    expect(await askDatabase(owner.url, tables)).toEqual([{ count: 0 }]);
    const migrated = await run(['migrate'], { env });
    expect([migrated.code, migrated.stdout]).toEqual([0, appliedAll]);
    const again = await run(['migrate', '--check'], { env });
    expect([again.code, again.stdout]).toEqual([0, 'The database is up to date.\n']);
    const url = await run(['database', 'url'], { env });
    expect(url.stdout).toBe(`${database.ownerUrl}\n`);
  });

  test('start together: an API with the owner alone, two workers with a login of their own', async () => {
    const roles = databaseRoles.join(', ');
    await askDatabase(database.ownerUrl, `grant ${roles} to ${appLogin}`).catch(() =>
      askDatabase(database.superuserUrl, `grant ${roles} to ${appLogin}`),
    );
    const workerEnv = { ...env, DATABASE_APP_URL: database.appUrl };
    const worker = () =>
      startService({ dataDir, env: workerEnv, args: ['serve', '--role', 'worker'] });
    const [first, ...rest] = await Promise.all([
      startService({ dataDir, env, args: ['--role', 'api'] }),
      worker(),
      worker(),
    ]);
    api = first;
    workers = rest;
    const pids = [api, ...workers].map(({ pid }) => `opsforge.${pid}.pid`);
    expect(readdirSync(dataDir)).toEqual(expect.arrayContaining(pids));
    const made = await bootstrap(dataDir, { env });
    expect(made.url.replace('localhost', '127.0.0.1')).toBe(api.url);
    client = clientOf(api.url, made.apiKey ?? '', made.projectId);
    await eventually('each worker leads half of the shards', async () => {
      const led = await Promise.all(workers.map(({ url }) => readMetric(url, 'worker_shards_led')));
      return led.every((count) => count === shards / 2) ? true : null;
    });
    const logins = await askDatabase(
      database.superuserUrl,
      `select distinct usename, application_name from pg_stat_activity
       where application_name in ('opsforge api', 'opsforge worker') order by 2`,
    );
    expect(logins).toEqual([
      { usename: 'opsforge_owner', application_name: 'opsforge api' },
      { usename: appLogin, application_name: 'opsforge worker' },
    ]);
  });

  test('share the deliveries, none of which is sent twice', async () => {
    for (let n = 0; n < endpointCount; n += 1) {
      await client.endpoint(`${receiver.url}/${n}`, { retrySchedule: [1, 1] });
    }
    const expected = await sendEvents('quiet.run');
    await receiver.waitFor(expected, 20_000);
    await eventually('all is recorded', async () =>
      (await client.deliveries('status=pending')).length === 0 ? true : null,
    );
    const ids = receiver.requests.map(({ headers }) => headers['opsforge-delivery-id']);
    expect(ids.length).toBe(expected);
    expect(new Set(ids).size).toBe(expected);
    const some = (await client.deliveries('type=quiet.run')).slice(0, 2 * endpointCount);
    const attempts = (await Promise.all(some.map(({ id }) => client.attempts(id)))).flat();
    const names = new Set(attempts.map((attempt) => String(attempt['worker']).split(':').at(-1)));
    expect([...names].sort()).toEqual(workers.map(({ pid }) => String(pid)).sort());
  });

  test('serve no API in a worker, but its health', async () => {
    const [worker] = workers;
    const status = async (path: string) => (await fetch(new URL(path, worker.url))).status;
    expect(await status('/api/v1/events')).toBe(404);
    expect(await status('/readyz')).toBe(200);
    expect(await status('/healthz')).toBe(200);
  });

  test('take over within 5 s when a worker is killed, with what it had in flight', async () => {
    const held = Promise.withResolvers<void>();
    receiver.respondWith(async () => {
      await held.promise;
      return new Response(null, { status: 204 });
    });
    const from = receiver.requests.length;
    const expected = await sendEvents('taken.over');
    await receiver.waitFor(from + endpointCount * 10);
    const [victim, heir] = workers;
    victim.kill('SIGKILL');
    const killedMs = performance.now();
    held.resolve();
    receiver.respondWith(() => new Response(null, { status: 204 }));
    await eventually('the other leads all shards', async () =>
      (await readMetric(heir.url, 'worker_shards_led')) === shards ? true : null,
    );
    expect(performance.now() - killedMs).toBeLessThan(5_000);
    await eventually('all is delivered', async () =>
      (await client.deliveries('status=pending')).length === 0 ? true : null,
    );
    const requests = receiver.requests.slice(from);
    const ids = new Set(requests.map(({ headers }) => headers['opsforge-delivery-id']));
    expect(ids.size).toBe(expected);
    expect(await client.deliveries('status=failed')).toEqual([]);
  });

  test('hand over at once when they are stopped, and log no password', async () => {
    const [, heir] = workers;
    expect(await heir.stop()).toBe(0);
    expect(await api.stop()).toBe(0);
    for (const { stderr } of [api, ...workers]) {
      expect(stderr()).not.toContain(ownerPassword);
      expect(stderr()).not.toContain('app-password');
    }
    const sessions = `select count(*)::int from pg_stat_activity where application_name like 'opsforge%'`;
    expect(await askDatabase(database.superuserUrl, sessions)).toEqual([{ count: 0 }]);
  });

  test('stop in time although the database stands still', async () => {
    const service = await startService({ dataDir, env: { ...env, SHUTDOWN_TIMEOUT: '3s' } });
    signalServer(database.pid, 'SIGSTOP');
    try {
      const startedMs = performance.now();
      service.kill('SIGTERM');
      expect(await service.exited).toBe(0);
      expect(performance.now() - startedMs).toBeLessThan(10_000);
    } finally {
      signalServer(database.pid, 'SIGCONT');
    }
  });
});
