/** Processes of the binary that share a test's own database, as on several machines. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { eventually, makeFolder, type Service, startService } from './binary.ts';
import type { TestDatabase } from './database.ts';
import { bootstrap, type Client, clientOf, readMetric } from './service-client.ts';

export type Installation = {
  /** @param through what stands between it and the database (tcp-proxy.ts) */
  start(role: 'api' | 'worker', through?: (databaseUrl: string) => string): Promise<Service>;
  /** Of a fresh project, asking this process. */
  clientOf(api: Service): Promise<Client>;
};

/** A test server takes 100 connections, for all test files that run beside each other. */
const poolSize = '12';
const leadTimeoutMs = 15_000;

/** What it starts is stopped by `cleanUp` of binary.ts. */
export function createInstallation(database: TestDatabase): Installation {
  const dataDir = join(makeFolder(), 'data');
  const secretKey = randomBytes(32).toString('base64');
  const environment = (through: (url: string) => string) => ({
    DATABASE_URL: through(database.adminUrl),
    DATABASE_APP_URL: through(database.appUrl),
    DATABASE_POOL_SIZE: poolSize,
    OPSFORGE_SECRET_KEY: secretKey,
  });
  const directly = (url: string) => url;
  return {
    start: (role, through = directly) =>
      startService({ dataDir, env: environment(through), args: ['serve', '--role', role] }),
    async clientOf({ url }) {
      const { apiKey, projectId } = await bootstrap(dataDir, { env: environment(directly) });
      return clientOf(url, apiKey ?? '', projectId);
    },
  };
}

/** Resolves when the worker leads so many of the 64 shards. */
export function leads({ url }: Service, shards: number, timeoutMs = leadTimeoutMs): Promise<true> {
  return eventually(
    `a worker leads ${shards} shards`,
    async () => ((await readMetric(url, 'worker_shards_led')) === shards ? true : null),
    timeoutMs,
  );
}

/** Resolves when no delivery waits, of these endpoints alone where they are given. */
export function nothingPending(
  { admin: { sql } }: TestDatabase,
  timeoutMs: number,
  endpointIds: readonly string[] | null = null,
): Promise<true> {
  return eventually(
    'nothing is pending',
    async () => {
      const [row] = await sql<{ count: number }[]>`
        select count(*)::integer as count from delivery_queue
        where ${endpointIds === null} or endpoint_id = any(${[...(endpointIds ?? [])]}::uuid[])`;
      return row?.count === 0 ? true : null;
    },
    timeoutMs,
  );
}
