/**
 * Makes a checkout runnable on a machine with only Node >= 20 and npm: packages, the Bun binary,
 * the packed PostgreSQL, the files of pages; with `--tests` also what only tests want
 * (prepare-test-tools.mjs).
 * Plain Node without packages, since it runs before there are any. Nothing to do: a few file reads.
 * stdout stays empty (it belongs to the answer of the command that follows); progress goes to
 * stderr; a failure ends with one line that names the remedy, exit 1. Several at once are safe.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const paths = {
  manifest: join(root, 'package.json'),
  lockfile: join(root, 'package-lock.json'),
  // npm writes this list of what it installed; it vanishes with node_modules, as the stamp does.
  installed: join(root, 'node_modules/.package-lock.json'),
  stamp: join(root, 'node_modules/.cache/opsforge/prepared.json'),
  // The binary itself, not the link in .bin: without install scripts it is a stub of a few bytes.
  bun: join(root, 'node_modules/bun/bin/bun.exe'),
  bunInstaller: join(root, 'node_modules/bun/install.js'),
  packer: join(root, 'scripts/pack-postgres.ts'),
  archive: join(root, 'generated/postgres.tar.zst'),
  assetBuilder: join(root, 'scripts/build-assets.ts'),
  lockFolder: join(root, 'generated/prepare.lock'),
};

const npmCiTimeoutMs = 15 * 60_000;
const bunInstallTimeoutMs = 5 * 60_000;
const packTimeoutMs = 5 * 60_000;
const assetsTimeoutMs = 2 * 60_000;
const versionTimeoutMs = 20_000;
/** What a stopped child has to end by itself. */
const stopGraceMs = 10_000;
const sameSignalMs = 1_000;

/** A failure whose message is the one line people need. */
class Failure extends Error {}

const say = (line) => process.stderr.write(`${line}\n`);

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null; // missing or half-written: the caller does the work again
  }
}

