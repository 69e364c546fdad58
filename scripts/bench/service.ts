/**
 * The service as users run it: the built binary (or src/main.ts) on an embedded database in a
 * folder of its own unless one is named, on 127.0.0.1 at a free port. Nothing of the caller's
 * environment reaches it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How a command of opsforge is started: the binary, or Bun with src/main.ts. */
export type Program = readonly string[];

export type ServiceOptions = {
  dataDir: string;
  /** Instead of the embedded one: with it several processes serve one installation. */
  database?: { url: string; secretKey: string };
};

export type Service = {
  url: string;
  port: number;
  pid: number;
  /** From starting the process to its word that it listens, ms. */
  readyMs: number;
  /** The one that `bootstrap` makes projects in, its name and its slug. */
  tenant: string;
  /** `opsforge signup-link`, which the first person makes an account with. */
  signUpLink(): Promise<string>;
  /** Makes the project where it is missing. */
  bootstrap(project: string): Promise<{ tenantId: string; projectId: string; apiKey: string }>;
  /** Asks the API with a key; throws unless it answers 2xx. */
  ask(method: string, path: string, apiKey: string, body?: unknown): Promise<unknown>;
  databaseUrl(): Promise<string>;
  databasePid(): number;
  /** `kill -9`, and nothing else. */
  kill(): Promise<void>;
  stop(): Promise<void>;
};

const startTimeoutMs = 60_000;
const commandTimeoutMs = 30_000;
const stopTimeoutMs = 40_000;
const stderrKeptMax = 16 * 1024;
const tenant = 'bench';

const environment = () => ({
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '',
  ...(process.env['TMPDIR'] === undefined ? {} : { TMPDIR: process.env['TMPDIR'] }),
  HOST: '127.0.0.1',
  PORT: '0',
  OPSFORGE_ALLOWED_CIDRS: '127.0.0.0/8',
  // Nothing is measured after it, and a receiver that never answers would hold it up for long.
  SHUTDOWN_TIMEOUT: '3s',
});

export async function startService(program: Program, options: ServiceOptions): Promise<Service> {
  const { dataDir, database } = options;
  const environmentOf = {
    ...environment(),
    OPSFORGE_DATA_DIR: dataDir,
    ...(database && { DATABASE_URL: database.url, OPSFORGE_SECRET_KEY: database.secretKey }),
  };
  const startedMs = performance.now();
  const child = Bun.spawn([...program, 'serve'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environmentOf,
  });
  const told = readUntilReady(child.stderr);
  const late = setTimeout(() => child.kill('SIGTERM'), startTimeoutMs);
  const url = await told.ready.catch(async (error: unknown) => {
    child.kill('SIGTERM');
    await child.exited;
    throw error;
  });
  const readyMs = performance.now() - startedMs;
  clearTimeout(late);

  async function run(...args: string[]): Promise<string> {
    const command = Bun.spawn([...program, ...args], {
      stdio: ['ignore', 'pipe', 2],
      env: environmentOf,
      timeout: commandTimeoutMs,
    });
    const text = await command.stdout.text();
    if ((await command.exited) !== 0) throw new Error(`opsforge ${args[0]} failed`);
    return text.trim();
  }

  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid,
    readyMs,
    tenant,
    signUpLink: () => run('signup-link'),
    bootstrap: async (project) =>
      JSON.parse(await run('bootstrap', '--tenant', tenant, '--project', project)),
    ask: (method, path, apiKey, body) => ask(new URL(path, url), method, apiKey, body),
    databaseUrl: () => run('database', 'url'),
    databasePid: () =>
      Number(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]),
    async kill() {
      child.kill('SIGKILL');
      await child.exited;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      // The guard of the embedded database stops it when the service is killed.
      const tooLong = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      await child.exited;
      clearTimeout(tooLong);
      await told.ended;
    },
  };
}

/** Reads stderr to its end; `ready` is the address, or rejects with the last lines it said. */
function readUntilReady(stream: ReadableStream<Uint8Array>) {
  const ready = Promise.withResolvers<string>();
  async function read(): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of stream) {
      text = (text + decoder.decode(chunk, { stream: true })).slice(-stderrKeptMax);
      const port = /listens at http:\/\/[^\s:]+:(\d+)/.exec(text)?.[1];
      if (port !== undefined) ready.resolve(`http://127.0.0.1:${port}`);
    }
    ready.reject(new Error(`the service ended before it was ready:\n${text}`));
  }
  return { ready: ready.promise, ended: read() };
}

async function ask(url: URL, method: string, apiKey: string, body: unknown): Promise<unknown> {
  const headers: Record<string, string> = { authorization: `Bearer ${apiKey}` };
  const init: RequestInit = { method, headers };
  if (body !== undefined) {
    headers['content-type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url.pathname}: ${response.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}
