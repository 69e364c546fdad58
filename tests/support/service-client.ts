/**
 * A client of a running opsforge: its project's key, and the calls that the e2e tests make again
 * and again.
 */
import { connect } from '../../src/repositories/connection.ts';
import { eventually, run, type Service } from './binary.ts';

type Json = Record<string, unknown>;
export type Answer = { status: number; headers: Headers; body: Json };
export type Bootstrapped = {
  tenantId: string;
  projectId: string;
  apiKey: string | null;
  url: string;
};

const requestTimeoutMs = 40_000;
const listMax = 200;

export type Client = {
  projectId: string;
  apiKey: string;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string): Promise<Answer>;
  endpoint(url: string, settings?: Json): Promise<{ id: string; secret: string }>;
  /** The id that a 202 gave; throws for any other answer. */
  send(type: string, payload: unknown): Promise<string>;
  /** The deliveries of an event or endpoint (`eventId=…`), newest first. */
  deliveries(filter: string): Promise<Json[]>;
  attempts(deliveryId: unknown): Promise<Json[]>;
  /** The deliveries of the filter once all `count` of them have ended. */
  settled(filter: string, count: number, timeoutMs?: number): Promise<Json[]>;
};

type BootstrapOptions = {
  tenant?: string;
  project?: string;
  /** That of the service, where its database is not the embedded one. */
  env?: Record<string, string>;
};

export async function bootstrap(
  dataDir: string,
  options: BootstrapOptions = {},
): Promise<Bootstrapped> {
  const { tenant = 'acme', project = 'main', env = {} } = options;
  const args = ['bootstrap', '--tenant', tenant, '--project', project];
  const { code, stdout, stderr } = await run(args, {
    env: { OPSFORGE_DATA_DIR: dataDir, ...env },
  });
  if (code !== 0) throw new Error(`bootstrap ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

export async function bootstrapClient(
  service: Pick<Service, 'url' | 'dataDir'>,
  options: BootstrapOptions = {},
): Promise<Client> {
  const { apiKey, projectId } = await bootstrap(service.dataDir, options);
  if (apiKey === null) throw new Error('the project has a key already');
  return clientOf(service.url, apiKey, projectId);
}

export function clientOf(url: string, apiKey: string, projectId: string): Client {
  async function call(method: string, path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(new URL(path, url), {
      ...init,
      method,
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
    const { status, headers } = response;
    return { status, headers, body: isJson ? JSON.parse(text) : { text } };
  }
  const authorization = `Bearer ${apiKey}`;
  const get = (path: string) => call('GET', path, { headers: { authorization } });
  /** A text is sent as it is, anything else as JSON. */
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    call('POST', path, {
      headers: { authorization, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  async function list(path: string): Promise<Json[]> {
    const { status, body } = await get(path);
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    // Safe because the lists of the API all have this shape.
    return body['data'] as Json[];
  }
  const deliveries = (filter: string) => list(`/api/v1/deliveries?limit=${listMax}&${filter}`);

  return {
    ...{ projectId, apiKey, get, post, deliveries },
    async endpoint(target, settings = {}) {
      const { status, body } = await post('/api/v1/endpoints', { url: target, ...settings });
      if (status !== 201) throw new Error(`endpoint: ${status} ${JSON.stringify(body)}`);
      return { id: String(body['id']), secret: String(body['secret']) };
    },
    async send(type, payload) {
      const { status, body } = await post('/api/v1/webhooks', { type, payload });
      if (status !== 202) throw new Error(`event: ${status} ${JSON.stringify(body)}`);
      return String(body['id']);
    },
    attempts: (deliveryId) => list(`/api/v1/deliveries/${deliveryId}/attempts`),
    settled: (filter, count, timeoutMs) =>
      eventually(
        `${count} deliveries of ${filter} have ended`,
        async () => {
          const found = await deliveries(filter);
          const isDone = found.every((each) => each['completedAt'] !== null);
          return found.length >= count && isDone ? found : null;
        },
        timeoutMs,
      ),
  };
}

/** What `/metrics` says of a series, its labels included in the name; null when it is not there. */
export async function readMetric(url: string, series: string): Promise<number | null> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
}

/** One statement as the administrator of the installation, on a connection of its own. */
export async function askDatabase(url: string, statement: string): Promise<Json[]> {
  const connection = await connect({ url, applicationName: 'e2e' });
  try {
    return [...(await connection.sql.unsafe(statement))];
  } finally {
    await connection.close();
  }
}
