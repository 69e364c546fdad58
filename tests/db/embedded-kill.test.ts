/** The embedded PostgreSQL when something is killed: nothing committed is lost, nothing is left. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseServerAccount } from '../../db/embedded/account.ts';
import { findRunningEmbedded } from '../../db/embedded/embedded.ts';
import { isAlive } from '../../db/embedded/server-file.ts';
import {
  findServers,
  guardPid,
  type LogLine,
  makeFolder,
  query,
  removeFolder,
  serverPid,
  start,
  startChild,
  until,
} from '../support/embedded-folder.ts';

const root = makeFolder();
const dataDir = join(root, 'data');
afterAll(() => removeFolder(root));
setDefaultTimeout(30_000);

async function startChildWithRow(value: string) {
  const child = startChild(dataDir);
  const { adminUrl } = await child.line('adminUrl');
  await keep(String(adminUrl), value);
  return child;
}

async function keep(url: string, value: string) {
  await query(url, 'create table if not exists kept (value text)');
  await query(url, `insert into kept values ('${value}')`);
}

async function expectKept(url: string, value: string) {
  const rows = await query(url, `select value from kept where value = '${value}'`);
  expect(rows).toEqual([{ value }]);
}

/** Something of the same account as the server, to stand where its pid was. */
function startBystander() {
  const account = chooseServerAccount(join(dataDir, 'postgres'));
  const drop = account ? ['setpriv', `--reuid=${account.uid}`, '--clear-groups'] : [];
  return Bun.spawn([...drop, 'sleep', '60']);
}

