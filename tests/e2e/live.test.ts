/**
 * Streams across the processes of an installation: two APIs and a worker on one database, as users
 * run them.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPasswordHasher } from '../../src/lib/password-hasher.ts';
import { cleanUp, eventually, makeFolder, type Service, startService } from '../support/binary.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { openStream } from '../support/event-stream.ts';
import { createAccount, createSession } from '../support/people.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { type Client, clientOf } from '../support/service-client.ts';
import { createKey, createTenant, type TestTenant } from '../support/tenants.ts';

const viewersMax = 2_000;
/** Of one browser, as src/controllers/live-streams.ts has it. */
const sessionViewersMax = 50;
/** What 2,000 streams may cost a process: 60 KB each; measured were 24. */
const viewersMiBMax = 120;

let db: TestDatabase;
let receiver: Receiver;
let apis: [Service, Service];
let worker: Service;
let tenant: TestTenant;
let client: Client;

beforeAll(async () => {
  db = await createTestDatabase();
  receiver = startReceiver();
  const dataDir = join(makeFolder(), 'data');
  const env = {
    DATABASE_URL: db.adminUrl,
    DATABASE_APP_URL: db.appUrl,
    OPSFORGE_SECRET_KEY: randomBytes(32).toString('base64'),
    DATABASE_POOL_SIZE: '10',
  };
  const start = (role: string) => startService({ dataDir, env, args: ['serve', '--role', role] });
  const first = await start('api');
  const [second, working] = await Promise.all([start('api'), start('worker')]);
  apis = [first, second];
  worker = working;
  tenant = await createTenant(db.database);
  const { key } = await createKey(db.database, tenant);
  client = clientOf(first.url, key, tenant.projectId);
  await client.endpoint(receiver.url);
}, 60_000);

afterAll(async () => {
  for (const service of [...(apis ?? []), worker]) service?.kill('SIGKILL');
  await Promise.all([...(apis ?? []), worker].map((service) => service?.exited));
  await receiver?.stop();
  await cleanUp();
  await db?.drop();
});

test('a stream shows what another process accepted, and what a third delivered', async () => {
  const stream = await openStream(new URL(apis[1].url), client.apiKey);
  await stream.message(() => true);
  const id = await client.send('invoice.paid', { n: 1 });
  await stream.message(({ events }) => events?.data.some((event) => event.id === id) ?? false);
  const delivered = await stream.message(
    ({ deliveries }) => deliveries?.data.some(({ status }) => status === 'delivered') ?? false,
  );
  expect(delivered.kinds).toContain('deliveries');
  stream.close();
});

test('a key that is revoked in one process ends its streams in another within a second', async () => {
  const { id, key } = await createKey(db.database, tenant, { scopes: ['events:read'] });
  const stream = await openStream(new URL(apis[1].url), key);
  await stream.message(() => true);
  const answer = await fetch(new URL(`/api/v1/api-keys/${id}`, apis[0].url), {
    method: 'DELETE',
    headers: { authorization: `Bearer ${client.apiKey}` },
  });
  expect(answer.status).toBe(204);
  const revokedMs = performance.now();
  await stream.ended;
  expect(performance.now() - revokedMs).toBeLessThan(1_000);
});

test('a portal link that is revoked in one process is refused by another within a second', async () => {
  const made = await client.post('/api/v1/portal-links', { customer: 'one' });
  const visit = () =>
    fetch(new URL('/api/v1/endpoints', apis[1].url), {
      headers: { authorization: `Bearer ${made.body['token']}` },
    });
  expect((await visit()).status).toBe(200);
  await fetch(new URL(`/api/v1/portal-links/${made.body['id']}`, apis[0].url), {
    method: 'DELETE',
    headers: { authorization: `Bearer ${client.apiKey}` },
  });
  const refused = async () => ((await visit()).status === 401 ? true : null);
  await eventually('the other process refuses it', refused, 1_000);
});

