/**
 * The HTTP side as one Elysia app, not listening: `Bun.serve({ fetch: app.fetch })` does. Order for
 * each request: its id, then the route; every answer carries the id, every error becomes a problem
 * here, or a page for who asked for one, and every answer is measured under its route's pattern.
 */
import { Elysia, NotFoundError } from 'elysia';
import type { Log } from '../lib/log.ts';
import type { Deps } from '../usecases/context.ts';
import { listPublicKeys } from '../usecases/endpoints/list-public-keys.ts';
import type { PeopleDeps } from '../usecases/people/people-deps.ts';
import type { PortalVisitors } from '../usecases/portal/identify-visitor.ts';
import { answerError, commonHeaders, problemOf } from './answer-error.ts';
import type { JsonObject } from './api/description.ts';
import { buildDocument } from './api/document.ts';
import type { EventStreamDeps } from './api/event-stream.ts';
import type { ReceiverDeps } from './api/receive-source.ts';
import { apiRoutes } from './api/routes.ts';
import type { IngestHandlers } from './api/webhooks.ts';
import { type AssetSource, type Assets, assetRoutes, createAssets } from './assets.ts';
import { type AuthenticateKey, createIdentify } from './authenticate.ts';
import {
  type AuthenticateSession,
  createIdentifyPerson,
  createMemberContext,
} from './identify-person.ts';
import { createKnownPaths } from './known-paths.ts';
import type { PageLiveDeps } from './live-streams.ts';
import { type OpsDeps, opsRoutes } from './ops.ts';
import { errorPage } from './pages/error-page.ts';
import { createFiles, type LoadFiles } from './pages/files.ts';
import type { PageDeps } from './pages/page.ts';
import { pageRoutes } from './pages/routes.ts';
import { createFindPortalFrames, createIdentifyPortal } from './portal.ts';
import { problemResponse } from './problem.ts';
import { requestFacts } from './request-id.ts';
import { requireSameOrigin } from './same-origin.ts';
import { swaggerAssets, swaggerRoutes } from './swagger.ts';
import { transportSecurity, transportSecurityName } from './transport-security.ts';
import { wellKnownRoutes } from './well-known.ts';

export type ServerDeps = Deps &
  OpsDeps &
  IngestHandlers & {
    log: Log;
    authenticateKey: AuthenticateKey;
    authenticateSession: AuthenticateSession;
    sources: ReceiverDeps;
    people: PeopleDeps;
    pageAssets: readonly AssetSource[];
    live: EventStreamDeps & PageLiveDeps;
    portal: Pick<PortalVisitors, 'identify' | 'listFrameOrigins'>;
    /** One observation an answer; `route` is the pattern, `unmatched` where there is none. */
    httpRequest(method: string, route: string, status: number, seconds: number): void;
  };

/** The label of all paths that nothing stands at: a raw path would be a label without bound. */
const unmatchedRoute = 'unmatched';
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** A worker serves `operations`: health and metrics only. */
export function createServer(deps: ServerDeps, serves: 'all' | 'operations' = 'all') {
  const assets = createAssets([...deps.pageAssets, ...swaggerAssets]);
  const files = createFiles(assets);
  const app = new Elysia()
    .onRequest(({ request, set }) => {
      Object.assign(set.headers, commonHeaders);
      const secure = transportSecurity(request, deps.publicUrl());
      if (secure !== null) set.headers[transportSecurityName] = secure;
      set.headers['x-request-id'] = requestFacts(request).id;
    })
    .onError(async ({ error, request, route, set }) => {
      const response = await answer(error, request, route);
      // The hook below sees no answer of an error, only this.
      set.status = response.status;
      return response;
    })
    .onAfterResponse(({ request, route, set, responseValue }) => {
      const status = responseValue instanceof Response ? responseValue.status : set.status;
      const method = knownMethods.has(request.method) ? request.method : 'other';
      const seconds = (performance.now() - requestFacts(request).startedMs) / 1_000;
      deps.httpRequest(method, route || unmatchedRoute, Number(status ?? 200), seconds);
    })
    .use(opsRoutes(deps))
    .use(serves === 'all' ? publicRoutes(deps, assets, files) : new Elysia());
  const methodsOf = createKnownPaths(app.routes);
  return app;

  async function answer(
    error: unknown,
    request: Request,
    route: string | undefined,
  ): Promise<Response> {
    const allowed = error instanceof NotFoundError ? methodsOf(new URL(request.url).pathname) : [];
    if (allowed.length > 0) return answerMethod(request, allowed);
    if (serves === 'all' && wantsPage(request)) {
      const { readiness, log } = deps;
      return errorPage({ files, readiness }, request, problemOf(log, error, request, route));
    }
    return answerError(deps.log, error, request, route);
  }
}

/** Whether a person in a browser is looking: programs get problem documents everywhere. */
function wantsPage(request: Request): boolean {
  const isApi = new URL(request.url).pathname.startsWith('/api/');
  return !isApi && /\btext\/html\b/.test(request.headers.get('accept') ?? '');
}

function publicRoutes(deps: ServerDeps, assets: Assets, files: LoadFiles) {
  const identify = createIdentify(deps, deps);
  const api = new Elysia()
    .use(apiRoutes(identify, { ingest: deps, sources: deps.sources, live: deps.live }))
    .use(wellKnownRoutes((id) => listPublicKeys(deps, id)));
  return new Elysia()
    .use(swaggerRoutes(buildDocument(api.routes), assets))
    .use(assetRoutes(assets))
    .use(api)
    .use(pageRoutes(pageDepsOf(deps, files)));
}

function pageDepsOf(deps: ServerDeps, files: LoadFiles): PageDeps {
  return {
    ...{ deps, files, log: deps.log, readiness: deps.readiness, people: deps.people },
    live: deps.live,
    identifyPerson: createIdentifyPerson(deps, deps.authenticateSession),
    memberContext: createMemberContext(deps),
    identifyPortal: createIdentifyPortal(deps.portal),
    findPortalFrames: createFindPortalFrames(deps.portal),
    requireSameOrigin: (request) => requireSameOrigin(request, deps.publicUrl()),
  };
}

/** Needs no database: the routes are described, not called. */
export function openapiDocument(): JsonObject {
  const unasked = () => Promise.reject(new Error('the document was built to be read'));
  const unreceived = { receive: unasked, answerCrc: unasked };
  const unwatched: EventStreamDeps = {
    feeds: { attach: () => () => {}, isWatched: () => false },
    streams: { open: () => new Response() },
  };
  const uningested = { acceptWebhook: unasked, acceptWebhookBatch: unasked };
  const api = new Elysia()
    .use(apiRoutes(unasked, { ingest: uningested, sources: unreceived, live: unwatched }))
    .use(wellKnownRoutes(unasked));
  return buildDocument(api.routes);
}

function answerMethod(request: Request, allowed: readonly string[]): Response {
  const allow = allowed.join(', ');
  const detail = `This path knows ${allow}, not ${request.method}.`;
  return problemResponse(
    { code: 'method_not_allowed', detail, headers: { allow } },
    requestFacts(request).id,
  );
}
