/**
 * `opsforge.pid` in the data folder, for scripts that stop the service, and `opsforge.url` beside
 * it, for commands that tell where it listens. With an external database several processes may
 * share the folder, so each has a file of its own.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../../db/embedded/embedded.ts';

export type PidFile = { remove(): void };

const pidFile = 'opsforge.pid';
const urlFile = 'opsforge.url';

/** `url` null: there is nothing here that people could ask. */
export function writePidFile(dataDir: string, shared: boolean, url: string | null): PidFile {
  const path = join(dataDir, shared ? `opsforge.${process.pid}.pid` : pidFile);
  if (url !== null) writeFileSync(join(dataDir, urlFile), `${url}\n`);
  // The last: it tells that the service is ready.
  writeFileSync(path, `${process.pid}\n`);
  return {
    remove() {
      rmSync(path, { force: true });
      if (!shared) rmSync(join(dataDir, urlFile), { force: true });
    },
  };
}

/** Is the service of the folder's embedded database ready? A killed one leaves its file. */
export function isServiceReady(dataDir: string): boolean {
  const pid = Number(readIfThere(join(dataDir, pidFile)));
  return pid > 0 && isAlive(pid);
}

/** Where the service of this folder listens, or null when none said so. */
export function readServiceUrl(dataDir: string): string | null {
  return readIfThere(join(dataDir, urlFile));
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
