/** The life of the embedded PostgreSQL on one folder: each test leaves it stopped. */
import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findRunningEmbedded } from '../../db/embedded/embedded.ts';
import {
  findServers,
  makeFolder,
  query,
  removeFolder,
  start,
  startChild,
} from '../support/embedded-folder.ts';

const isRoot = process.getuid?.() === 0;

const root = makeFolder();
const dataDir = join(root, 'data');
afterAll(() => removeFolder(root));
setDefaultTimeout(30_000);

describe('the embedded PostgreSQL', () => {
  test('a first start makes everything, and both logins answer', async () => {
    const database = await start(dataDir);
    const [admin] = await query(
      database.adminUrl,
      `select current_user, current_database(), rolsuper, datlocprovider, datlocale,
              pg_encoding_to_char(encoding) as encoding, current_setting('listen_addresses') as tcp
         from pg_roles, pg_database where rolname = current_user and datname = current_database()`,
    );
    expect(admin).toEqual({
      current_user: 'opsforge',
      current_database: 'opsforge',
      rolsuper: true,
      datlocprovider: 'b',
      datlocale: 'C.UTF-8',
      encoding: 'UTF8',
      tcp: '',
    });
    const [service] = await query(
      database.appUrl,
      `select current_user, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolbypassrls
         from pg_roles where rolname = current_user`,
    );
    expect(service).toEqual({
      current_user: 'opsforge_service',
      rolsuper: false,
      rolinherit: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolbypassrls: false,
    });
    await query(database.adminUrl, 'create table kept (value text)');
    await query(database.adminUrl, `insert into kept values ('first')`);
    await database.stop();
  });

  test('a wrong password is refused, also to the account that runs it', async () => {
    const database = await start(dataDir);
    const wrong = database.adminUrl.replace(/opsforge:[^@]+@/, 'opsforge:wrong@');
    await expect(query(wrong, 'select 1')).rejects.toThrow('password authentication failed');
    await database.stop();
  });

  test('only its owner may read the passwords and the data', async () => {
    expect(statSync(join(dataDir, 'embedded.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, 'embedded.json')).uid).toBe(process.getuid?.() ?? -1);
    expect(statSync(join(dataDir, 'postgres')).mode & 0o777).toBe(0o700);
    expect(statSync(join(dataDir, 'postgres')).uid === 0).toBe(false);
    expect(statSync(dataDir).mode & 0o777).toBe(isRoot ? 0o711 : 0o700);
  });

  test('a later start has the same data, other commands find it, stop leaves nothing', async () => {
    expect(await findRunningEmbedded(dataDir)).toBeNull();
    const database = await start(dataDir);
    expect(await query(database.adminUrl, 'select value from kept')).toEqual([{ value: 'first' }]);
    const { adminUrl, appUrl } = database;
    expect(await findRunningEmbedded(dataDir)).toEqual({ adminUrl, appUrl });
    expect(findServers(dataDir).length).toBeGreaterThan(1);
    await Promise.all([database.stop(), database.stop()]);
    await database.stop();
    expect(findServers(dataDir)).toEqual([]);
    expect(readdirSync(join(dataDir, 'postgres')).filter((name) => name.includes('PGSQL'))).toEqual(
      [],
    );
    expect(existsSync(join(dataDir, 'postgres/postmaster.pid'))).toBe(false);
    expect(await findRunningEmbedded(dataDir)).toBeNull();
  });

  test('a folder in use is refused, naming the holder', async () => {
    const child = startChild(dataDir);
    await child.line('adminUrl');
    await expect(start(dataDir)).rejects.toMatchObject({
      name: 'StartError',
      exitCode: 1,
      message: expect.stringContaining(`pid ${child.pid}`),
    });
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    const here = await start(dataDir);
    const refused = startChild(dataDir);
    expect(await refused.line('error')).toMatchObject({
      error: expect.stringContaining(`pid ${process.pid}`),
      exitCode: 1,
    });
    expect(await refused.exited).toBe(1);
    await here.stop();
  });

  test('lost passwords are made anew, and the data stays', async () => {
    rmSync(join(dataDir, 'embedded.json'));
    const database = await start(dataDir);
    expect(await query(database.adminUrl, 'select value from kept')).toEqual([{ value: 'first' }]);
    expect(await query(database.appUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    await database.stop();
  });

  test('a missing library is named', async () => {
    const [hash = ''] = readdirSync(join(dataDir, 'bin'));
    rmSync(join(dataDir, 'bin', hash, 'lib/libicui18n.so.60'));
    await expect(start(dataDir)).rejects.toMatchObject({
      name: 'StartError',
      exitCode: 1,
      message: 'The embedded PostgreSQL needs the library libicui18n.so.60: install it.',
    });
    expect(findServers(dataDir)).toEqual([]);
    rmSync(join(dataDir, 'bin', hash), { recursive: true });
    const repaired = await start(dataDir);
    await repaired.stop();
  });
});
