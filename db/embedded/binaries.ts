/**
 * The PostgreSQL that this binary carries, unpacked once to DATA/bin/HASH. A folder of that name is
 * complete and on disk: it is filled under another name and renamed. What older versions left
 * beside it goes when a new one is unpacked, so this must only run while no server does.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import archive from '../../generated/postgres.tar.zst' with { type: 'file' };
import { folderError, syncFolder } from './data-dir.ts';

type Link = { source: string; target: string };

/** The folder that holds bin/, lib/ and share/. Throws StartError when it cannot be written. */
export async function unpackBinaries(dataDir: string): Promise<string> {
  const packed = await Bun.file(archive).bytes();
  const parent = join(dataDir, 'bin');
  const folder = join(parent, Bun.hash.xxHash3(packed).toString(16).padStart(16, '0'));
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${process.pid}.tmp`;
  try {
    mkdirSync(parent, { recursive: true });
    chmodSync(parent, 0o755);
    for (const name of readdirSync(parent)) {
      rmSync(join(parent, name), { recursive: true, force: true });
    }
    await writeFiles(draft, packed);
    makeLinks(draft);
    finishEntries(draft);
    renameSync(draft, folder);
    await syncFolder(parent);
    return folder;
  } catch (cause) {
    rmSync(draft, { recursive: true, force: true });
    throw folderError(dataDir, cause);
  }
}

/** Not Archive.extract, which is no faster and calls a full disk a "ReadError". */
async function writeFiles(root: string, packed: Uint8Array): Promise<void> {
  const files = await new Bun.Archive(await Bun.zstdDecompress(packed)).files();
  for (const [name, file] of files) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, await file.bytes());
  }
}

/** The package lists its links (libpq.so.5 → libpq.so.5.18), as npm packages cannot hold any. */
function makeLinks(root: string): void {
  const links: Link[] = JSON.parse(readFileSync(join(root, 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) {
    const path = join(root, target.replace(/^native\//, ''));
    if (dirname(source) !== dirname(target)) throw new Error(`unexpected link ${target}`);
    symlinkSync(basename(source), path);
  }
}

/**
 * Readable by the server's account whatever our umask, and on disk before the rename is (0.24 s for
 * the 1,000 files). It blocks, as nothing else runs yet.
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