describe('when something is killed', () => {
  beforeAll(async () => {
    // A first start is cut off while initdb works; the next one must not be troubled by it.
    const child = startChild(dataDir);
    await until('initdb is at work', () => {
      const names = existsSync(dataDir) ? readdirSync(dataDir) : [];
      const draft = names.find((name) => name.startsWith('postgres.new-'));
      return draft !== undefined && readdirSync(join(dataDir, draft)).includes('base');
    });
    child.kill('SIGKILL');
    await child.exited;
  });

  test('a first start that was cut off is repaired by the next', async () => {
    expect(readdirSync(dataDir)).not.toContain('postgres');
    const database = await start(dataDir);
    expect(await query(database.appUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(readdirSync(dataDir).filter((name) => name.includes('new-'))).toEqual([]);
    await database.stop();
    expect(findServers(dataDir)).toEqual([]);
  });

  test('the guard stops the server of a killed opsforge', async () => {
    const child = await startChildWithRow('guard');
    child.kill('SIGKILL');
    await child.exited;
    await until('all is gone', () => findServers(dataDir).length === 0);
    const database = await start(dataDir);
    await expectKept(database.adminUrl, 'guard');
    await database.stop();
  });

  test('a start right after kill -9 does not meet the guard of the old one', async () => {
    const child = await startChildWithRow('at once');
    child.kill('SIGKILL');
    await child.exited;
    const lines: LogLine[] = [];
    const database = await start(dataDir, lines);
    await expectKept(database.adminUrl, 'at once');
    const pid = serverPid(dataDir);
    await until('one guard is left', () => findServers(dataDir).length === 2);
    expect(serverPid(dataDir)).toBe(pid);
    await database.stop();
  });

  test('without a guard the server lives on, is found, and the next start takes over', async () => {
    const child = await startChildWithRow('no guard');
    const orphan = serverPid(dataDir);
    // Stopped first, so that it cannot start another guard.
    child.kill('SIGSTOP');
    process.kill(guardPid(dataDir), 'SIGKILL');
    child.kill('SIGKILL');
    await child.exited;
    expect(isAlive(orphan)).toBe(true);
    const found = await findRunningEmbedded(dataDir);
    await expectKept(found?.adminUrl ?? '', 'no guard');
    const database = await start(dataDir);
    expect(isAlive(orphan)).toBe(false);
    expect(serverPid(dataDir)).not.toBe(orphan);
    await expectKept(database.adminUrl, 'no guard');
    await database.stop();
    expect(findServers(dataDir)).toEqual([]);
  });

  test('a stale postmaster.pid with the pid of another process does no harm', async () => {
    const child = await startChildWithRow('recycled');
    child.kill('SIGSTOP');
    process.kill(guardPid(dataDir), 'SIGKILL');
    process.kill(serverPid(dataDir), 'SIGKILL');
    child.kill('SIGKILL');
    await child.exited;
    const bystander = startBystander();
    const path = join(dataDir, 'postgres/postmaster.pid');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^\d+/, String(bystander.pid)));
    const lockPath = join(dataDir, 'postgres/.s.PGSQL.5432.lock');
    writeFileSync(lockPath, readFileSync(lockPath, 'utf8').replace(/^\d+/, String(bystander.pid)));
    await until('the killed server is gone', () => findServers(dataDir).length === 0);
    try {
      const database = await start(dataDir);
      await expectKept(database.adminUrl, 'recycled');
      await database.stop();
      expect(isAlive(bystander.pid)).toBe(true);
    } finally {
      bystander.kill();
      await bystander.exited;
    }
  });

  test('a killed server comes back by itself, though an old backend is busy', async () => {
    const lines: LogLine[] = [];
    const database = await start(dataDir, lines);
    await keep(database.adminUrl, 'again');
    const busy = query(database.appUrl, 'select count(*) from generate_series(1, 1000000000)');
    // Not expect(busy).rejects here: in bun:test that waits on the spot.
    const lost = busy.then(String, String);
    await until('the backend is busy', async () => {
      const [row] = await query(
        database.adminUrl,
        `select count(*)::int as n from pg_stat_activity
          where usename = 'opsforge_service' and state = 'active'`,
      );
      return row?.['n'] === 1;
    });
    const killed = serverPid(dataDir);
    process.kill(killed, 'SIGKILL');
    await until('it is back', () => lines.some(({ message }) => message.endsWith('is back')));
    expect(await lost).toContain('CONNECTION_CLOSED');
    expect(serverPid(dataDir)).not.toBe(killed);
    await expectKept(database.adminUrl, 'again');
    await database.stop();
    expect(findServers(dataDir)).toEqual([]);
  });

  test('stop is safe while a killed server is being started again', async () => {
    for (const waitMs of [0, 60, 120, 180]) {
      const lines: LogLine[] = [];
      const database = await start(dataDir, lines);
      process.kill(serverPid(dataDir), 'SIGKILL');
      await until('the end is noticed', () => lines.length > 0);
      // Not to synchronise: the stop shall fall into each phase of the restart.
      await Bun.sleep(waitMs);
      await database.stop();
      expect(findServers(dataDir)).toEqual([]);
    }
  });

  test('a killed guard is replaced, and the new one guards', async () => {
    const child = await startChildWithRow('second guard');
    const first = guardPid(dataDir);
    process.kill(first, 'SIGKILL');
    expect(await child.line('log')).toMatchObject({ log: expect.stringContaining('guard') });
    await until('there is another', () =>
      findServers(dataDir).some(({ pid, command }) => command.includes('guard') && pid !== first),
    );
    child.kill('SIGKILL');
    await child.exited;
    await until('all is gone', () => findServers(dataDir).length === 0);
  });

  test('Ctrl-C in the terminal reaches opsforge only', async () => {
    const child = await startChildWithRow('Ctrl-C');
    const server = serverPid(dataDir);
    process.kill(-child.pid, 'SIGINT');
    await child.line('signal');
    const running = await findRunningEmbedded(dataDir);
    await expectKept(running?.adminUrl ?? '', 'Ctrl-C');
    expect(serverPid(dataDir)).toBe(server);
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    expect(findServers(dataDir)).toEqual([]);
  });
});
