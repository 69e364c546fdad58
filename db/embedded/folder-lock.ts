/**
 * One opsforge at a time on a data folder. The lock is the kernel's, so a holder that is killed
 * leaves none behind and no pid can be mistaken. Bun has no flock; the SQLite inside it takes such
 * a lock for an exclusive transaction, and is used for nothing else here.
 */
import { Database, SQLiteError } from 'bun:sqlite';
import { rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../src/domain/start-error.ts';
import { folderError, lockName } from './data-dir.ts';

/** `release` is safe twice. */
export type FolderLock = { release(): void };

export class FolderInUseError extends StartError {}

/** Throws FolderInUseError (1) when another process holds it, StartError (2) when it is no use. */
export async function lockFolder(dataDir: string): Promise<FolderLock> {
  const pidPath = join(dataDir, 'embedded.pid');
  const database = openLock(dataDir);
  try {
    // No journal file: one left by root would keep the folder's owner out. (OFF is not heeded by
    // Bun's SQLite 1.4.5.)
    database.run('PRAGMA journal_mode = MEMORY');
    database.run('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    if (!(cause instanceof SQLiteError) || cause.code !== 'SQLITE_BUSY') {
      throw folderError(dataDir, cause);
    }
    const holder = (await readFile(pidPath, 'utf8').catch(() => '')).trim() || 'unknown';
    throw new FolderInUseError(
      `The data folder ${dataDir} is in use by another opsforge (pid ${holder}): ` +
        'stop that one, or name another folder with OPSFORGE_DATA_DIR.',
      1,
      { cause },
    );
  }
  try {
    await writeFile(pidPath, `${process.pid}\n`);
  } catch (cause) {
    database.close();
    throw folderError(dataDir, cause);
  }
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      rmSync(pidPath, { force: true });
      database.close();
    },
  };
}

function openLock(dataDir: string): Database {
  try {
    return new Database(join(dataDir, lockName), { create: true, readwrite: true });
  } catch (cause) {
    throw folderError(dataDir, cause);
  }
}
