/**
 * Finds programs that some tests want and that npm does not bring, and tells their paths in
 * generated/test-tools.json: {promtool, postgresBinDir, openssl, chromium}, null where there is
 * none. Where it may (root on Debian) it downloads what is missing and unpacks it in
 * node_modules/.cache; only Chromium is installed. No service is started. It takes at most
 * `budgetMs`, and Chromium's installation `installMs` more; a failure is a warning that names the
 * tests that will be skipped, and is tried again after `retryAfterMs`.
 */
import { spawn } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

const budgetMs = 180_000;
/** dpkg is not to be stopped halfway: far above the 40 s that 300 MB take to unpack. */
const installMs = 600_000;
const retryAfterMs = 24 * 60 * 60_000;
/** The oldest server that opsforge supports as an external database. */
const postgresMajorMin = 15;

const skippedWithout = {
  promtool: 'the tests that check the Prometheus rules',
  postgresBinDir: `the tests on an external PostgreSQL (${postgresMajorMin} or newer)`,
  openssl: 'the tests that make certificates',
  chromium: 'the tests in a browser',
};

function places(root) {
  return {
    file: join(root, 'generated/test-tools.json'),
    attempt: join(root, 'generated/test-tools-attempt.json'),
    cache: join(root, 'node_modules/.cache/opsforge'),
  };
}

const missingOf = (tools) => Object.keys(tools).filter((name) => tools[name] === null);

/** Writes what is there; returns true when something is missing that is worth fetching now. */
export function recordTestTools(root) {
  const { file, attempt, cache } = places(root);
  const tools = findTools(cache);
  const text = asText(tools);
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeAtomically(file, text);
  const missing = missingOf(tools);
  return missing.length > 0 && shouldTry(attempt, missing);
}

/** Fetches what is missing, records it, and warns of what stays missing. Call under the lock. */
export async function fetchTestTools(root, say) {
  const { attempt, cache } = places(root);
  const problems = await fetchMissing(missingOf(findTools(cache)), cache, say);
  recordTestTools(root);
  const still = missingOf(findTools(cache));
  for (const name of still) {
    const why = problems.get(name) ?? 'not found';
    say(`opsforge: warning: no ${name} (${why}): ${skippedWithout[name]} will be skipped`);
  }
  if (still.length > 0) writeAtomically(attempt, asText({ atMs: Date.now(), missing: still }));
}

function asText(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function writeAtomically(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}

function shouldTry(attemptFile, missing) {
  try {
    const last = JSON.parse(readFileSync(attemptFile, 'utf8'));
    const known = missing.every((name) => last.missing.includes(name));
    return !known || Date.now() - last.atMs > retryAfterMs;
  } catch {
    return true; // no attempt yet
  }
}

function findTools(cache) {
  return {
    promtool: onPath('promtool') ?? executable(join(cache, 'promtool/usr/bin/promtool')),
    postgresBinDir: findPostgres() ?? wrapped(cache, 'postgresBinDir', 'initdb'),
    openssl: onPath('openssl') ?? executable(join(cache, 'openssl/wrapped/openssl')),
    chromium: onPath('chromium') ?? onPath('chromium-browser') ?? onPath('google-chrome'),
  };
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return null;
  }
}

function onPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const found = folder === '' ? null : executable(join(folder, name));
    if (found) return found;
  }
  return null;
}

function wrapped(cache, tool, program) {
  const folder = join(cache, tool, 'wrapped');
  return executable(join(folder, program)) ? folder : null;
}

/** Debian's folder of the newest server that is new enough. */
function findPostgres(base = '/usr/lib/postgresql') {
  if (!existsSync(base)) return null;
  const majors = readdirSync(base)
    .map(Number)
    .filter((major) => major >= postgresMajorMin)
    .sort((a, b) => b - a);
  for (const major of majors) {
    const folder = join(base, String(major), 'bin');
    if (executable(join(folder, 'initdb')) && executable(join(folder, 'postgres'))) return folder;
  }
  return null;
}

/** Returns why a tool could not be fetched, by tool; one failure does not stop the others. */
async function fetchMissing(missing, cache, say) {
  const all = (reason) => new Map(missing.map((name) => [name, reason]));
  if (process.getuid?.() !== 0) return all('not root, so Debian packages are not fetched');
  if (!onPath('apt-get') || !onPath('dpkg-deb')) return all('no apt-get on this machine');
  const deadlineMs = Date.now() + budgetMs;
  say(
    `opsforge: fetching Debian packages for tests (${missing.join(', ')}), a minute or two, once`,
  );
  const problems = new Map();
  try {
    if (!(await aptKnows('libc6', deadlineMs))) await apt(['update'], deadlineMs);
  } catch (error) {
    return all(error.message);
  }
  for (const name of missing) {
    try {
      await fetchers[name](join(cache, name), deadlineMs);
    } catch (error) {
      problems.set(name, error.message);
    }
  }
  return problems;
}

