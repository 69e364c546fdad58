/**
 * The running server: started, watched, started again whenever it dies while we want it, stopped.
 *
 *   starting --ready--> running --died--> waiting (100 ms to 5 s) --> starting
 *   any of them --stop()--> stopped
 *
 * Ready is what the server itself writes into postmaster.pid: polling a file forks no backend.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../../src/domain/start-error.ts';
import { type Account, serverEnvironment } from './account.ts';
import { explainFailure } from './cluster.ts';
import type { Guard } from './guard.ts';
import { disarmServerFiles, endOrphans, inspectServer, readServerFile } from './server-file.ts';
import { openServerLog, type ServerLog } from './server-log.ts';

export type Log = (message: string, fields?: Record<string, unknown>) => void;

type ServerOptions = {
  dataDir: string;
  clusterDir: string;
  binaries: string;
  account: Account | null;
  flags: string[];
  guard: Guard;
  log: Log;
};

export type Server = {
  /** Fast shutdown: sessions end, a checkpoint is written. Safe twice, and during a restart. */
  stop(): Promise<void>;
};

type Exit = { code: number | null; signal: string | null };
type Running = { child: ChildProcess; exited: Promise<Exit> };

const readyPollMs = 10;
/** Replaying 2 GB of log after a crash takes minutes on a slow disk; longer is no recovery. */
const recoveryTimeoutMs = 15 * 60_000;
const recoveryLogMs = 10_000;

const restartDelayMsMin = 100;
const restartDelayMsMax = 5_000;
/** A server that ran this long was well: the next delay starts from the least again. */
const stableAfterMs = 60_000;

/** A fast shutdown that takes longer is cut short; what is committed is safe in the log. */
const fastStopMs = 30_000;
const immediateStopMs = 5_000;

/** Throws StartError when the server does not come up; nothing runs then. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const serverLog = await openServerLog(options.dataDir);
  const stopping = new AbortController();
  const state: { current: Running | null } = { current: null };

  const start = async () => {
    clearLeftovers(options.dataDir, options.clusterDir, options.log);
    await serverLog.mark();
    // From here to the assignment nothing waits, so that stop() sees every process there is.
    stopping.signal.throwIfAborted();
    const running = launch(options, serverLog);
    state.current = running;
    await becomeReady(options, running, serverLog);
    return running;
  };

  const supervise = async (first: Running) => {
    let running = first;
    let delayMs = restartDelayMsMin;
    let readyAtMs = performance.now();
    while (!stopping.signal.aborted) {
      const exit = await running.exited;
      options.guard.watch(null);
      if (stopping.signal.aborted) return;
      if (performance.now() - readyAtMs > stableAfterMs) delayMs = restartDelayMsMin;
      options.log('The embedded PostgreSQL ended; starting it again', { ...exit, delayMs });
      await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      delayMs = Math.min(delayMs * 2, restartDelayMsMax);
      try {
        running = await start();
        readyAtMs = performance.now();
        options.log('The embedded PostgreSQL is back');
      } catch (error) {
        running = state.current ?? running;
        if (!stopping.signal.aborted) {
          options.log('The embedded PostgreSQL did not start again', { error: String(error) });
        }
      }
    }
  };

  let stopped: Promise<void> | null = null;
  let supervision: Promise<void> = Promise.resolve();
  const stop = async () => {
    stopping.abort();
    if (state.current !== null) await endProcess(state.current, options.log);
    await supervision;
    options.guard.watch(null);
    await serverLog.close();
  };
  try {
    supervision = supervise(await start());
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** After a postmaster's death: what is left of it would keep the next one from starting. */
export function clearLeftovers(dataDir: string, clusterDir: string, log: Log): void {
  const binDir = join(dataDir, 'bin');
  const file = readServerFile(clusterDir);
  if (file !== null) {
    const live = inspectServer(file.pid, clusterDir, binDir);
    if (live !== null && !live.ours) throw foreignServerError(clusterDir, file.pid);
    const ended = endOrphans(clusterDir, binDir);
    if (ended.length > 0) log('Ended what a dead PostgreSQL left running', { pids: ended });
  }
  disarmServerFiles(clusterDir);
}

export function foreignServerError(clusterDir: string, pid: number): StartError {
  return new StartError(
    `A PostgreSQL that opsforge did not start (pid ${pid}) runs on ${clusterDir}: stop it first.`,
    1,
  );
}

function launch(options: ServerOptions, serverLog: ServerLog): Running {
  const { account } = options;
  const flags = ['-D', options.clusterDir, ...options.flags];
  const child = spawn(join(options.binaries, 'bin', 'postgres'), flags, {
    detached: true,
    cwd: '/',
    env: serverEnvironment,
    stdio: ['ignore', serverLog.fd, serverLog.fd],
    ...(account && { uid: account.uid, gid: account.gid }),
  });
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => resolve({ code: null, signal: String(error) }));
  });
  options.guard.watch(child.pid ?? null);
  return { child, exited };
}

async function becomeReady(
  { clusterDir, log }: ServerOptions,
  { child, exited }: Running,
  serverLog: ServerLog,
): Promise<void> {
  let exit: Exit | null = null;
  void exited.then((value) => {
    exit = value;
  });
  const startedMs = performance.now();
  let nextLogMs = startedMs + recoveryLogMs;
  while (performance.now() - startedMs < recoveryTimeoutMs) {
    const file = readServerFile(clusterDir);
    if (file?.ready && file.pid === child.pid) return;
    if (exit !== null) {
      const { code, signal }: Exit = exit;
      const words = await serverLog.sinceMark();
      throw explainFailure('postgres', words || String(signal ?? code), clusterDir);
    }
    if (performance.now() > nextLogMs) {
      nextLogMs += recoveryLogMs;
      log('The embedded PostgreSQL is recovering', {
        seconds: Math.round((performance.now() - startedMs) / 1000),
      });
    }
    await sleep(readyPollMs);
  }
  child.kill('SIGINT');
  throw new StartError(
    `The embedded PostgreSQL did not recover within ${recoveryTimeoutMs / 60_000} minutes: ` +
      'see postgres.log in the data folder.',
    1,
  );
}

async function endProcess({ child, exited }: Running, log: Log): Promise<void> {
  const waits = [
    ['SIGINT', fastStopMs],
    ['SIGQUIT', immediateStopMs],
    ['SIGKILL', immediateStopMs],
  ] as const;
  for (const [signal, timeoutMs] of waits) {
    if (child.pid === undefined) return;
    if (signal !== 'SIGINT') log('The embedded PostgreSQL does not stop; insisting', { signal });
    child.kill(signal);
    const timer = new AbortController();
    const late = sleep(timeoutMs, 'late', { signal: timer.signal }).catch(() => 'late');
    const first = await Promise.race([exited, late]);
    timer.abort();
    if (first !== 'late') return;
  }
}
