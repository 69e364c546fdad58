/**
 * One prepare at a time per checkout, by a folder that only one process can make. The holder
 * touches it while it lives, so one that died, even in another container, is noticed and replaced.
 */
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const heartbeatMs = 2_000;
/** Far above the heartbeat: a machine under load must not lose a lock that it holds. */
const staleAfterMs = 30_000;
const pollMs = 100;
const waitMsMax = 20 * 60_000;
const self = `${hostname()} ${process.pid}`;

/** Runs `work` while no other process that calls this for `folder` does; rethrows its error. */
export async function withLock(folder, say, work) {
  await acquire(folder, say);
  const release = () => {
    // A holder that slept past the limit may have been replaced: the lock is then not its own.
    if (owner(folder) === self) rmSync(folder, { recursive: true, force: true });
  };
  const heartbeat = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(folder, now, now);
    } catch {
      // The folder was removed by hand: the work goes on, only unprotected.
    }
  }, heartbeatMs);
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    process.removeListener('exit', release);
    release();
  }
}

async function acquire(folder, say) {
  mkdirSync(dirname(folder), { recursive: true });
  const deadlineMs = Date.now() + waitMsMax;
  let told = false;
  while (Date.now() < deadlineMs) {
    try {
      mkdirSync(folder);
      writeFileSync(join(folder, 'owner'), self);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isStale(folder)) takeAway(folder);
    else if (!told)
      say(`opsforge: another process is preparing this checkout (${owner(folder)}); waiting`);
    told = true;
    await pause(pollMs);
  }
  throw Object.assign(
    new Error(`opsforge: gave up waiting for ${folder}: remove it and try again`),
    {
      plain: true,
    },
  );
}

function owner(folder) {
  try {
    return readFileSync(join(folder, 'owner'), 'utf8');
  } catch {
    return 'starting';
  }
}

function isStale(folder) {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (!stat) return false;
  if (Date.now() - stat.mtimeMs > staleAfterMs) return true;
  const [host, pid] = owner(folder).split(' ');
  if (host !== hostname() || !pid) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/**
 * Removes a stale lock. Looking and removing are two steps, so only the maker of a second folder
 * may do them: without it, a slow process would remove the fresh lock of a faster one.
 */
function takeAway(folder) {
  const takeover = `${folder}.takeover`;
  try {
    mkdirSync(takeover);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    const stat = statSync(takeover, { throwIfNoEntry: false });
    if (stat && Date.now() - stat.mtimeMs > staleAfterMs)
      rmSync(takeover, { recursive: true, force: true });
    return;
  }
  try {
    if (isStale(folder)) rmSync(folder, { recursive: true, force: true });
  } finally {
    rmSync(takeover, { recursive: true, force: true });
  }
}
