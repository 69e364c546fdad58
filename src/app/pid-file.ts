/**
 * `opsforge.pid` in the data folder, for scripts that stop the service, and `opsforge.url` beside
 * it, for commands that tell where it listens. With an external database several processes may
 * share the folder, so each has a file of its own.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type PidFile = { remove(): void };

const urlFile = 'opsforge.url';

export function writePidFile(dataDir: string, shared: boolean, url: string): PidFile {
  const path = join(dataDir, shared ? `opsforge.${process.pid}.pid` : 'opsforge.pid');
  writeFileSync(path, `${process.pid}\n`);
  writeFileSync(join(dataDir, urlFile), `${url}\n`);
  return {
    remove() {
      rmSync(path, { force: true });
      if (!shared) rmSync(join(dataDir, urlFile), { force: true });
    },
  };
}

/** Where the service of this folder listens, or null when none said so. */
export function readServiceUrl(dataDir: string): string | null {
  try {
    return readFileSync(join(dataDir, urlFile), 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
