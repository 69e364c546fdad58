/**
 * A webhook receiver for tests: a real HTTP (or HTTPS) server on 127.0.0.1 that keeps what it got,
 * byte for byte, and answers as it is told (204 unless told otherwise).
 */
export type ReceivedRequest = {
  method: string;
  /** With the query. */
  path: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Buffer;
  /** `Date.now()` when the whole body was there. */
  atMs: number;
};

export type Behaviour = (request: ReceivedRequest) => Response | Promise<Response>;

export type Receiver = {
  /** Without a slash at the end. */
  url: string;
  port: number;
  /** In the order in which their bodies were complete. */
  requests: ReceivedRequest[];
  /** Resolves with all requests as soon as there are `count`; rejects, saying how many came. */
  waitFor(count: number, timeoutMs?: number): Promise<ReceivedRequest[]>;
  /** From the next request on. */
  respondWith(behaviour: Behaviour): void;
  /** Closes open connections too; safe to call twice. */
  stop(): Promise<void>;
};

const waitMsDefault = 10_000;

export function startReceiver(
  behaviour: Behaviour = () => new Response(null, { status: 204 }),
  options: { tls?: { key: string; cert: string }; hostname?: string; port?: number } = {},
): Receiver {
  const requests: ReceivedRequest[] = [];
  const arrivals = new Set<() => void>();
  let respond = behaviour;

  const hostname = options.hostname ?? '127.0.0.1';
  const server = Bun.serve({
    port: options.port ?? 0,
    hostname,
    idleTimeout: 0,
    ...(options.tls ? { tls: options.tls } : {}),
    async fetch(request) {
      const body = Buffer.from(await request.arrayBuffer());
      const { pathname, search } = new URL(request.url);
      const received: ReceivedRequest = {
        method: request.method,
        path: `${pathname}${search}`,
        headers: Object.fromEntries(request.headers),
        body,
        atMs: Date.now(),
      };
      requests.push(received);
      for (const arrived of [...arrivals]) arrived();
      return respond(received);
    },
  });
  const port = server.port ?? 0;

  function waitFor(count: number, timeoutMs = waitMsDefault): Promise<ReceivedRequest[]> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (requests.length < count) return;
        clearTimeout(timer);
        arrivals.delete(check);
        resolve(requests);
      };
      const timer = setTimeout(() => {
        arrivals.delete(check);
        reject(new Error(`${requests.length} of ${count} requests had come after ${timeoutMs} ms`));
      }, timeoutMs);
      arrivals.add(check);
      check();
    });
  }

  return {
    url: `${options.tls ? 'https' : 'http'}://${hostname}:${port}`,
    port,
    requests,
    waitFor,
    respondWith(next) {
      respond = next;
    },
    stop: () => server.stop(true),
  };
}
