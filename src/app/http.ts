/**
 * HTTP of this process as a part of the service: the application, and the ingest routes in front of
 * it, on one listening socket. A worker serves health and metrics only.
 */
import { acceptWebhook } from '../controllers/api/accept-webhook.ts';
import { acceptWebhookBatch } from '../controllers/api/accept-webhook-batch.ts';
import { ingestRoutes } from '../controllers/api/webhooks.ts';
import { createIdentifyPoster } from '../controllers/authenticate.ts';
import { compressPage } from '../controllers/compress-page.ts';
import { createLiveStreams } from '../controllers/live-streams.ts';
import { noteClient } from '../controllers/remote-address.ts';
import { createServer } from '../controllers/server.ts';
import type { Log } from '../lib/log.ts';
import { readQueueFigures } from '../repositories/health.ts';
import type { Part } from '../workers/supervisor.ts';
import type { Config } from './config.ts';
import type { Service } from './deps.ts';
import { type HttpListener, listen } from './http-listener.ts';
import { pageAssets } from './page-assets.ts';

/** Counting a queue of 1 M rows takes 55 ms: scrapes share the answer for so long. */
const queueFiguresForMs = 10_000;

type HttpOptions = {
  config: Config;
  service: Service;
  log: Log;
  readiness(): Promise<string[]>;
};

export function createHttp({ config, service, log, readiness }: HttpOptions) {
  const { metrics, deps, keys, sessions, portal, acceptor, sources, database, delivery, live } =
    service;
  const { authenticate: authenticateSession } = sessions;
  const credentials = { authenticateKey: keys.authenticate, authenticateSession, portal };
  const identifyPoster = createIdentifyPoster(deps, credentials);
  const ingest = { identifyPoster, acceptor, log };
  let listener: HttpListener | null = null;
  const streams = createLiveStreams({
    limitIdle: (request, seconds) => listener?.limitIdle(request, seconds),
    changesHeard: live.isHeard,
    log,
  });
  live.onCredentialsChanged((tenantId) => streams.recheck(tenantId));
  const serverDeps = {
    ...deps,
    log,
    readiness,
    ...credentials,
    acceptWebhook: (request: Request) => acceptWebhook(ingest, request),
    acceptWebhookBatch: (request: Request) => acceptWebhookBatch(ingest, request),
    sources,
    people: service.people,
    pageAssets,
    live: { feeds: live.feeds, pages: live.pages, streams },
    httpRequest: metrics.httpRequest,
    metricsText: metrics.text,
    metricsContentType: metrics.contentType,
    metricsToken: config.metricsToken,
  };
  metrics.observe({
    pool: () => database.counts(),
    queue: cached(() => database.withWorker(readQueueFigures), queueFiguresForMs, log),
    shardsLed: () => delivery?.leader.shardsLed().length ?? 0,
  });
  const note = (request: Request, peer: string | null) =>
    noteClient(request, peer, config.trustedProxies);
  const part: Part = {
    name: 'http',
    start() {
      const app = createServer(serverDeps, config.role === 'worker' ? 'operations' : 'all');
      listener = listen({
        host: config.host,
        port: config.port,
        routes: config.role === 'worker' ? {} : ingestRoutes(serverDeps),
        // On the hot path only where a proxy may have said something.
        arrived: config.trustedProxies.length > 0 ? note : null,
        async fetch(request, peer) {
          note(request, peer);
          return compressPage(request, await app.fetch(request));
        },
      });
      service.setOwnPort(listener.port);
    },
    async stop(deadlineMs) {
      // They would never end by themselves.
      streams.stop();
      await listener?.stop(deadlineMs);
    },
  };
  return { part, port: () => listener?.port ?? config.port };
}

/** The last answer while it is young; null when there is none to be had. */
function cached<Value>(
  load: () => Promise<Value>,
  forMs: number,
  log: Log,
): () => Promise<Value | null> {
  let loading: Promise<Value | null> | null = null;
  let loadedAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = performance.now();
    if (loading !== null && nowMs - loadedAtMs < forMs) return loading;
    loadedAtMs = nowMs;
    loading = load().catch((error: unknown) => {
      log.warn({ err: error }, 'the figures of the queue cannot be read');
      return null;
    });
    return loading;
  };
}
