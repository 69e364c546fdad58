/**
 * The HTTP side on a real database, asked as a client would. Every answer of the API is held
 * against the OpenAPI document: its status must be described and its body must match, to the last
 * member; the body of a request that succeeds must match too. Only the outside is faked: which
 * URLs are allowed, and who hears of wake-ups and changes.
 */
import Ajv, { type ValidateFunction } from 'ajv/dist/2020';
import { pageAssets } from '../../src/app/page-assets.ts';
import { acceptWebhook } from '../../src/controllers/api/accept-webhook.ts';
import { acceptWebhookBatch } from '../../src/controllers/api/accept-webhook-batch.ts';
import { createIdentifyPoster } from '../../src/controllers/authenticate.ts';
import { compressPage } from '../../src/controllers/compress-page.ts';
import { createLiveStreams, type LiveStreams } from '../../src/controllers/live-streams.ts';
import { noteClient } from '../../src/controllers/remote-address.ts';
import { createServer, openapiDocument } from '../../src/controllers/server.ts';
import type { Cidr } from '../../src/domain/addresses.ts';
import type { EndpointId } from '../../src/domain/ids.ts';
import type { Scope } from '../../src/domain/scopes.ts';
import { createClock } from '../../src/lib/clock.ts';
import { createLog, type Log } from '../../src/lib/log.ts';
import { createPasswordHasher } from '../../src/lib/password-hasher.ts';
import { createKeyAuthenticator } from '../../src/usecases/accounts/authenticate-key.ts';
import type { Change, Deps } from '../../src/usecases/context.ts';
import { createLiveHub } from '../../src/usecases/live/hub.ts';
import type { LiveFeedDeps } from '../../src/usecases/live/live-feed.ts';
import { createLiveFeeds } from '../../src/usecases/live/live-feeds.ts';
import { createPageFeeds } from '../../src/usecases/live/page-feeds.ts';
import { createSessionAuthenticator } from '../../src/usecases/people/authenticate-session.ts';
import type { PeopleDeps } from '../../src/usecases/people/people-deps.ts';
import {
  createPortalVisitors,
  type PortalVisitors,
} from '../../src/usecases/portal/identify-visitor.ts';
import {
  createSourceReceiver,
  type SourceReceiver,
} from '../../src/usecases/sources/receive-source.ts';
import { createQuotaGuard, type QuotaGuard } from '../../src/usecases/usage/quota-guard.ts';
import { createEventAcceptor } from '../../src/usecases/webhooks/accept-event.ts';
import { createEndpointDirectory } from '../../src/usecases/webhooks/endpoint-directory.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { createKey, createTenant, type TestTenant, testSecretBox } from './tenants.ts';

type Json = Record<string, unknown>;

export type Answer = {
  status: number;
  headers: Headers;
  text: string;
  body: unknown;
  /** The member of the body at this dotted path, which must be a text. */
  string(path: string): string;
  /** The ids of a list, in its order. */
  ids(): string[];
};

type Sent = {
  key?: string | undefined;
  body?: unknown;
  /** Sent as it is, with no content type of its own. */
  rawBody?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
};

export type TestApi = {
  db: TestDatabase;
  /** As the router has them. */
  routes: readonly { method: string; path: string }[];
  url: URL;
  deps: Deps;
  /** Set to change who may sign up, and whether mail is sent. */
  people: PeopleDeps;
  /** Its loop does not run: a test says when it looks. */
  quotas: QuotaGuard;
  woken: EndpointId[];
  changes: Change[];
  /** What was measured; an answer is measured after it was sent, hence `untilObserved`. */
  observed: { method: string; route: string; status: number }[];
  untilObserved(count: number): Promise<void>;
  logged: Json[];
  /** Set to refuse URLs. */
  outbound: { refusal: string | null };
  readiness: { reasons: string[] };
  /** How often each query was sent. */
  queries: ReadonlyMap<string, number>;
  streams: LiveStreams;
  portal: PortalVisitors;
  sources: SourceReceiver;
  send(method: string, path: string, sent?: Sent): Promise<Answer>;
  newTenant(): Promise<TestTenant & { key: string }>;
  keyOf(tenant: TestTenant, scopes: Scope[], options?: { tenantWide: boolean }): Promise<string>;
  stop(): Promise<void>;
};

type ApiOptions = {
  metricsToken?: string;
  /** PUBLIC_URL is where it listens, as a browser wants it; else an https address of nobody. */
  atItsUrl?: boolean;
  trustedProxies?: readonly Cidr[];
};