function identity(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.size}:${stat.mtimeMs}` : null;
}

/** Everything that, when it changes, makes another look necessary. */
function currentState() {
  const hash = createHash('sha256');
  for (const path of [paths.manifest, paths.lockfile, paths.packer]) {
    hash.update(existsSync(path) ? readFileSync(path) : '').update('\0');
  }
  hash.update(`${process.platform}-${process.arch}`);
  return {
    inputs: hash.digest('hex'),
    bun: identity(paths.bun),
    archive: identity(paths.archive),
  };
}

function isPrepared() {
  const stamp = readJson(paths.stamp);
  if (!stamp || !existsSync(join(root, 'node_modules/.bin/bun'))) return false;
  const state = currentState();
  const archiveThere = state.archive !== null || !existsSync(paths.packer);
  return (
    stamp.inputs === state.inputs &&
    state.bun !== null &&
    stamp.bun === state.bun &&
    archiveThere &&
    stamp.archive === state.archive
  );
}

/** True when node_modules holds what the lock file says, whoever installed it (`npm ci` in CI). */
function packagesMatch() {
  const manifest = readJson(paths.manifest);
  const wanted = readJson(paths.lockfile)?.packages;
  const installed = readJson(paths.installed)?.packages;
  if (!manifest || !wanted || !installed) return false;
  const own = wanted[''] ?? {};
  const direct = (of) =>
    JSON.stringify(
      Object.entries({
        ...of.dependencies,
        ...of.devDependencies,
        ...of.optionalDependencies,
      }).sort(),
    );
  if (direct(manifest) !== direct(own)) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.link) continue;
    const found = installed[path];
    if (!found && !entry.optional && !entry.devOptional && !entry.peer) return false;
    if (found && (found.version !== entry.version || !existsSync(join(root, path)))) return false;
  }
  return Object.keys(installed).every((path) => path in wanted);
}

const children = new Set();

/**
 * Runs a command; resolves to its exit code (null: killed or late) and, when `stdout` is piped, its
 * text. The deadline is our own timer, since Node's `timeout` keeps running after a failed spawn.
 */
function start(command, args, stdio, timeoutMs, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio, env: { ...process.env, ...env } });
    const timer = setTimeout(() => child.kill(), timeoutMs);
    children.add(child);
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
    });
    const ended = () => {
      clearTimeout(timer);
      children.delete(child);
    };
    child.once('error', (error) => {
      ended();
      reject(error);
    });
    child.once('close', (code) => {
      ended();
      if (stoppedBy !== null) reject(new Failure('stopped'));
      else resolve({ code, text });
    });
  });
}

/** Runs a command with its output on our stderr; resolves to its exit code. */
async function run(command, args, timeoutMs, env) {
  try {
    return (await start(command, args, ['ignore', 2, 2], timeoutMs, env)).code;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`opsforge: cannot run ${command} (${error.code}): install it or mend PATH`);
  }
}

async function bunVersion() {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'];
    const { code, text } = await start(paths.bun, ['--version'], stdio, versionTimeoutMs);
    return code === 0 ? text.trim() : null;
  } catch (error) {
    if (error instanceof Failure) throw error;
    return null; // a stub, or a binary of another platform
  }
}

async function installPackages() {
  if (packagesMatch()) return;
  say('opsforge: installing packages (npm ci)');
  const code = await run(
    'npm',
    ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'],
    npmCiTimeoutMs,
    {
      SCARF_ANALYTICS: 'false',
    },
  );
  if (code !== 0) {
    throw new Failure(
      'opsforge: npm ci failed (see above): check the network and the npm registry setting, then try again',
    );
  }
}

async function ensureBun() {
  const wanted = readJson(join(root, 'node_modules/bun/package.json'))?.version;
  if (wanted === undefined) {
    throw new Failure('opsforge: the package bun is not installed: run `npm ci --include=dev`');
  }
  if ((await bunVersion()) === wanted) return;
  say('opsforge: putting the Bun binary in place');
  await run(process.execPath, [paths.bunInstaller], bunInstallTimeoutMs);
  if ((await bunVersion()) === wanted) return;
  throw new Failure(
    'opsforge: Bun has no binary for this machine: run `npm ci --include=optional` (npm 11 or newer), then try again',
  );
}

async function packPostgres() {
  if (!existsSync(paths.packer)) return;
  if ((await run(paths.bun, [paths.packer], packTimeoutMs)) !== 0) {
    throw new Failure(
      'opsforge: packing PostgreSQL failed (see above): run `npm ci --include=optional`',
    );
  }
}

/** Looks at every view by itself, and does nothing when none changed: 30 ms. */
async function buildAssets() {
  if (!existsSync(paths.assetBuilder)) return;
  if ((await run(paths.bun, [paths.assetBuilder], assetsTimeoutMs)) !== 0) {
    throw new Failure(
      'opsforge: building the pages failed (see above): correct what it names in views/',
    );
  }
}

function writeStamp() {
  mkdirSync(dirname(paths.stamp), { recursive: true });
  const temporary = `${paths.stamp}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(currentState())}\n`);
  renameSync(temporary, paths.stamp);
}

async function prepare(withTests) {
  if (!isPrepared()) {
    await locked(async () => {
      if (isPrepared()) return; // another process did it while this one waited
      await installPackages();
      await ensureBun();
      await packPostgres();
      writeStamp();
    });
  }
  await buildAssets();
  if (!withTests) return;
  const { recordTestTools, fetchTestTools } = await import('./prepare/test-tools.mjs');
  if (!recordTestTools(root)) return;
  await locked(async () => {
    if (recordTestTools(root)) await fetchTestTools(root, say);
  });
}

async function locked(work) {
  const { withLock } = await import('./prepare/lock.mjs');
  await withLock(paths.lockFolder, say, work);
}

/**
 * A signal ends the child and then us: leaving first would give the lock free while npm still
 * writes. Without a child, or at a second signal, there is nothing to wait for; one that comes at
 * once is the same Ctrl-C, delivered by the terminal and by npm.
 */
let stoppedBy = null;
let stoppedAtMs = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (stoppedBy !== null && Date.now() - stoppedAtMs < sameSignalMs) return;
    if (stoppedBy !== null || children.size === 0) process.exit(128 + constants.signals[signal]);
    stoppedBy = signal;
    stoppedAtMs = Date.now();
    for (const child of children) child.kill(signal);
    setTimeout(() => {
      for (const child of children) child.kill('SIGKILL');
    }, stopGraceMs).unref();
  });
}

try {
  await prepare(process.argv.includes('--tests'));
} catch (error) {
  const plain = error instanceof Failure || error?.plain === true;
  if (stoppedBy !== null) say(`opsforge: prepare was stopped by ${stoppedBy}`);
  else say(plain ? error.message : `opsforge: prepare failed: ${error}`);
  process.exitCode = stoppedBy === null ? 1 : 128 + constants.signals[stoppedBy];
}
