/** Which folders the embedded PostgreSQL takes, which it refuses, and what it says then. */
import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { chooseServerAccount } from '../../db/embedded/account.ts';
import { explainFailure } from '../../db/embedded/cluster.ts';
import { connectionUrls, socketPath } from '../../db/embedded/connection.ts';
import { findRunningEmbedded, makeDataDir, resolveDataDir } from '../../db/embedded/embedded.ts';
import { openServerLog } from '../../db/embedded/server-log.ts';
import { connectionOptions } from '../../src/repositories/connection.ts';
import {
  findServers,
  makeFolder,
  query,
  removeFolder,
  serverPid,
  start,
  until,
} from '../support/embedded-folder.ts';

const isRoot = process.getuid?.() === 0;
const root = makeFolder();
afterAll(() => removeFolder(root));
/** Made by the first test. */
const dataDir = join(root, 'a name, with spaces – and more', 'x'.repeat(90));
setDefaultTimeout(30_000);

/** With a cluster that is nothing but its version file. */
function makeClusterOfVersion(name: string, version: string): string {
  const dataDir = join(root, name);
  mkdirSync(join(dataDir, 'postgres'), { recursive: true });
  writeFileSync(join(dataDir, 'postgres/PG_VERSION'), `${version}\n`);
  return dataDir;
}

