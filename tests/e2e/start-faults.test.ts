/** What keeps the service from starting is told in one plain last line, with an exit code. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, chownSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseServerAccount } from '../../db/embedded/account.ts';
import {
  cleanUp,
  eventually,
  type Finished,
  launch,
  makeFolder,
  run,
  type Service,
  startService,
} from '../support/binary.ts';
import { binary } from '../support/built-binary.ts';
import { findProcesses } from '../support/embedded-folder.ts';

/** Nothing listens there. */
const nowhere = 'postgresql://someone:topsecret@127.0.0.1:1/service';
const secretKey = Buffer.alloc(32, 5).toString('base64');
const isRoot = process.getuid?.() === 0;

let service: Service;

beforeAll(async () => {
  service = await startService();
});

afterAll(cleanUp);

function serve(env: Record<string, string>, args: string[] = ['serve']): Promise<Finished> {
  return run(args, { env: { OPSFORGE_DATA_DIR: join(makeFolder(), 'data'), ...env } });
}

function expectRefusal(finished: Finished, code: number, ...words: string[]): void {
  expect(finished).toMatchObject({ code, stdout: '' });
  expect(finished.lastLine).toStartWith('opsforge: ');
  for (const word of words) expect(finished.lastLine).toContain(word);
  expect(finished.lastLine).not.toMatch(/ at \S+ \(|\$bunfs|\.ts:\d/);
  expect(finished.stderr).not.toContain('topsecret');
}

describe('the service does not start', () => {
  test('when its port is taken', async () => {
    const port = new URL(service.url).port;
    expectRefusal(await serve({ PORT: port }), 1, `port ${port}`, 'taken');
  });

  test('when another one holds the data folder, whose pid it names', async () => {
    const { dataDir, pid } = service;
    expectRefusal(await serve({ OPSFORGE_DATA_DIR: dataDir }), 1, `pid ${pid}`, dataDir);
    expect((await fetch(new URL('/readyz', service.url))).status).toBe(200);
  });

  test('when the database of DATABASE_URL does not answer', async () => {
    const env = { DATABASE_URL: nowhere, OPSFORGE_SECRET_KEY: secretKey };
    expectRefusal(await serve(env), 1, 'DATABASE_URL', '127.0.0.1:1');
    expectRefusal(await serve(env, ['migrate']), 1, '127.0.0.1:1');
    expectRefusal(await serve(env, ['serve', '--role', 'worker']), 1, '127.0.0.1:1');
  });

  test('when settings are wrong or do not go together', async () => {
    const wrong: [Record<string, string>, string[], string][] = [
      [{ PORT: '70000' }, ['serve'], 'PORT'],
      [{ PORT: 'http' }, ['serve'], 'PORT'],
      [{}, ['serve', '--port', '-1'], '--port'],
      [{}, ['serve', '--role', 'worker'], 'DATABASE_URL'],
      [{}, ['serve', '--role', 'api'], 'DATABASE_URL'],
      [{}, ['serve', '--role', 'boss'], '--role'],
      [{ DATABASE_URL: nowhere }, ['serve'], 'OPSFORGE_SECRET_KEY'],
      [{ DATABASE_URL: 'mysql://x' }, ['serve'], 'DATABASE_URL'],
      [{ OPSFORGE_SECRET_KEY: 'short' }, ['serve'], 'OPSFORGE_SECRET_KEY'],
      [{ OPSFORGE_ALLOWED_CIDRS: '10.0.0.0/99' }, ['serve'], 'OPSFORGE_ALLOWED_CIDRS'],
      [{ SHUTDOWN_TIMEOUT: '30' }, ['serve'], 'SHUTDOWN_TIMEOUT'],
      [{ LOG_LEVEL: 'loud' }, ['serve'], 'LOG_LEVEL'],
      [{ QUEUE_URL: 'nats://127.0.0.1' }, ['serve'], 'QUEUE_URL'],
    ];
    const ended = await Promise.all(wrong.map(([env, args]) => serve(env, args)));
    for (const [index, [, , name]] of wrong.entries()) {
      const finished = ended[index];
      if (finished !== undefined) expectRefusal(finished, 2, name);
    }
  });

  test('when the data folder is a file, or is to be below one', async () => {
    const file = join(makeFolder(), 'data');
    writeFileSync(file, '');
    for (const place of [file, join(file, 'below')]) {
      expectRefusal(
        await serve({ OPSFORGE_DATA_DIR: place }),
        2,
        `${place} is, or is below, a file`,
      );
    }
  });

  test.skipIf(!isRoot)(
    'when another account may not use the data folder [needs root]',
    async () => {
      const folder = makeFolder();
      const account = chooseServerAccount(join(folder, 'none'));
      const [closed, cwd] = ['closed', 'cwd'].map((name) => join(folder, name));
      if (account === null || closed === undefined || cwd === undefined)
        throw new Error('not root');
      mkdirSync(closed, { mode: 0o700 });
      mkdirSync(cwd);
      chownSync(cwd, account.uid, account.gid);
      // Copied, as the checkout may be closed to others.
      const own = join(folder, 'opsforge');
      cpSync(binary, own);
      chmodSync(own, 0o755);
      const ids = [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
      const finished = await run(['serve'], {
        command: ['setpriv', ...ids, own],
        cwd,
        env: { OPSFORGE_DATA_DIR: join(closed, 'data'), HOME: cwd },
      });
      expectRefusal(finished, 2, closed);
    },
  );

  test('when the cluster is of another PostgreSQL', async () => {
    const dataDir = join(makeFolder(), 'data');
    mkdirSync(join(dataDir, 'postgres'), { recursive: true });
    writeFileSync(join(dataDir, 'postgres/PG_VERSION'), '14\n');
    expectRefusal(await serve({ OPSFORGE_DATA_DIR: dataDir }), 1, 'PostgreSQL 14', '18');
  });
});

describe('after the service has run', () => {
  test('another secret key is refused, the right one is not', async () => {
    const { dataDir } = service;
    expect(await service.stop()).toBe(0);
    const env = { OPSFORGE_DATA_DIR: dataDir };
    const other = await serve({ ...env, OPSFORGE_SECRET_KEY: secretKey });
    expectRefusal(other, 2, 'OPSFORGE_SECRET_KEY', 'encrypted');
    expect(other.stderr).not.toContain(secretKey);
    expect(findProcesses(dataDir)).toEqual([]);
    const key = (await Bun.file(join(dataDir, 'secret.key')).text()).trim();
    const right = await startService({ dataDir, env: { OPSFORGE_SECRET_KEY: key } });
    expect(await right.stop()).toBe(0);
  });

  test('a signal during a start ends it, with nothing left running', async () => {
    const started = await launch();
    await eventually('the first process of its database', () =>
      findProcesses(started.dataDir).length > 0 ? true : null,
    );
    started.kill('SIGTERM');
    expect(await started.exited).toBe(0);
    expect(findProcesses(started.dataDir)).toEqual([]);
    expect(started.stdout()).toBe('');
  });
});
