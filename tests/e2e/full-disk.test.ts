/** The disk of the data folder is full: 503, nothing accepted is lost, and it goes on by itself. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  cleanUp,
  eventually,
  makeFolder,
  run,
  type Service,
  startService,
} from '../support/binary.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { askDatabase, bootstrapClient, type Client } from '../support/service-client.ts';

/** PostgreSQL's binaries take 60 MB, a new cluster 70, and a few write-ahead files of 16 each. */
const diskMegabytes = 260;
const postsMax = 2_000;

const folder = makeFolder();
const dataDir = join(folder, 'data');
const canMount = mountDisk();

function mountDisk(): boolean {
  mkdirSync(dataDir);
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const size = `size=${diskMegabytes}m,mode=755`;
  return Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', size, 'opsforge-e2e', dataDir]).success;
}

afterAll(async () => {
  if (canMount) Bun.spawnSync(['umount', '--lazy', dataDir]);
  await cleanUp();
});

describe.skipIf(!canMount)('a full disk [needs root that may mount]', () => {
  const filler = join(dataDir, 'filler');
  let receiver: Receiver;
  let service: Service;
  let client: Client;
  const accepted: string[] = [];
  // Random, as PostgreSQL would compress anything else to nothing.
  const payload = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString('base64');

  beforeAll(async () => {
    receiver = startReceiver();
    service = await startService({ dataDir });
    client = await bootstrapClient(service);
    await client.endpoint(receiver.url, { maxInFlight: 50, retrySchedule: [1, 1, 1] });
  });

  afterAll(async () => {
    await receiver.stop();
    await service.stop();
  });

  function fillDisk(): void {
    const file = openSync(filler, 'w');
    const block = Buffer.alloc(1024 * 1024);
    try {
      for (;;) writeSync(file, block);
    } catch {
      // Full, as wanted.
    } finally {
      closeSync(file);
    }
    chmodSync(filler, 0o600);
  }

  async function post(type: string, payload: unknown): Promise<boolean> {
    const answer = await client.post('/api/v1/webhooks', { type, payload });
    if (answer.status === 202) {
      accepted.push(String(answer.body['id']));
      return true;
    }
    expect(answer.body).toMatchObject({ status: 503, title: 'Unavailable' });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    return false;
  }

  async function goesOn(): Promise<void> {
    const accepts = async () => ((await post('disk.after', {})) ? true : null);
    await eventually('an event is accepted again', accepts, 30_000);
    await eventually('every accepted event was received', () => {
      const seen = new Set(receiver.requests.map(({ headers }) => headers['webhook-id']));
      return accepted.every((id) => seen.has(id)) ? true : null;
    });
    expect(await readiness()).toEqual({ status: 'ready' });
  }

  async function readiness(): Promise<unknown> {
    const response = await fetch(new URL('/readyz', service.url));
    const told = await response.json();
    const away = { status: 'unavailable', reasons: ['the database does not answer'] };
    expect(told).toEqual(response.status === 503 ? away : { status: 'ready' });
    return told;
  }

  test('makes the service answer 503, tell so, and go on when there is room', async () => {
    await post('disk.before', {});
    fillDisk();
    let refusals = 0;
    // The first may still fit into what the server has allocated.
    for (let posts = 0; posts < postsMax && refusals < 20; posts += 1) {
      if (!(await post('disk.full', payload))) refusals += 1;
    }
    expect(refusals).toBe(20);
    await readiness();
    expect((await fetch(new URL('/healthz', service.url))).status).toBe(200);
    rmSync(filler);
    await goesOn();
  });

  test('that ends the database itself is survived as well', async () => {
    const url = (await run(['database', 'url'], { env: { OPSFORGE_DATA_DIR: dataDir } })).stdout;
    fillDisk();
    // It panics when it finds no room for the next file of its log.
    const nextFile = 'create table t (); drop table t; select pg_switch_wal()';
    await eventually('the server gave up', () =>
      askDatabase(url.trim(), nextFile).then(
        () => null,
        () => true,
      ),
    );
    await service.logged('The embedded PostgreSQL did not start again');
    expect(await post('disk.full', payload)).toBe(false);
    expect(await readiness()).toMatchObject({ status: 'unavailable' });
    rmSync(filler);
    await goesOn();
    expect(service.stderr()).not.toContain(payload.slice(0, 64));
  });
});
