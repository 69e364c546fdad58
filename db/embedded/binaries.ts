/**
 * The PostgreSQL that this binary carries, unpacked once to DATA/bin/HASH. A folder of that name is
 * complete and on disk: it is filled under another name and renamed. What older versions of opsforge
 * left beside it goes when a new one is unpacked, so this must only run while no server does.
 */
import { chmodSync, closeSync, fchmodSync, fsyncSync, openSync, readdirSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import archive from '../../generated/postgres.tar.zst' with { type: 'file' };
import { folderError, syncFolder } from './data-dir.ts';

type Link = { source: string; target: string };

/** The folder that holds bin/, lib/ and share/. Throws StartError when it cannot be written. */
export async function unpackBinaries(dataDir: string): Promise<string> {
  const packed = await Bun.file(archive).bytes();
  const parent = join(dataDir, 'bin');
  const folder = join(parent, Bun.hash.xxHash3(packed).toString(16).padStart(16, '0'));
  if (await stat(folder).catch(() => null)) return folder;
  try {
    await mkdir(parent, { recursive: true });
    await chmod(parent, 0o755);
    for (const name of await readdir(parent)) {
      await rm(join(parent, name), { recursive: true, force: true });
    }
    const draft = `${folder}.${process.pid}.tmp`;
    await new Bun.Archive(await Bun.zstdDecompress(packed)).extract(draft);
    await makeLinks(draft);
    finishEntries(draft);
    await rename(draft, folder);
    await syncFolder(parent);
    return folder;
  } catch (cause) {
    throw folderError(dataDir, cause);
  }
}

/** The package lists its links (libpq.so.5 → libpq.so.5.18), as npm packages cannot hold any. */
async function makeLinks(root: string): Promise<void> {
  const links: Link[] = JSON.parse(await readFile(join(root, 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) {
    const path = join(root, target.replace(/^native\//, ''));
    if (dirname(source) !== dirname(target)) throw new Error(`unexpected link ${target}`);
    await symlink(basename(source), path);
  }
}

/**
 * Readable by the server's account whatever our umask, and on disk before the rename is. Blocks, as
 * nothing else runs yet: 1,000 files took 0.24 s so and 1 s by promises.
 */
function finishEntries(root: string): void {
  chmodSync(root, 0o755);
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    if (!entry.isFile()) continue;
    const file = openSync(path, 'r');
    try {
      fchmodSync(file, basename(entry.parentPath) === 'bin' ? 0o755 : 0o644);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }
}
