/**
 * The data folder: where it is, that it can be used, and the small files in it. Everything here but
 * the cluster belongs to whoever owns the folder, so that root and that user can take turns.
 */
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
} from 'node:fs';
import { chown, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { StartError } from '../../src/domain/start-error.ts';
import { type Account, chooseServerAccount, findBarredFolder } from './account.ts';

/** Where a root opsforge goes when the default folder cannot be reached by the server's account. */
const systemDataDir = '/var/lib/opsforge';

/** The lock of folder-lock.ts, by which a folder that we used is known. */
export const lockName = 'embedded.lock';

/** Turns a failure of the file system into the line that the user needs. */
export function folderError(folder: string, cause: unknown): StartError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StartError(`The disk of the data folder ${folder} is full.`, 1, { cause });
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') return notAFolder(folder);
  return new StartError(
    `The data folder ${folder} cannot be used by uid ${process.getuid?.()} (${code}): ` +
      'run opsforge as its owner, or name another folder with OPSFORGE_DATA_DIR.',
    2,
    { cause },
  );
}

function notAFolder(path: string): StartError {
  const remedy = 'name another place with OPSFORGE_DATA_DIR';
  return new StartError(`The data folder ${path} is, or is below, a file: ${remedy}.`, 2);
}

/**
 * The folder to use, absolute. Makes and changes nothing. `note` is for the user when it is not the
 * one that was asked for. Throws StartError (2) when a named one is barred to the server's account.
 */
export function resolveDataDir(o: {
  dataDir: string;
  /** The user named it (flag or variable), so it must not be replaced by another. */
  dataDirNamed: boolean;
  isRoot: boolean;
}): { dataDir: string; note: string | null } {
  const dataDir = resolve(o.dataDir);
  const account = o.isRoot ? chooseServerAccount(join(dataDir, 'postgres')) : null;
  const barred = account === null ? null : findObstacle(dataDir, account);
  if (account === null || barred === null) return { dataDir, note: null };
  if (o.dataDirNamed) throw barredError(dataDir, barred, account);
  const note =
    `PostgreSQL, run as ${account.name}, may not enter ${barred}: ` +
    `the data folder is ${systemDataDir} instead of ${dataDir}.`;
  return { dataDir: systemDataDir, note };
}

/** The folder that bars the way and is not ours to open. */
function findObstacle(dataDir: string, account: Account): string | null {
  const barred = findBarredFolder(dataDir, account);
  return barred === dataDir && isOurs(dataDir) ? null : barred;
}

/**
 * May we let others pass through it? A folder given to us (empty, as mktemp makes them) or used
 * before, but not one that holds other things, such as /root.
 */
function isOurs(dataDir: string): boolean {
  let names: string[];
  try {
    names = readdirSync(dataDir);
  } catch (cause) {
    throw folderError(dataDir, cause);
  }
  const used = names.length === 0 || names.includes(lockName);
  return used && statSync(dataDir).uid === process.getuid?.();
}

function barredError(dataDir: string, barred: string, account: Account): StartError {
  if (!statSync(barred).isDirectory()) return notAFolder(dataDir);
  return new StartError(
    `PostgreSQL, run as ${account.name}, cannot reach ${dataDir}: it may not enter ${barred}. ` +
      `Run chmod o+x ${barred}, or name another folder with OPSFORGE_DATA_DIR.`,
    2,
  );
}

/**
 * Makes the folder if missing, whatever the umask: closed to others, save that as root the server's
 * account may pass through. Whoever writes into the folder first must call this before. Throws
 * StartError (2) when it cannot be used.
 */
export function makeDataDir(dataDir: string): void {
  try {
    if (!existsSync(dataDir)) {
      mkdirSync(dataDir, { recursive: true });
      chmodSync(dataDir, 0o700);
    }
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw folderError(dataDir, cause);
  }
  const account = chooseServerAccount(join(dataDir, 'postgres'));
  if (account === null) return;
  const barred = findObstacle(dataDir, account);
  if (barred !== null) throw barredError(dataDir, barred, account);
  const { mode, uid } = statSync(dataDir);
  if (uid === 0) chmodSync(dataDir, mode | 0o011);
}

/** A file of mode 0600 that is either the old or the new one, also after a loss of power. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  const folder = dirname(path);
  const draft = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    if (process.getuid?.() === 0) {
      const owner = await stat(folder);
      await chown(draft, owner.uid, owner.gid);
    }
    await rename(draft, path);
    await syncFolder(folder);
  } catch (cause) {
    await rm(draft, { force: true });
    throw folderError(folder, cause);
  }
}

/** Makes a rename in the folder survive a loss of power. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
