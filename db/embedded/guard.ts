/**
 * Stops what we started when we die without a word (kill -9, out of memory): a shell of about 1 MB
 * in a session of its own that reads pids from a pipe to us and, when the pipe closes, interrupts
 * the last one, which is PostgreSQL's fast shutdown. It runs as the server's account, ignores what
 * a terminal sends, and is started again when somebody kills it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { type Account, serverEnvironment } from './account.ts';

const script = `
trap '' INT TERM HUP QUIT
pid=0
while read -r line; do pid=$line; done
[ "$pid" -eq 0 ] || kill -INT "$pid" 2>/dev/null`;

/** A guard that cannot be started must not be tried again in a tight loop. */
const restartDelayMs = 1000;
/** It ends at once, unless somebody has stopped it. */
const endTimeoutMs = 2000;

export type Guard = {
  /** From now on this process is stopped when we die; null: none. */
  watch(pid: number | null): void;
  /** Ends the guard without stopping anything. Safe twice. */
  end(): Promise<void>;
};

export function startGuard(o: {
  dataDir: string;
  account: Account | null;
  log: (message: string, fields?: Record<string, unknown>) => void;
}): Guard {
  let watched = 0;
  let ending = false;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let exited: Promise<void>;
  let shell: ChildProcess;

  const begin = () => {
    const child = spawn('/bin/sh', ['-c', script, 'opsforge-guard', o.dataDir], {
      detached: true,
      cwd: '/',
      env: serverEnvironment,
      stdio: ['pipe', 'ignore', 'ignore'],
      ...(o.account && { uid: o.account.uid, gid: o.account.gid }),
    });
    shell = child;
    exited = new Promise((resolve) => {
      const gone = (reason: unknown) => {
        resolve();
        if (ending || timer !== null) return;
        o.log('The guard of the embedded PostgreSQL ended; starting another', {
          reason: String(reason),
        });
        timer = setTimeout(() => {
          timer = null;
          begin();
        }, restartDelayMs);
        timer.unref();
      };
      child.once('exit', (code, signal) => gone(signal ?? code));
      child.once('error', gone);
    });
    // The pipe breaks when the guard is killed; its exit is what we act on.
    child.stdin?.on('error', () => undefined);
    child.stdin?.write(`${watched}\n`);
  };

  begin();
  return {
    watch(pid) {
      watched = pid ?? 0;
      if (shell.stdin?.writable) shell.stdin.write(`${watched}\n`);
    },
    async end() {
      ending = true;
      if (timer !== null) clearTimeout(timer);
      shell.stdin?.end('0\n');
      const late = setTimeout(() => shell.kill('SIGKILL'), endTimeoutMs);
      await exited;
      clearTimeout(late);
    },
  };
}