const fetchers = {
  /** promtool is one static file, so the package alone does. */
  async promtool(folder, deadlineMs) {
    await fetchPackages(folder, ['download', 'prometheus'], deadlineMs);
  },
  async postgresBinDir(folder, deadlineMs) {
    const depends = await capture('apt-cache', ['depends', 'postgresql'], deadlineMs);
    const server = /Depends: (postgresql-\d+)/.exec(depends)?.[1];
    if (!server) throw new Error('apt knows no PostgreSQL server');
    await fetchPackages(folder, withDependencies(folder, server), deadlineMs);
    wrapPrograms(folder, findPostgres(join(folder, 'usr/lib/postgresql')));
  },
  async openssl(folder, deadlineMs) {
    await fetchPackages(folder, withDependencies(folder, 'openssl'), deadlineMs);
    wrapPrograms(folder, join(folder, 'usr/bin'));
  },
  /** Unpacked it would lack what its packages' scripts set up, above all its fonts. */
  async chromium(_folder, deadlineMs) {
    const install = ['install', '--yes', '--no-install-recommends'];
    await apt([...install, '--download-only', 'chromium'], deadlineMs);
    await apt([...install, 'chromium'], Date.now() + installMs);
  },
};

/** Downloads what the machine lacks to run a package: `apt-get install` without installing. */
function withDependencies(folder, name) {
  const archives = `Dir::Cache::archives=${join(folder, 'archives')}`;
  return ['install', '--yes', '--no-install-recommends', '--download-only', '-o', archives, name];
}

async function fetchPackages(folder, aptArguments, deadlineMs) {
  rmSync(folder, { recursive: true, force: true });
  const archives = join(folder, 'archives');
  mkdirSync(join(archives, 'partial'), { recursive: true });
  await apt(aptArguments, deadlineMs, archives);
  const packages = readdirSync(archives).filter((name) => name.endsWith('.deb'));
  if (packages.length === 0) throw new Error('apt-get brought no package');
  for (const name of packages) {
    await capture('dpkg-deb', ['-x', join(archives, name), folder], deadlineMs);
  }
  rmSync(archives, { recursive: true, force: true });
}

/** Unpacked programs do not find their libraries by themselves: small scripts set the path. */
function wrapPrograms(folder, binDir) {
  if (binDir === null) throw new Error('the package holds no server');
  const triplets = existsSync(join(folder, 'usr/lib')) ? readdirSync(join(folder, 'usr/lib')) : [];
  const libraries = triplets
    .filter((name) => name.includes('-linux-'))
    .flatMap((name) => [join(folder, 'usr/lib', name), join(folder, 'lib', name)])
    .join(':');
  const target = join(folder, 'wrapped');
  mkdirSync(target, { recursive: true });
  for (const program of readdirSync(binDir)) {
    const script = `#!/bin/sh\nexport LD_LIBRARY_PATH='${libraries}'\nexec '${join(binDir, program)}' "$@"\n`;
    writeFileSync(join(target, program), script);
    chmodSync(join(target, program), 0o755);
  }
}

async function aptKnows(name, deadlineMs) {
  const policy = await capture('apt-cache', ['policy', name], deadlineMs);
  // Installed-only knowledge has one source, the local status file: lists were never fetched.
  return /https?:|mirror|cdrom/.test(policy);
}

function apt(args, deadlineMs, cwd = '/') {
  return capture('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', ...args], deadlineMs, cwd);
}

/** stdout of a command; an error with its last line when it fails or the budget is used up. */
function capture(command, args, deadlineMs, cwd = '/') {
  return new Promise((resolve, reject) => {
    const leftMs = deadlineMs - Date.now();
    if (leftMs <= 0) return reject(new Error(`${budgetMs / 1000} s were not enough`));
    const child = spawn(command, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    // Not spawn's own `timeout`, which keeps the process alive after a failed start.
    const timer = setTimeout(() => child.kill(), leftMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new Error(`${command}: ${error.code}`));
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      if (code === 0) return resolve(out);
      const last = err.trim().split('\n').at(-1);
      reject(new Error(`${command} ${args.at(-1)} failed${last ? `: ${last}` : ''}`));
    });
  });
}