export async function startApi(options: ApiOptions = {}): Promise<TestApi> {
  const { db, queries } = await createCountedDatabase();
  const clock = createClock();
  const { database } = db;
  const authenticator = createKeyAuthenticator({ database, clock, cacheTrusted: () => true });
  const sessions = createSessionAuthenticator({ database, clock, cacheTrusted: () => true });
  const directory = createEndpointDirectory({ database, clock, cacheTrusted: () => true });
  const woken: EndpointId[] = [];
  const changes: Change[] = [];
  const { observe, ...observer } = createObserver();
  const outbound: TestApi['outbound'] = { refusal: null };
  const readiness: TestApi['readiness'] = { reasons: [] };
  const { log, logged } = createMemoryLog();
  const hub = createLiveHub({ send: () => {} });
  const deps: Deps = {
    ...{ database, clock, secretBox: testSecretBox, version: '0.0.0' },
    eventsKeptMs: 30 * 86_400_000,
    publicUrl: () => (options.atItsUrl ? server.url.origin : 'https://opsforge.test'),
    checkOutboundUrl: async () => outbound.refusal,
    mail: null,
    wakeEndpoints: (ids) => void woken.push(...ids),
    announceChange(change) {
      changes.push(change);
      if (change.kind === 'people') {
        sessions.dropPerson(change.userId);
        streams.recheck(null);
        return;
      }
      authenticator.dropTenant(change.tenantId);
      directory.drop(change.tenantId);
      sources.dropTenant(change.tenantId);
      portal.dropTenant(change.tenantId);
      streams.recheck(change.tenantId);
    },
    tellNews: hub.tell,
  };
  const people = peopleDepsOf(deps);
  const quotas = createQuotaGuard(deps);
  const acceptor = createEventAcceptor({
    ...{ database, clock, directory, quotas },
    handOff: (ready) => void woken.push(...ready.map(({ endpointId }) => endpointId)),
    wakeOrdered: deps.wakeEndpoints,
    accepted(_count, projectIds) {
      for (const id of projectIds) hub.tell(id, ['events', 'deliveries']);
    },
  });
  const { authenticate: authenticateSession } = sessions;
  const { authenticate: authenticateKey } = authenticator;
  const portal = createPortalVisitors(deps, { cacheTrusted: () => true });
  const credentials = { authenticateKey, authenticateSession, portal };
  const ingest = { identifyPoster: createIdentifyPoster(deps, credentials), acceptor, log };
  const sources = createSourceReceiver({ ...deps, acceptor, cacheTrusted: () => true });
  const limitIdle = (request: Request, seconds: number) => server.timeout(request, seconds);
  const streams = createLiveStreams({ limitIdle, changesHeard: () => true, log });
  const app = createServer({
    ...deps,
    log,
    ...credentials,
    live: liveOf({ database, clock, hub, log }, streams),
    acceptWebhook: (request) => acceptWebhook(ingest, request),
    acceptWebhookBatch: (request) => acceptWebhookBatch(ingest, request),
    ...{ sources, people, pageAssets },
    httpRequest: observe,
    readiness: async () => readiness.reasons,
    metricsText: async () => 'metric 1\n',
    metricsContentType: 'text/plain; version=0.0.4; charset=utf-8',
    metricsToken: options.metricsToken ?? null,
  });
  const server = listen(app.fetch, options.trustedProxies ?? []);
  const send = createSender(server.url);
  const newTenant = () => createTenantWithKey(database);

  return {
    ...{ db, deps, people, quotas, woken, changes, logged, outbound, readiness, send, newTenant },
    ...{ routes: app.routes, queries, streams, portal, sources, url: server.url, ...observer },
    async keyOf(tenant, scopes, { tenantWide } = { tenantWide: false }) {
      const options = tenantWide ? { scopes, projectId: null } : { scopes };
      return (await createKey(database, tenant, options)).key;
    },
    async stop() {
      hub.stop();
      await server.stop(true);
      await db.drop();
    },
  };
}

async function createTenantWithKey(database: TestDatabase['database']) {
  const tenant = await createTenant(database);
  const { key } = await createKey(database, tenant);
  return { ...tenant, key };
}

function liveOf(parts: LiveFeedDeps, streams: LiveStreams) {
  return { feeds: createLiveFeeds(parts), pages: createPageFeeds(parts), streams };
}

/** As after a start without settings: only the first account is made by oneself. */
function peopleDepsOf(deps: Deps): PeopleDeps {
  return { ...deps, passwords: createPasswordHasher(), signUp: 'first', singleSignOn: null };
}

function createObserver() {
  const observed: TestApi['observed'] = [];
  const onObserved = new Set<() => void>();
  return {
    observed,
    observe(method: string, route: string, status: number): void {
      observed.push({ method, route, status });
      for (const look of onObserved) look();
    },
    untilObserved: (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (observed.length < count) return;
          onObserved.delete(look);
          resolve();
        };
        onObserved.add(look);
        look();
      }),
  };
}

function listen(
  handle: (request: Request) => Response | Promise<Response>,
  trustedProxies: readonly Cidr[],
) {
  return Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request, self) {
      noteClient(request, self.requestIP(request)?.address ?? null, trustedProxies);
      return compressPage(request, await handle(request));
    },
  });
}

