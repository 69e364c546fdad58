/**
 * A PostgreSQL that is not ours: the system's programs on a cluster of its own in a temporary
 * folder, over TCP, with the accounts an operator would make: an owner that may create roles and is
 * no superuser, and a login that inherits nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { chooseServerAccount } from '../../db/embedded/account.ts';
import { makeFolder } from './binary.ts';
import { askDatabase } from './service-client.ts';

export type ExternalPostgres = {
  /** Of a superuser, who is nobody's in opsforge. */
  superuserUrl: string;
  /** For DATABASE_URL. */
  ownerUrl: string;
  /** For DATABASE_APP_URL; no member of any role yet. */
  appUrl: string;
  pid: number;
  stop(): Promise<void>;
};

export const ownerPassword = 'owner-password';
export const appLogin = 'opsforge_login';
const appPassword = 'app-password';
const database = 'service';

export async function startExternalPostgres(binDir: string): Promise<ExternalPostgres> {
  const folder = makeFolder();
  const dataDir = join(folder, 'cluster');
  const account = chooseServerAccount(dataDir);
  mkdirSync(dataDir, { mode: 0o700 });
  if (account !== null) chownSync(dataDir, account.uid, account.gid);
  const ids = account && { uid: account.uid, gid: account.gid };
  const start = (program: string, args: string[]) =>
    spawn(join(binDir, program), args, {
      ...ids,
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  const flags = ['--auth-local=trust', '--auth-host=scram-sha-256', '--locale=C'];
  const init = start('initdb', ['-D', dataDir, '-U', 'postgres', '-E', 'UTF8', '-N', ...flags]);
  const said = await new Response(init.stderr as never).text();
  if ((await ended(init)) !== 0) throw new Error(`initdb failed: ${said}`);

  const port = await freePort();
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    `unix_socket_directories=${dataDir}`,
    'fsync=off',
    'shared_buffers=32MB',
  ];
  const server = start('postgres', ['-D', dataDir, ...settings.flatMap((each) => ['-c', each])]);
  await ready(server);
  const superuserUrl = `postgresql://postgres:none@/postgres?host=${encodeURIComponent(dataDir)}&port=${port}`;
  for (const statement of [
    `create role opsforge_owner login createrole password '${ownerPassword}'`,
    `create role ${appLogin} login noinherit password '${appPassword}'`,
    `create database ${database} owner opsforge_owner`,
  ]) {
    await askDatabase(superuserUrl, statement);
  }
  const url = (user: string, password: string) =>
    `postgresql://${user}:${password}@127.0.0.1:${port}/${database}`;
  return {
    superuserUrl,
    ownerUrl: url('opsforge_owner', ownerPassword),
    appUrl: url(appLogin, appPassword),
    pid: server.pid ?? 0,
    async stop() {
      const over = ended(server);
      server.kill('SIGINT');
      await over;
    },
  };
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', resolve));
}

/** Resolves at the server's own word; rejects with its last ones when it ends instead. */
function ready(server: ChildProcess): Promise<void> {
  let words = '';
  return new Promise((resolve, reject) => {
    server.stderr?.on('data', (chunk) => {
      words = (words + String(chunk)).slice(-4_000);
      if (words.includes('ready to accept connections')) resolve();
    });
    server.once('exit', () => reject(new Error(`PostgreSQL did not start: ${words}`)));
  });
}

/** PostgreSQL takes no port 0. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
