/**
 * The database cluster DATA/postgres. It appears complete or not at all: initdb, the logins and the
 * database are made in a folder beside it, which is synced and then renamed. What an interrupted
 * first start left is removed by the next one.
 */
import { spawn } from 'node:child_process';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StartError } from '../../src/domain/start-error.ts';
import { type Account, serverEnvironment } from './account.ts';
import { adminLogin, type Connection, databaseName, serviceLogin } from './connection.ts';
import { folderError, syncFolder } from './data-dir.ts';
import type { Guard } from './guard.ts';

/** The major version of the binaries; a cluster of another one cannot be opened. */
const majorVersion = '18';

/** initdb takes 1 s here; a disk on which it takes longer than this is of no use. */
const toolTimeoutMs = 180_000;
/** Enough of a tool's last words to find the reason in. */
const outputCharsMax = 16_384;

const initArguments = [
  `--username=${adminLogin}`,
  '--auth=trust', // Never served so: passwords and pg_hba.conf are in place before the rename.
  '--encoding=UTF8',
  // C.UTF-8 is PostgreSQL's own, the same on every system; libc's C exists everywhere.
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--locale=C',
  '--no-sync', // One sync at the end, below.
  '--no-instructions',
];

const hostBasedAccess = `# Only the Unix socket, only with a password.
local all all scram-sha-256
local replication all scram-sha-256
`;

export type ClusterContext = {
  clusterDir: string;
  binaries: string;
  account: Account | null;
  guard: Guard;
};

/** Is there a cluster to start? Throws StartError for what we must not touch. */
export async function checkCluster(clusterDir: string): Promise<boolean> {
  const found = await stat(clusterDir).catch((cause) => {
    if (cause.code === 'ENOENT') return null;
    throw folderError(clusterDir, cause);
  });
  if (found === null) return false;
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0 && found.uid !== uid) {
    throw new StartError(
      `The database in ${clusterDir} belongs to uid ${found.uid}, opsforge runs as uid ${uid}: ` +
        `run it as that account, or give the data folder to this one with chown -R.`,
      2,
    );
  }
  const version = await readFile(join(clusterDir, 'PG_VERSION'), 'utf8').catch(() => null);
  if (version === null) {
    if ((await readdir(clusterDir)).length === 0) return false;
    throw new StartError(`${clusterDir} is not a PostgreSQL data folder: move it away.`, 1);
  }
  if (version.trim() === majorVersion) return true;
  throw new StartError(
    `The database in ${clusterDir} is of PostgreSQL ${version.trim()}, this opsforge runs ` +
      `${majorVersion}: back it up with the opsforge that made it and restore it with this one.`,
    1,
  );
}

/** Makes the cluster with its two logins and its database; the folder must be missing or empty. */
export async function createCluster(
  context: ClusterContext,
  connection: Connection,
): Promise<void> {
  const { clusterDir, account } = context;
  const parent = dirname(clusterDir);
  try {
    const draft = `${draftPrefix(clusterDir)}${process.pid}`;
    await mkdir(draft, { mode: 0o700 });
    await chmod(draft, 0o700);
    if (account !== null) await chown(draft, account.uid, account.gid);
    const draftContext = { ...context, clusterDir: draft };
    await runTool(draftContext, 'initdb', [...initArguments, '--pgdata', draft], '');
    await writeFile(join(draft, 'pg_hba.conf'), hostBasedAccess);
    await runStatements(draftContext, [
      ...loginStatements(connection, 'create'),
      `create database ${databaseName}`,
    ]);
    await runTool(draftContext, 'initdb', ['--sync-only', '--pgdata', draft], '');
    await rename(draft, clusterDir);
    await syncFolder(parent);
    await removeDrafts(clusterDir);
  } catch (cause) {
    await removeDrafts(clusterDir); // It may be what fills the disk.
    throw cause instanceof StartError ? cause : folderError(parent, cause);
  }
}

const draftPrefix = (clusterDir: string) => `${clusterDir}.new-`;

/**
 * What interrupted first starts left. An initdb that its guard is just ending may still write
 * there: what cannot be removed now is removed when the cluster is ready, or at the next start.
 */
