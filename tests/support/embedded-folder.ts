/** What the tests of the embedded PostgreSQL share: folders, children, and a look at processes. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '../../db/embedded/embedded.ts';
import { connect } from '../../src/repositories/connection.ts';

export type LogLine = { message: string; fields: Record<string, unknown> };

/** Open for passage, as the server may run as another account. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ofe-'));
  chmodSync(folder, 0o711);
  return folder;
}

/** Also ends what a failed test left; the guards then stop the servers. */
export function removeFolder(folder: string): void {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

export function start(dataDir: string, lines: LogLine[] = []) {
  const log = (message: string, fields = {}) => void lines.push({ message, fields });
  return startEmbedded({ dataDir, dataDirNamed: true, log });
}

/** One statement on a connection of its own. */
export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const connection = await connect({ url, applicationName: 'test' });
  try {
    return [...(await connection.sql.unsafe(text))];
  } finally {
    await connection.close();
  }
}

/** Polls, as nothing tells of the end of another's child. Fails after 10 s. */
export async function until(what: string, condition: () => boolean | Promise<boolean>) {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within 10 s: ${what}`);
    await Bun.sleep(5);
  }
}

/** Processes, zombies excepted, whose command line holds the text. */
export function findProcesses(text: string): { pid: number; command: string }[] {
  const { stdout } = Bun.spawnSync(['ps', '-axww', '-o', 'pid=,stat=,args=']);
  return stdout
    .toString()
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line))
    .filter((match) => match?.[3]?.includes(text) && !match[2]?.startsWith('Z'))
    .map((match) => ({ pid: Number(match?.[1]), command: match?.[3] ?? '' }));
}

/** What the server and its guard leave behind on a folder: nothing, after a good stop. */
export const findServers = (dataDir: string) =>
  findProcesses(dataDir).filter(({ command }) => /guard|bin\/(postgres|initdb)/.test(command));

export const serverPid = (dataDir: string) =>
  Number(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);

export function guardPid(dataDir: string): number {
  const [guard] = findProcesses(`opsforge-guard ${dataDir}`);
  if (guard === undefined) throw new Error('there is no guard');
  return guard.pid;
}

const children = new Set<Bun.Subprocess>();

export type Child = {
  pid: number;
  /** The next line that has the key. */
  line(key: string): Promise<Record<string, unknown>>;
  kill(signal: NodeJS.Signals): void;
  exited: Promise<number>;
};

/** In a process group of its own, as a shell would start it. */
export function startChild(dataDir: string): Child {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/embedded-child.ts`, dataDir], {
    stdout: 'pipe',
    stderr: 'inherit',
    detached: true,
  });
  children.add(child);
  void child.exited.then(() => children.delete(child));
  const lines = readLines(child.stdout);
  return {
    pid: child.pid,
    async line(key) {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`the child ended without a line with ${key}`);
        if (key in value) return value;
      }
    },
    kill: (signal) => child.kill(signal),
    exited: child.exited,
  };
}

async function* readLines(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Record<string, unknown>, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line);
  }
}