/** Holds each answer against the document. */
function createSender(url: URL): TestApi['send'] {
  const check = createDocumentCheck();
  return async (method, path, sent = {}) => {
    // Gzipped, the length of an answer would hang on the id that it carries.
    const headers = new Headers({ 'accept-encoding': 'identity', ...sent.headers });
    if (sent.key !== undefined) headers.set('authorization', `Bearer ${sent.key}`);
    let body = sent.rawBody;
    if (sent.body !== undefined) {
      headers.set('content-type', 'application/json');
      body = JSON.stringify(sent.body);
    }
    const init = body === undefined ? { method, headers } : { method, headers, body };
    const response = await fetch(new URL(path, url), { ...init, redirect: 'manual' });
    const isStream = response.headers.get('content-type') === 'text/event-stream';
    const text = isStream ? await readFirst(response) : await response.text();
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
    const { status, headers: answered } = response;
    const answer = makeAnswer(
      status,
      answered,
      text,
      isJson && text !== '' ? JSON.parse(text) : null,
    );
    check(method, new URL(path, url).pathname, sent.body, answer);
    return answer;
  };
}

/** Of an answer that does not end: what comes first; then its client goes away. */
async function readFirst(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const read = await reader?.read();
  await reader?.cancel();
  return new TextDecoder().decode(read?.value);
}

async function createCountedDatabase() {
  const queries = new Map<string, number>();
  const db = await createTestDatabase({
    onQuery: (query) => void queries.set(query, (queries.get(query) ?? 0) + 1),
  });
  return { db, queries };
}

function makeAnswer(status: number, headers: Headers, text: string, body: unknown): Answer {
  return {
    ...{ status, headers, text, body },
    string(path) {
      const value = path.split('.').reduce<unknown>((at, name) => Object(at)[name], body);
      if (typeof value !== 'string') throw new Error(`${path} is no text in ${status} ${text}`);
      return value;
    },
    ids: () => Object(body).data.map((item: Json) => String(item['id'])),
  };
}

/** Keeps what is logged, and writes nothing. */
function createMemoryLog(): { log: Log; logged: Json[] } {
  const logged: Json[] = [];
  const log = createLog('silent');
  log.error = (fields: unknown, message?: string) => {
    logged.push({ ...Object(fields), message });
  };
  return { log, logged };
}

type Operation = {
  requestBody?: { content: Json };
  responses: Record<string, Json>;
};

/** Throws when an answer is not as the document says. Paths outside the API are not held to it. */
function createDocumentCheck() {
  const document = openapiDocument();
  const ajv = new Ajv({ strict: false, allErrors: true, formats });
  ajv.addSchema({ $id: 'document', ...closed(document) });
  const compiled = new Map<string, ValidateFunction>();
  const validator = (pointer: string) => {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `document#${pointer}` });
    compiled.set(pointer, known);
    return known;
  };

  return (method: string, path: string, sentBody: unknown, answer: Answer): void => {
    const found = findOperation(document, method, path);
    if (found === null) return;
    const { operation, pointer } = found;
    const call = `${method} ${path} → ${answer.status}`;
    const response = operation.responses[answer.status];
    if (response === undefined) throw new Error(`${call}: the status is not in the document`);
    const reference = response['$ref'];
    const at =
      typeof reference === 'string' ? reference.slice(1) : `${pointer}/responses/${answer.status}`;
    const content = resolve(document, at)['content'];
    if (content === undefined) {
      if (answer.text !== '') throw new Error(`${call}: a body, and none is described`);
      return;
    }
    const types = Object.keys(Object(content));
    const type = types.find((one) => answer.headers.get('content-type')?.startsWith(one));
    if (type === undefined) {
      throw new Error(`${call}: ${answer.headers.get('content-type')} instead of ${types}`);
    }
    const said = /\bjson\b/.test(type) ? answer.body : answer.text;
    hold(validator(`${at}/content/${pointerPart(type)}/schema`), said, `${call}: answer`);
    if (answer.status < 300 && sentBody !== undefined) {
      const body = `${pointer}/requestBody/content/application~1json/schema`;
      hold(validator(body), sentBody, `${call}: accepted body`);
    }
  };
}

function hold(validate: ValidateFunction, value: unknown, what: string): void {
  if (validate(value)) return;
  throw new Error(`${what} is not as described: ${JSON.stringify(validate.errors)}`);
}

const formats = {
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/,
  date: /^\d{4}-\d\d-\d\d$/,
  uri: /^[a-z][a-z0-9+.-]*:/i,
};

/** A copy in which no object may hold a member that is not described. */
function closed(document: Json): Json {
  return JSON.parse(JSON.stringify(document), (_key, value) =>
    value?.type === 'object' && value.properties && value.additionalProperties === undefined
      ? { ...value, additionalProperties: false }
      : value,
  );
}

const pointerPart = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');

function resolve(document: Json, pointer: string): Json {
  const names = pointer.split('/').slice(1);
  return names.reduce<Json>(
    (at, name) => Object(at[name.replaceAll('~1', '/').replaceAll('~0', '~')]),
    document,
  );
}

function findOperation(document: Json, method: string, path: string) {
  const paths = Object(document['paths']) as Record<string, Record<string, Operation>>;
  for (const [template, methods] of Object.entries(paths)) {
    const pattern = new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}/?$`);
    const operation = pattern.test(path) ? methods[method.toLowerCase()] : undefined;
    if (operation === undefined) continue;
    return { operation, pointer: `/paths/${pointerPart(template)}/${method.toLowerCase()}` };
  }
  return null;
}