export async function removeDrafts(clusterDir: string): Promise<void> {
  const parent = dirname(clusterDir);
  const paths = (await readdir(parent)).map((name) => join(parent, name));
  const drafts = paths.filter((path) => path.startsWith(draftPrefix(clusterDir)));
  await Promise.allSettled(drafts.map((path) => rm(path, { recursive: true, force: true })));
}

/** For a cluster whose file of passwords was lost. */
export async function resetLogins(context: ClusterContext, connection: Connection): Promise<void> {
  await runStatements(context, loginStatements(connection, 'alter'));
}

/** As root: a cluster that was copied or restored by root belongs to the server's account. */
export async function giveCluster(clusterDir: string, account: Account | null): Promise<void> {
  if (account === null || (await stat(clusterDir)).uid === account.uid) return;
  for (const name of await readdir(clusterDir, { recursive: true })) {
    const path = join(clusterDir, name);
    if (!(await lstat(path)).isSymbolicLink()) await chown(path, account.uid, account.gid);
  }
  // The folder last: an interrupted walk is then taken up again.
  await chown(clusterDir, account.uid, account.gid);
}

function loginStatements(connection: Connection, verb: 'create' | 'alter'): string[] {
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  return [
    `alter role ${adminLogin} password ${quoted(connection.adminPassword)}`,
    `${verb} role ${serviceLogin} login noinherit nosuperuser nocreatedb nocreaterole ` +
      `password ${quoted(connection.servicePassword)}`,
  ];
}

/** In single-user mode: no socket, so nobody else can be there before the passwords are. */
async function runStatements(context: ClusterContext, statements: string[]): Promise<void> {
  const settings = ['exit_on_error=on', 'log_min_error_statement=panic', 'max_connections=10'];
  const flags = settings.flatMap((setting) => ['-c', setting]);
  const flagsBefore = ['--single', '-D', context.clusterDir, ...flags, 'template1'];
  await runTool(context, 'postgres', flagsBefore, `${statements.join('\n')}\n`);
}

async function runTool(
  { binaries, account, guard, clusterDir }: ClusterContext,
  tool: 'initdb' | 'postgres',
  flags: string[],
  input: string,
): Promise<void> {
  let output = '';
  const collect = (chunk: unknown) => {
    output = (output + String(chunk)).slice(-outputCharsMax);
  };
  try {
    const child = spawn(join(binaries, 'bin', tool), flags, {
      detached: true,
      cwd: '/',
      env: serverEnvironment,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: toolTimeoutMs,
      ...(account && { uid: account.uid, gid: account.gid }),
    });
    guard.watch(child.pid ?? null);
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    // A tool that ended early leaves its input unread; its exit code tells.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw explainFailure(tool, output, clusterDir);
  } catch (cause) {
    throw cause instanceof StartError ? cause : explainFailure(tool, String(cause), clusterDir);
  } finally {
    guard.watch(null);
  }
}

/** The reason in the last words of a PostgreSQL program, in one line with its remedy. */
export function explainFailure(tool: string, output: string, clusterDir: string): StartError {
  if (/No space left on device|Disk quota exceeded/.test(output)) {
    return new StartError(`The disk of the data folder ${dirname(clusterDir)} is full.`, 1);
  }
  const library = /loading shared libraries: ([^:\s]+)|Library not loaded: (\S+)/.exec(output);
  if (library !== null) {
    const name = library[1] ?? library[2];
    return new StartError(`The embedded PostgreSQL needs the library ${name}: install it.`, 1);
  }
  if (/EACCES|Permission denied/.test(output)) {
    const remedy = 'is it mounted noexec, or does it belong to another account?';
    return new StartError(
      `The embedded PostgreSQL may not run or read in ${dirname(clusterDir)}: ${remedy}`,
      2,
    );
  }
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const reason = lines.findLast((line) => /FATAL:|PANIC:|error:/.test(line)) ?? lines.at(-1) ?? '';
  const short = reason.replace(/^.*?(FATAL|PANIC|error):\s*/, '').trim();
  return new StartError(`The embedded PostgreSQL does not start (${tool}): ${short}`, 1);
}
