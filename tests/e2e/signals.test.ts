/** Stopping: what is on its way ends and is recorded, and nothing is left behind. */
import { afterAll, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isAlive } from '../../db/embedded/server-file.ts';
import {
  cleanUp,
  eventually,
  launch,
  makeFolder,
  type Service,
  startService,
} from '../support/binary.ts';
import { findProcesses } from '../support/embedded-folder.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { bootstrapClient, type Client, clientOf } from '../support/service-client.ts';

const checkout = resolve(import.meta.dir, '../..');
const deliveriesInFlight = 5;
/** What the contract says: a terminal and npm may both deliver the first. */
const secondSignalAfterMs = 1_000;

const dataDir = join(makeFolder(), 'data');
const receiver: Receiver = startReceiver();
let service: Service;
let client: Client | null = null;
/** Answers what the receiver holds back. */
let release: () => void;

beforeEach(() => {
  const held = Promise.withResolvers<void>();
  release = held.resolve;
  receiver.respondWith(async () => {
    await held.promise;
    return new Response(null, { status: 204 });
  });
});

afterAll(async () => {
  await receiver.stop();
  await cleanUp();
});

async function start(): Promise<Client> {
  service = await startService({ dataDir });
  if (client !== null) {
    client = clientOf(service.url, client.apiKey, client.projectId);
    return client;
  }
  client = await bootstrapClient(service);
  await client.endpoint(receiver.url);
  return client;
}

/** Resolves when the receiver has them all and answers none. */
async function sendHeld(by: Client, type: string): Promise<void> {
  const from = receiver.requests.length;
  const sends = Array.from({ length: deliveriesInFlight }, (_, n) => by.send(type, { n }));
  await Promise.all(sends);
  await receiver.waitFor(from + deliveriesInFlight);
}

describe('a signal', () => {
  test('lets the deliveries in flight end, also when it comes twice as from a terminal', async () => {
    await sendHeld(await start(), 'in.flight');
    service.signalGroup('SIGINT');
    service.kill('SIGINT');
    await service.logged('stopping');
    release();
    expect(await service.exited).toBe(0);
    expect(await service.logged('stopped')).toMatchObject({ clean: true });
    expect(findProcesses(dataDir)).toEqual([]);
    for (const name of ['opsforge.pid', 'opsforge.url', 'embedded.pid']) {
      expect([name, existsSync(join(dataDir, name))]).toEqual([name, false]);
    }
    expect(service.stdout()).toBe('');
  });

  test('leaves nothing to be sent again by the next start', async () => {
    const after = await start();
    const from = receiver.requests.length;
    const found = await after.deliveries('type=in.flight');
    expect(found.map((each) => [each['status'], each['attempts']])).toEqual(
      Array.from({ length: deliveriesInFlight }, () => ['delivered', 1]),
    );
    release();
    await after.send('after.start', {});
    const seen = (await receiver.waitFor(from + 1)).slice(from);
    expect(seen.map(({ body }) => body.toString())).toEqual(['{}']);
  });

  test('refuses requests and readiness while deliveries still end', async () => {
    const before = clientOf(service.url, client?.apiKey ?? '', client?.projectId ?? '');
    await sendHeld(before, 'last.ones');
    service.kill('SIGTERM');
    await service.logged('stopping');
    await eventually('no new connection', () =>
      fetch(new URL('/readyz', service.url)).then(
        (answer) => (answer.status === 503 ? true : null),
        () => true,
      ),
    );
    release();
    expect(await service.exited).toBe(0);
  });

  test('more than a second after the first stops at once', async () => {
    await sendHeld(await start(), 'never.answered');
    service.kill('SIGTERM');
    await service.logged('stopping');
    const left = Promise.race([service.exited, Bun.sleep(secondSignalAfterMs + 100)]);
    expect(await left).toBeUndefined();
    const secondMs = performance.now();
    service.kill('SIGTERM');
    expect(await service.exited).toBe(1);
    expect(performance.now() - secondMs).toBeLessThan(2_000);
    await eventually('the database ends as well', () =>
      findProcesses(dataDir).length === 0 ? true : null,
    );
  });
});

describe('npm start --silent', () => {
  const command = ['npm', 'start', '--silent', '--'];
  const startByNpm = async () => {
    const npm = await launch({ command, cwd: checkout, dataDir });
    const ready = await npm.logged('ready', 60_000);
    return { npm, pid: Number(ready['pid']) };
  };

  test('runs the service as a child of npm, which passes a signal on', async () => {
    const { npm, pid } = await startByNpm();
    const [parent] = Bun.spawnSync(['ps', '-o', 'ppid=', '-p', String(pid)])
      .stdout.toString()
      .trim()
      .split('\n');
    expect(Number(parent)).toBe(npm.pid);
    npm.kill('SIGTERM');
    await npm.exited;
    await eventually('the service is gone', () => (isAlive(pid) ? null : true));
    expect(npm.stderr()).toContain('"msg":"stopped"');
    expect(findProcesses(dataDir)).toEqual([]);
    expect(npm.stdout()).toBe('');
  });

  test('ends well and whole by Ctrl-C in a terminal', async () => {
    const { npm, pid } = await startByNpm();
    npm.signalGroup('SIGINT');
    expect(await npm.exited).toBe(0);
    expect(isAlive(pid)).toBe(false);
    expect(npm.stderr()).toContain('"clean":true');
    expect(npm.stderr()).not.toContain('at once');
    expect(findProcesses(dataDir)).toEqual([]);
  });
});