test('2,000 streams of one process all show an event, and cost it little memory', async () => {
  const [service] = apis;
  const before = residentMiB(service.pid);
  const viewers = await openMany(service.url, viewersMax, () => ({
    path: '/api/v1/events/stream',
    header: `authorization: Bearer ${client.apiKey}`,
  }));
  await eventually('all have had their first message', () =>
    viewers.count((text) => text.includes('"kinds"')) === viewersMax ? true : null,
  );
  expect(viewers.count((text) => text.startsWith('HTTP/1.1 200'))).toBe(viewersMax);
  const open = residentMiB(service.pid);
  const id = await client.send('invoice.paid', { n: 2 });
  const sentMs = performance.now();
  await eventually('all show the event', () =>
    viewers.count((text) => text.includes(`"id":"${id}"`)) === viewersMax ? true : null,
  );
  const seconds = (performance.now() - sentMs) / 1_000;
  console.info(
    `${viewersMax} streams: ${before} MiB → ${open} MiB resident, an event at all after ${seconds.toFixed(2)} s`,
  );
  expect(open - before).toBeLessThan(viewersMiBMax);
  viewers.close();
}, 60_000);

test('2,000 open pages of one process all hear of an event, by one listener of the database', async () => {
  const [service] = apis;
  // Of its own: what happened to the other is summed up meanwhile, and pages that were told of it
  // have their turns before any is told again.
  const tenant = await createTenant(db.database);
  const { key } = await createKey(db.database, tenant);
  const client = clientOf(service.url, key, tenant.projectId);
  const { userId } = await createAccount(db, { passwords: createPasswordHasher() }, [
    { tenant, role: 'viewer' },
  ]);
  const sessions: string[] = [];
  for (let count = 0; count < viewersMax / sessionViewersMax; count += 1) {
    sessions.push(await createSession(db, userId));
  }
  const before = residentMiB(service.pid);
  const viewers = await openMany(service.url, viewersMax, (index) => ({
    path: `/t/${tenant.name}/p/main/live`,
    header: `cookie: opsforge_session=${sessions[index % sessions.length]}`,
  }));
  await eventually('all have had their first message', () =>
    viewers.count((text) => text.includes('"figures"')) === viewersMax ? true : null,
  );
  const open = residentMiB(service.pid);
  const { sql } = db.admin;
  const [listening] = await sql`
    select count(*)::int as count from pg_stat_activity
    where datname = current_database() and application_name = 'opsforge-wake-ups'`;
  await client.send('invoice.paid', { n: 3 });
  const sentMs = performance.now();
  await eventually('all hear of the event', () =>
    // Not the first message, which names all kinds.
    viewers.count((text) => /"kinds":\["events"(?:,"deliveries")?\]/.test(text)) === viewersMax
      ? true
      : null,
  );
  const seconds = (performance.now() - sentMs) / 1_000;
  console.info(
    `${viewersMax} pages: ${before} MiB → ${open} MiB resident, an event told to all after ${seconds.toFixed(2)} s`,
  );
  expect(open - before).toBeLessThan(viewersMiBMax);
  // The two APIs and the worker.
  expect(listening?.['count']).toBe(3);
  viewers.close();
}, 60_000);

test('a stop does not wait for open streams', async () => {
  const [, service] = apis;
  const stream = await openStream(new URL(service.url), client.apiKey);
  await stream.message(() => true);
  const startedMs = performance.now();
  const code = service.stop();
  await stream.ended;
  expect(await code).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});

function residentMiB(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1_024);
}

/** Plain connections: so many of fetch's would be measured instead of the service. */
async function openMany(
  url: string,
  count: number,
  request: (index: number) => { path: string; header: string },
) {
  const { hostname, port } = new URL(url);
  const requestOf = (index: number) => {
    const { path, header } = request(index);
    return `GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\n${header}\r\n\r\n`;
  };
  const texts: string[] = [];
  const sockets: { end(): void }[] = [];
  for (let index = 0; index < count; index += 1) {
    texts[index] = '';
    sockets.push(
      await Bun.connect({
        hostname,
        port: Number(port),
        socket: {
          open: (socket) => void socket.write(requestOf(index)),
          data(_socket, bytes) {
            texts[index] += bytes.toString();
          },
        },
      }),
    );
  }
  return {
    count: (matches: (text: string) => boolean) => texts.filter(matches).length,
    close() {
      for (const socket of sockets) socket.end();
    },
  };
}
