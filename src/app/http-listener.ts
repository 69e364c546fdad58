/**
 * The listening socket. Bun's router calls the ingest handler itself; everything else goes to the
 * application. A port that is taken is a StartError in one line.
 */
import type { Server } from 'bun';
import { StartError } from '../domain/start-error.ts';

export type HttpListener = {
  /** The port that was taken in the end, for PORT=0. */
  port: number;
  /** How long the connection of a running request may be silent; 0: for ever. */
  limitIdle(request: Request, seconds: number): void;
  /** Lets what runs finish within the deadline, then closes every connection. */
  stop(deadlineMs: number): Promise<void>;
};

type ListenOptions = {
  host: string;
  port: number;
  routes: Record<string, { POST: (request: Request) => Promise<Response> }>;
  /** Before each of `routes`; null spares them the question who the other end is. */
  arrived: ((request: Request, peer: string | null) => void) | null;
  /** `peer` is the address of the other end. */
  fetch(request: Request, peer: string | null): Response | Promise<Response>;
};

const idleTimeoutSeconds = 30;
/** A batch of 8 MiB and its envelope; single events are bounded far below, in their handler. */
const requestBodyBytesMax = 9 * 1024 * 1024;

export function listen(options: ListenOptions): HttpListener {
  const server = open(options);
  return {
    port: server.port ?? options.port,
    limitIdle: (request, seconds) => server.timeout(request, seconds),
    async stop(deadlineMs) {
      const finished = server.stop(false);
      const late = new Promise<void>((resolve) => {
        setTimeout(resolve, deadlineMs).unref();
      });
      // An idle keep-alive connection would hold the graceful stop for ever.
      const idle = waitUntil(() => server.pendingRequests === 0, deadlineMs);
      await Promise.race([finished, idle, late]);
      await server.stop(true);
    },
  };
}

const peerOf = (server: Server<undefined>, request: Request) =>
  server.requestIP(request)?.address ?? null;

/** As they are, or each told of first. */
function toldRoutes({ routes, arrived }: Pick<ListenOptions, 'routes' | 'arrived'>) {
  if (arrived === null) return routes;
  const told = Object.entries(routes).map(([path, { POST }]) => {
    const route = (request: Request, server: Server<undefined>) => {
      arrived(request, peerOf(server, request));
      return POST(request);
    };
    return [path, { POST: route }] as const;
  });
  return Object.fromEntries(told);
}

function open(options: ListenOptions): Server<undefined> {
  const { host, port, fetch } = options;
  try {
    return Bun.serve({
      hostname: host,
      port,
      routes: toldRoutes(options),
      fetch: (request, server) => fetch(request, peerOf(server, request)),
      idleTimeout: idleTimeoutSeconds,
      maxRequestBodySize: requestBodyBytesMax,
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EADDRINUSE') {
      throw new StartError(
        `port ${port} on ${host} is taken: stop what listens there, or choose another with PORT.`,
        1,
        { cause: error },
      );
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`cannot listen on ${host} port ${port}: ${reason}`, 1, { cause: error });
  }
}

const checkEachMs = 10;

async function waitUntil(reached: () => boolean, deadlineMs: number): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!reached() && performance.now() < endMs) await Bun.sleep(checkEachMs);
}
