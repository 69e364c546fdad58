/**
 * dist/opsforge as it is of the sources at hand: built when something is newer than it, once for a
 * whole run however many test workers ask at the same moment.
 */
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dir, '../..');
export const binary = join(root, 'dist/opsforge');

/** What is compiled in. Tests and documents are not. */
const sources = [
  'src',
  'db',
  'views',
  'generated/postgres.tar.zst',
  'package.json',
  'package-lock.json',
  'scripts/build.ts',
];
const lockDir = join(root, 'node_modules/.cache/opsforge/e2e-build.lock');
const lockPidFile = join(lockDir, 'pid');
const lockPollMs = 20;
/** A build takes 1 s, half a minute where PostgreSQL is packed first. */
const lockTimeoutMs = 120_000;
/** A lock without a pid for so long is of a process that died between the two steps. */
const lockWithoutPidMs = 2_000;

/** Throws with the compiler's words when it does not build. */
export async function buildBinary(): Promise<void> {
  if (await isCurrent()) return;
  await mkdir(resolve(lockDir, '..'), { recursive: true });
  const deadlineMs = performance.now() + lockTimeoutMs;
  while (!(await takeLock())) {
    if (performance.now() > deadlineMs) throw new Error(`${lockDir} is held: remove it`);
    await Bun.sleep(lockPollMs);
  }
  try {
    if (!(await isCurrent())) await build();
  } finally {
    await rm(lockDir, { recursive: true, force: true });
  }
}

async function build(): Promise<void> {
  const child = Bun.spawn([process.execPath, 'scripts/build.ts'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const words = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`the binary does not build:\n${words}`);
}

async function isCurrent(): Promise<boolean> {
  const built = await stat(binary).catch(() => null);
  if (built === null) return false;
  for (const source of sources) {
    if ((await newestMs(join(root, source))) > built.mtimeMs) return false;
  }
  return true;
}

/** Of the path and all below it: a removed file makes its folder newer. */
async function newestMs(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isDirectory()) return found?.mtimeMs ?? 0;
  const below = await readdir(path, { recursive: true });
  const times = await Promise.all(
    below.map(async (name) => (await stat(join(path, name)).catch(() => null))?.mtimeMs ?? 0),
  );
  return Math.max(found.mtimeMs, ...times);
}

async function takeLock(): Promise<boolean> {
  try {
    await mkdir(lockDir);
    await writeFile(lockPidFile, String(process.pid));
    return true;
  } catch {
    if (await isAbandoned()) await rm(lockDir, { recursive: true, force: true });
    return false;
  }
}

async function isAbandoned(): Promise<boolean> {
  const lock = await stat(lockDir).catch(() => null);
  if (lock === null) return false;
  const pid = Number(await readFile(lockPidFile, 'utf8').catch(() => ''));
  if (!(pid > 0)) return Date.now() - lock.mtimeMs > lockWithoutPidMs;
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
