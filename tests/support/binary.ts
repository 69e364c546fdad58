/**
 * The built binary as a person runs it: in a process group of its own, from an empty folder, with
 * an environment that holds nothing of ours. Whatever a test leaves running is killed by `cleanUp`,
 * its servers end with it (their guard sees to that), and its folders go.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrations } from '../../db/migrate.ts';
import { binary, buildBinary } from './built-binary.ts';
import { findProcesses } from './embedded-folder.ts';

export type LogLine = Record<string, unknown>;

export type Service = {
  pid: number;
  /** With the port that was taken in the end. */
  url: string;
  dataDir: string;
  stdout(): string;
  stderr(): string;
  /** The first JSON line with this message, also one that was there before. */
  logged(message: string, timeoutMs?: number): Promise<LogLine>;
  /** To this process alone; `signalGroup` as a terminal does it. */
  kill(signal: NodeJS.Signals): void;
  signalGroup(signal: NodeJS.Signals): void;
  /** The exit code, or 128 and the signal's number. */
  exited: Promise<number>;
  /** SIGTERM; the exit code. */
  stop(): Promise<number>;
};

export type Started = Omit<Service, 'url'>;
export type Environment = Record<string, string>;
type StartOptions = {
  env?: Environment;
  /** Where its data is; a fresh folder unless named. */
  dataDir?: string;
  args?: string[];
  /** What runs instead of the binary, its arguments appended. */
  command?: string[];
  cwd?: string;
};
export type Finished = { code: number; stdout: string; stderr: string; lastLine: string };

const signalTimeoutMs = 30_000;
const goneTimeoutMs = 15_000;
const pollMs = 10;

const folders: string[] = [];
const running = new Set<Bun.Subprocess>();

/** A test worker that ends early must not leave its services behind. */
process.on('exit', () => {
  for (const child of running) killGroup(child.pid, 'SIGKILL');
});

/** Open for passage: as root the server runs as another account. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ofb-'));
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

/** For `afterAll`. Fails when something that was started here lives on. */
export async function cleanUp(): Promise<void> {
  for (const child of running) killGroup(child.pid, 'SIGKILL');
  await Promise.all([...running].map((child) => child.exited));
  for (const folder of folders.splice(0)) {
    await eventually(`the processes of ${folder} are gone`, () =>
      findProcesses(folder).length === 0 ? true : null,
    );
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Asks until there is an answer other than null: for what sends no signal of its own. */
export async function eventually<Answer>(
  what: string,
  ask: () => Answer | null | Promise<Answer | null>,
  timeoutMs = goneTimeoutMs,
): Promise<Answer> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > deadlineMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await Bun.sleep(pollMs);
  }
}

const killGroup = (pid: number, signal: NodeJS.Signals) => signalIfThere(-pid, signal);

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended since we looked.
  }
}

/** A PostgreSQL and all its backends, which are sessions of their own. */
export function signalServer(serverPid: number, signal: NodeJS.Signals): void {
  const { stdout } = Bun.spawnSync(['ps', '-o', 'pid=', '--ppid', String(serverPid)]);
  const backends = stdout.toString().trim().split(/\s+/).map(Number);
  for (const pid of [serverPid, ...backends]) signalIfThere(pid, signal);
}

/** Nothing of the tests' own environment but what any process has. */
function environment(extra: Environment): Environment {
  const inherited = ['PATH', 'HOME', 'TMPDIR', 'LANG'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(inherited),
    HOST: '127.0.0.1',
    PORT: '0',
    OPSFORGE_ALLOWED_CIDRS: '127.0.0.0/8',
    DELIVERY_POLL_INTERVAL: '500ms',
    ...extra,
  };
}

/** An empty folder to stand in: nothing but the binary is at hand. */
function emptyFolder(): string {
  const folder = join(makeFolder(), 'empty');
  mkdirSync(folder);
  return folder;
}

/** Runs a command of the binary to its end. */
export async function run(
  args: string[],
  options: { env?: Environment; cwd?: string; command?: string[]; stdin?: string } = {},
): Promise<Finished> {
  await buildBinary();
  const stdin = options.stdin === undefined ? 'ignore' : new Blob([options.stdin]);
  const child = Bun.spawn([...(options.command ?? [binary]), ...args], {
    cwd: options.cwd ?? emptyFolder(),
    env: environment(options.env ?? {}),
    stdio: [stdin, 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const code = await child.exited;
  running.delete(child);
  return { code, stdout, stderr, lastLine: stderr.trimEnd().split('\n').at(-1) ?? '' };
}

/** Starts `serve` and does not wait until it is ready. */
export async function launch(options: StartOptions = {}): Promise<Started> {
  await buildBinary();
  const dataDir = options.dataDir ?? join(makeFolder(), 'data');
  const command = options.command ?? [binary];
  const child = Bun.spawn([...command, ...(options.args ?? ['serve'])], {
    cwd: options.cwd ?? emptyFolder(),
    env: environment({ OPSFORGE_DATA_DIR: dataDir, ...options.env }),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const exited = child.exited.then(async (code) => {
    running.delete(child);
    await Promise.all([stdout.ended, stderr.ended]);
    return code;
  });
  return {
    pid: child.pid,
    dataDir,
    stdout: stdout.text,
    stderr: stderr.text,
    logged: (message, timeoutMs = signalTimeoutMs) =>
      stderr.line((line) => line['msg'] === message, message, timeoutMs),
    kill: (signal) => child.kill(signal),
    signalGroup: (signal) => killGroup(child.pid, signal),
    exited,
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

/** Starts `serve`; resolves when it says that it is ready. */
export async function startService(options: StartOptions = {}): Promise<Service> {
  const started = await launch(options);
  const ready = await started.logged('ready');
  return { ...started, url: String(ready['url']).replace('localhost', '127.0.0.1') };
}

/** Keeps what a stream says and tells who waits for a line of it. */
function collect(stream: ReadableStream<Uint8Array>) {
  let text = '';
  let isOver = false;
  const waiting = new Set<() => void>();
  const tell = () => {
    for (const look of [...waiting]) look();
  };
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      text += decoder.decode(chunk, { stream: true });
      tell();
    }
    isOver = true;
    tell();
  };

  function line(
    matches: (line: LogLine) => boolean,
    what: string,
    timeoutMs: number,
  ): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        waiting.delete(look);
        act();
      };
      const fail = (why: string) =>
        settle(() => reject(new Error(`no "${what}" ${why}; it said:\n${text.slice(-4_000)}`)));
      const look = () => {
        const found = jsonLines(text).find(matches);
        if (found !== undefined) settle(() => resolve(found));
        else if (isOver) fail('before it ended');
      };
      const timer = setTimeout(() => fail(`within ${timeoutMs} ms`), timeoutMs);
      waiting.add(look);
      look();
    });
  }

  return { text: () => text, line, ended: read() };
}

/** The complete lines that are JSON objects. */
export function jsonLines(text: string): LogLine[] {
  return text
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

/** What `migrate` answers on an empty database. */
export const appliedAll = migrations
  .map(({ version, name }) => `Applied ${version} ${name}.\n`)
  .join('');
