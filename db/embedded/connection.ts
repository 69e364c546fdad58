/**
 * How the embedded database is reached: two logins with passwords of their own over a Unix socket,
 * kept in DATA/embedded.json (mode 0600; the server's account never reads it).
 */
import { randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { StartError } from '../../src/domain/start-error.ts';
import type { Account } from './account.ts';
import { folderError, writePrivateFile } from './data-dir.ts';

/** The administrator, who owns the tables, and the login whose roles the migrations grant. */
export const adminLogin = 'opsforge';
export const serviceLogin = 'opsforge_service';
export const databaseName = 'opsforge';
/** Only names the socket: there is no TCP port. */
const socketPort = 5432;

/** sun_path without its closing zero: 108 bytes on Linux, 104 on macOS. */
const socketPathBytesMax = process.platform === 'darwin' ? 103 : 107;

const connectionSchema = z.object({
  adminPassword: z.string().min(1),
  servicePassword: z.string().min(1),
  /** A short folder made for the socket, when DATA/postgres is too long a name for it. */
  shortSocketDir: z.string().nullable(),
});

export type Connection = z.infer<typeof connectionSchema>;

export type ConnectionUrls = { adminUrl: string; appUrl: string };

const filePath = (dataDir: string) => join(dataDir, 'embedded.json');

export const clusterPath = (dataDir: string) => join(dataDir, 'postgres');

export const socketPath = (folder: string) => join(folder, `.s.PGSQL.${socketPort}`);

/** null when there is none yet. Throws StartError when it cannot be read or understood. */
export async function readConnection(dataDir: string): Promise<Connection | null> {
  const path = filePath(dataDir);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw folderError(dataDir, cause);
  }
  try {
    return connectionSchema.parse(JSON.parse(text));
  } catch (cause) {
    const remedy = 'remove it and the next start makes new passwords';
    throw new StartError(`The file ${path} is damaged: ${remedy}.`, 1, { cause });
  }
}

export async function writeConnection(dataDir: string, connection: Connection): Promise<void> {
  await writePrivateFile(filePath(dataDir), `${JSON.stringify(connection)}\n`);
}

export function newConnection(): Connection {
  const password = () => randomBytes(24).toString('base64url');
  return { adminPassword: password(), servicePassword: password(), shortSocketDir: null };
}

export function socketFolder(dataDir: string, connection: Connection): string {
  return connection.shortSocketDir ?? clusterPath(dataDir);
}

export function connectionUrls(dataDir: string, connection: Connection): ConnectionUrls {
  const host = encodeURIComponent(socketFolder(dataDir, connection));
  const url = (user: string, password: string) =>
    `postgresql://${user}:${encodeURIComponent(password)}@/${databaseName}` +
    `?host=${host}&port=${socketPort}`;
  return {
    adminUrl: url(adminLogin, connection.adminPassword),
    appUrl: url(serviceLogin, connection.servicePassword),
  };
}

/**
 * The cluster's own folder holds the socket (mode 0700, owned by the server's account), unless that
 * makes too long a name. Then a new folder is made each time, since anyone may have taken the last
 * one's name in the temporary folder.
 */
export async function placeSocket(
  dataDir: string,
  connection: Connection,
  account: Account | null,
): Promise<Connection> {
  await removeShortSocketDir(connection);
  let shortSocketDir: string | null = null;
  if (Buffer.byteLength(socketPath(clusterPath(dataDir))) > socketPathBytesMax) {
    shortSocketDir = await makeShortFolder();
    await chmod(shortSocketDir, 0o700);
    if (account !== null) await chown(shortSocketDir, account.uid, account.gid);
  }
  if (shortSocketDir === connection.shortSocketDir) return connection;
  const placed = { ...connection, shortSocketDir };
  await writeConnection(dataDir, placed);
  return placed;
}

async function makeShortFolder(): Promise<string> {
  const example = socketPath(join(tmpdir(), 'opsforge-XXXXXX'));
  const parent = Buffer.byteLength(example) > socketPathBytesMax ? '/tmp' : tmpdir();
  try {
    return await mkdtemp(join(parent, 'opsforge-'));
  } catch (cause) {
    throw folderError(parent, cause);
  }
}

/** Only a folder that could be ours: a link or another's folder of that name is left alone. */
export async function removeShortSocketDir(connection: Connection): Promise<void> {
  const folder = connection.shortSocketDir;
  if (folder === null || !/\/opsforge-[^/]{6}$/.test(folder)) return;
  const parent = dirname(folder);
  if (parent !== tmpdir() && parent !== '/tmp') return;
  const found = await lstat(folder).catch(() => null);
  const ours = found?.isDirectory() && (found.mode & 0o777) === 0o700;
  if (ours) await rm(folder, { recursive: true, force: true });
}