describe('the folder of the embedded PostgreSQL', () => {
  test('too long a name for a socket: a short folder is used, found, and removed', async () => {
    const database = await start(dataDir);
    const path = socketPath(String(connectionOptions(database.adminUrl).host));
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(107);
    expect(await query(database.adminUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect((await findRunningEmbedded(dataDir))?.appUrl).toBe(database.appUrl);
    await database.stop();
    expect(existsSync(dirname(path))).toBe(false);
  });

  test('a live server that opsforge did not start is refused and left running', async () => {
    // The binaries of one folder, started by hand on the cluster of another.
    const [hash = ''] = readdirSync(join(dataDir, 'bin'));
    const account = chooseServerAccount(join(dataDir, 'postgres'));
    const other = join(root, 'other');
    mkdirSync(join(other, 'bin'), { recursive: true });
    const renamed = join(other, 'postgres');
    expect(Bun.spawnSync(['mv', join(dataDir, 'postgres'), renamed]).exitCode).toBe(0);
    const drop = account ? ['setpriv', `--reuid=${account.uid}`, '--clear-groups'] : [];
    const binary = join(dataDir, 'bin', hash, 'bin/postgres');
    const foreign = Bun.spawn(
      [...drop, binary, '-D', renamed, '-c', 'listen_addresses=', '-k', renamed],
      {
        stdout: 'ignore',
        stderr: 'ignore',
      },
    );
    await until('the foreign server is up', () => existsSync(join(renamed, '.s.PGSQL.5432')));
    await expect(start(other)).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringContaining(`(pid ${serverPid(other)})`),
    });
    expect(foreign.exitCode).toBeNull();
    foreign.kill('SIGINT');
    await foreign.exited;
    expect(findServers(other)).toEqual([]);
  });

  test('a cluster of another major version is refused, naming both', async () => {
    await expect(start(makeClusterOfVersion('old', '17'))).rejects.toMatchObject({
      name: 'StartError',
      exitCode: 1,
      message: expect.stringMatching(/PostgreSQL 17, this opsforge runs 18/),
    });
  });

  test('a postgres folder with something else in it is left alone', async () => {
    const dataDir = join(root, 'else');
    mkdirSync(join(dataDir, 'postgres'), { recursive: true });
    writeFileSync(join(dataDir, 'postgres/notes.txt'), 'mine');
    await expect(start(dataDir)).rejects.toMatchObject({ exitCode: 1 });
    expect(readdirSync(join(dataDir, 'postgres'))).toEqual(['notes.txt']);
  });

  test('a data folder that cannot be made is a matter of configuration', async () => {
    writeFileSync(join(root, 'file'), '');
    await expect(start(join(root, 'file/data'))).rejects.toMatchObject({
      name: 'StartError',
      exitCode: 2,
      message: expect.stringContaining(join(root, 'file/data')),
    });
  });

  test.skipIf(!isRoot)('as root: a barred parent is named with the remedy', async () => {
    const barred = join(root, 'home');
    const dataDir = join(barred, 'clone/data');
    mkdirSync(dirname(dataDir), { recursive: true });
    chmodSync(barred, 0o700);
    expect(() => resolveDataDir({ dataDir, dataDirNamed: true, isRoot })).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: expect.stringContaining(`chmod o+x ${barred},`),
      }),
    );
    await expect(start(dataDir)).rejects.toMatchObject({ name: 'StartError', exitCode: 2 });
    expect(existsSync(dataDir)).toBe(false);
    const moved = resolveDataDir({ dataDir, dataDirNamed: false, isRoot });
    expect(moved.dataDir).toBe('/var/lib/opsforge');
    expect(moved.note).toContain(barred);
    chmodSync(barred, 0o711);
    expect(resolveDataDir({ dataDir, dataDirNamed: true, isRoot })).toEqual({
      dataDir,
      note: null,
    });
  });

  test.skipIf(!isRoot)('as root: a closed folder is opened only if it is ours', () => {
    const dataDir = join(root, 'closed');
    mkdirSync(dataDir, { mode: 0o700 });
    expect(resolveDataDir({ dataDir, dataDirNamed: true, isRoot })).toEqual({
      dataDir,
      note: null,
    });
    writeFileSync(join(dataDir, 'diary.txt'), 'private');
    expect(() => makeDataDir(dataDir)).toThrow(`chmod o+x ${dataDir},`);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    rmSync(join(dataDir, 'diary.txt'));
    makeDataDir(dataDir);
    expect(statSync(dataDir).mode & 0o777).toBe(0o711);
  });

  test('not as root, no folder is replaced', () => {
    const dataDir = join(root, 'home/clone/data');
    const choice = { dataDir, dataDirNamed: false, isRoot: false };
    expect(resolveDataDir(choice)).toEqual({ dataDir, note: null });
  });

  test('the reason for a failure is told in one plain line', () => {
    const explain = (output: string) => explainFailure('initdb', output, '/srv/data/postgres');
    const full = 'initdb: error: could not write file "x": No space left on device\n';
    expect(explain(full).message).toBe('The disk of the data folder /srv/data is full.');
    const fatal = '2026 [7] LOG:  a\n2026 [7] FATAL:  could not map memory\n2026 [7] LOG:  b\n';
    expect(explain(fatal).message).toBe(
      'The embedded PostgreSQL does not start (initdb): could not map memory',
    );
  });

  test('the log of the server is cut, keeping its last part beside it', async () => {
    const path = join(root, 'postgres.log');
    writeFileSync(path, 'x'.repeat(9 * 1024 * 1024));
    const serverLog = await openServerLog(root);
    expect(statSync(path).size).toBe(0);
    expect(statSync(`${path}.1`).size).toBe(9 * 1024 * 1024);
    await serverLog.mark();
    writeSync(serverLog.fd, 'last words');
    expect(await serverLog.sinceMark()).toBe('last words');
    await serverLog.close();
  });

  test('a socket URL survives the way through text, whatever the folder is called', () => {
    const shortSocketDir = '/srv/ä b,c%20&d=e?f#g';
    const connection = { adminPassword: 'a/b:c@d', servicePassword: 's', shortSocketDir };
    const { adminUrl, appUrl } = connectionUrls('/srv/data', connection);
    expect(connectionOptions(adminUrl)).toEqual({
      host: shortSocketDir,
      port: 5432,
      user: 'opsforge',
      password: 'a/b:c@d',
      database: 'opsforge',
    });
    expect(connectionOptions(appUrl).user).toBe('opsforge_service');
    expect(connectionOptions('postgresql://u:p@db.example:5432/app')).toEqual({});
  });
});
