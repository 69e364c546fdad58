/**
 * Holds package-lock.json to what `npm ci` needs on every machine: one lock file, no registry host
 * (`resolved`), and an entry for each platform's package. npm leaves out a platform package that
 * its registry does not serve, and then `npm ci` refuses the lock; `--fix` adds such entries. They
 * have no integrity hash and matter only on that platform. Exit 1 names what is wrong.
 */
import { join } from 'node:path';

export type LockEntry = {
  version?: string;
  resolved?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  optionalDependencies?: Record<string, string>;
};
export type Lockfile = { packages: Record<string, LockEntry> };

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const processors = ['arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32'];
const remedy = 'bun scripts/verify/lockfile.ts --fix';

type Gap = { path: string; entry: LockEntry };

/** Optional packages that some entry names and that have no entry of their own. */
export function findGaps(lock: Lockfile): Gap[] {
  const gaps: Gap[] = [];
  for (const [parent, { optionalDependencies, dev }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies ?? {})) {
      if (isPlaced(lock, parent, name)) continue;
      const words = name.split(/[-/]/);
      const os = systems.filter((system) => words.includes(system));
      const cpu = processors.filter((processor) => words.includes(processor));
      // WebAssembly is a processor of its own, on every system.
      const where = cpu.includes('wasm32') ? { cpu } : { os, cpu };
      const entry: LockEntry = { version, ...(dev ? { dev } : {}), optional: true, ...where };
      gaps.push({ path: `node_modules/${name}`, entry });
    }
  }
  return gaps;
}

/** As Node resolves it: beside the parent's own packages, then further and further out. */
function isPlaced(lock: Lockfile, parent: string, name: string): boolean {
  for (let folder = parent; ; folder = folder.slice(0, folder.lastIndexOf('/node_modules/'))) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (path in lock.packages) return true;
    if (folder === '') return false;
    if (!folder.includes('/node_modules/')) return `node_modules/${name}` in lock.packages;
  }
}

/** Packages whose entry names the registry it came from. */
export function findResolved(lock: Lockfile): string[] {
  return Object.entries(lock.packages)
    .filter(([, entry]) => entry.resolved !== undefined)
    .map(([path]) => path);
}

/** What is wrong with the lock files of a folder, with remedies; empty when all is well. */
async function check(root: string): Promise<string[]> {
  const problems: string[] = [];
  for (const other of ['bun.lock', 'bun.lockb', 'yarn.lock', 'pnpm-lock.yaml']) {
    if (await Bun.file(join(root, other)).exists()) {
      problems.push(`${other}: npm's lock file is the only one; remove it`);
    }
  }
  const lock: Lockfile = await Bun.file(join(root, 'package-lock.json')).json();
  const resolved = findResolved(lock);
  if (resolved.length > 0) {
    const command = 'npm install --package-lock-only --omit-lockfile-registry-resolved';
    problems.push(`${resolved.length} entries name a registry (${resolved[0]}): run ${command}`);
  }
  const gaps = findGaps(lock);
  if (gaps.length > 0) {
    const names = gaps.map(({ path }) => path.replace('node_modules/', ''));
    problems.push(`npm ci will refuse the lock, no entry for ${names.join(', ')}: run ${remedy}`);
  }
  return problems;
}

async function fix(root: string): Promise<void> {
  const path = join(root, 'package-lock.json');
  const lock: Lockfile = await Bun.file(path).json();
  for (const gap of findGaps(lock)) {
    if (gap.entry.os?.length === 0 || gap.entry.cpu?.length === 0) {
      throw new Error(`${gap.path}: its name tells no platform; add its entry by hand`);
    }
    lock.packages[gap.path] = gap.entry;
  }
  // npm's own order, so that its next write changes nothing.
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries(sorted);
  await Bun.write(path, `${JSON.stringify(lock, null, 2)}\n`);
}

if (import.meta.main) {
  const root = join(import.meta.dir, '../..');
  if (process.argv.includes('--fix')) await fix(root);
  const problems = await check(root);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
