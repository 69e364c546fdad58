/**
 * Builds what a process is made of, once: this is where the compiler holds the real things against
 * the needs that the layers state by shape. Nothing here has started; serve.ts starts it in order.
 */
import { hostname } from 'node:os';
import { type ReadyDelivery, shardOf } from '../domain/dispatch/ready-delivery.ts';
import { type EndpointId, newId, type WorkerId } from '../domain/ids.ts';
import { type Clock, createClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { createPasswordHasher } from '../lib/password-hasher.ts';
import type { SecretBox } from '../lib/secret-box.ts';
import { createAddressGuard } from '../outbound/address-guard.ts';
import { createHttpClient } from '../outbound/http-client.ts';
import { createMailer } from '../outbound/mailer.ts';
import { createOidcProvider } from '../outbound/oidc-provider.ts';
import { openLockSession } from '../repositories/shard-locks.ts';
import { type Database, openDatabase } from '../repositories/transactions.ts';
import { createWakeUps } from '../repositories/wake-ups.ts';
import { createKeyAuthenticator } from '../usecases/accounts/authenticate-key.ts';
import type { Change, Deps } from '../usecases/context.ts';
import {
  createSessionAuthenticator,
  type SessionAuthenticator,
} from '../usecases/people/authenticate-session.ts';
import type { PeopleDeps } from '../usecases/people/people-deps.ts';
import { createSourceReceiver, type SourceReceiver } from '../usecases/sources/receive-source.ts';
import { createQuotaGuard } from '../usecases/usage/quota-guard.ts';
import { createEventAcceptor } from '../usecases/webhooks/accept-event.ts';
import { createEndpointDirectory } from '../usecases/webhooks/endpoint-directory.ts';
import { createWorkerRegister } from '../usecases/workers/register-worker.ts';
import { createDeliveryEngine } from '../workers/delivery/engine.ts';
import { Leader } from '../workers/leader.ts';
import { createQuotaLoop } from '../workers/quota-loop.ts';
import { createReplayLoop } from '../workers/replay-loop.ts';
import { commit, version } from './build.ts';
import type { Config } from './config.ts';
import type { Installation } from './installation.ts';
import { createMetrics } from './metrics.ts';

/** Lock session, listener, and the administrator's hourly visits: partitions made and dropped. */
const connectionsBesidePool = 4;
/** Deliveries at once; the client's bound is above it, Bun's (main.ts) above both. */
const deliveriesInFlightMax = 256;
const requestsInFlightMax = 512;

type Parts = { config: Config; installation: Installation; log: Log; secretBox: SecretBox };

export type Service = ReturnType<typeof buildService>;

export function buildService({ config, installation, log, secretBox }: Parts) {
  const clock = createClock();
  const metrics = createMetrics({ version, commit });
  const database = openDatabase({
    url: installation.appUrl,
    poolSize: config.databasePoolSize - connectionsBesidePool,
    applicationName: `opsforge ${config.role}`,
    onQuery: metrics.query,
  });
  const wakeUps = buildWakeUps(installation, log, database);
  const cacheTrusted = () => wakeUps.isListening();
  const cached = { database, clock, cacheTrusted };
  const keys = createKeyAuthenticator(cached);
  const directory = createEndpointDirectory(cached);
  const sessions = createSessionAuthenticator(cached);
  let ownPort: number | null = null;
  const { guard, httpClient } = buildOutbound({ config, clock, log, ownPort: () => ownPort });

  const mailer = config.mail === null ? null : createMailer({ ...config.mail, log });
  const deps: Deps = {
    database,
    clock,
    secretBox,
    version,
    eventsKeptMs: config.retentionEventsMs,
    publicUrl: () => config.publicUrl ?? `http://localhost:${ownPort ?? config.port}`,
    checkOutboundUrl: (url) => guard.checkUrl(url),
    wakeEndpoints: (endpointIds) => news.wakeEndpoints(endpointIds),
    announceChange: (change) => news.announceChange(change),
    mail: mailer?.post ?? null,
  };
  const people = buildPeople(config, deps);
  const delivery =
    config.role === 'api'
      ? null
      : buildDelivery({ config, installation, deps, log, metrics, wakeUps, send: httpClient.send });
  const quotas = buildQuotas(deps, log, metrics);
  const news = spreadNews({
    ...{ keys, sessions, directory, quotas, wakeUps, delivery },
    sources: () => sources,
  });
  const acceptor = createEventAcceptor({
    ...{ database, clock, directory, quotas: quotas.guard },
    handOff: news.handOff,
    wakeOrdered: news.wakeEndpoints,
    accepted: metrics.eventsAccepted,
  });
  const sources: SourceReceiver = createSourceReceiver({ ...deps, acceptor, cacheTrusted });

  return {
    clock,
    metrics,
    database,
    wakeUps,
    keys,
    sessions,
    httpClient,
    deps,
    people,
    mailer,
    delivery,
    quotaLoop: quotas.loop,
    acceptor,
    sources,
    setOwnPort(port: number) {
      ownPort = port;
    },
  };
}

function buildPeople(config: Config, deps: Deps): PeopleDeps {
  return {
    ...deps,
    passwords: createPasswordHasher(),
    signUp: config.signup,
    singleSignOn: config.oidc === null ? null : createOidcProvider(config.oidc),
  };
}

function buildWakeUps(installation: Installation, log: Log, database: Database) {
  return createWakeUps({
    url: installation.directUrl,
    onTrouble(error, failures) {
      if (failures > 1) return;
      log.warn({ err: error }, 'news of other processes is not heard');
      database.distrust();
    },
  });
}

/** What happens here is told to this process in memory and to the others by NOTIFY. */
function spreadNews(parts: {
  keys: ReturnType<typeof createKeyAuthenticator>;
  sessions: SessionAuthenticator;
  directory: ReturnType<typeof createEndpointDirectory>;
  /** Made after this: what it accepts is handed on here. */
  sources(): SourceReceiver;
  quotas: ReturnType<typeof buildQuotas>;
  wakeUps: ReturnType<typeof createWakeUps>;
  delivery: ReturnType<typeof buildDelivery> | null;
}) {
  const { keys, sessions, directory, sources, quotas, wakeUps, delivery } = parts;
  const isLedHere = (endpointId: EndpointId) =>
    delivery?.leader.leads(shardOf(endpointId)) === true;

  function applyChange(change: Change): void {
    if (change.kind === 'replays') {
      delivery?.replays.wake();
      return;
    }
    if (change.kind === 'people') {
      sessions.dropPerson(change.userId);
      return;
    }
    if (change.kind === 'quotas') {
      quotas.loop.wake();
      return;
    }
    if (change.kind === 'api_keys') keys.dropTenant(change.tenantId);
    else if (change.kind === 'sources') sources().dropTenant(change.tenantId);
    else directory.drop(change.tenantId);
    if (change.kind === 'endpoints') delivery?.engine.endpointChanged(change);
  }
  function notifyOthers(endpointIds: readonly EndpointId[]): void {
    const elsewhere = new Set(endpointIds.filter((id) => !isLedHere(id)).map(shardOf));
    if (elsewhere.size > 0) wakeUps.notifyShards([...elsewhere]);
  }

  wakeUps.onChange(applyChange);
  wakeUps.onShards((shards) => delivery?.engine.wakeShards(shards));
  // What was said while nobody listened is not known: everything may have changed.
  wakeUps.onListening(() => {
    keys.clear();
    sessions.clear();
    directory.clear();
    sources().clear();
    quotas.loop.wake();
    delivery?.engine.forgetSettings();
  });

  return {
    announceChange(change: Change): void {
      applyChange(change);
      void wakeUps.notifyChange(change);
    },
    wakeEndpoints(endpointIds: readonly EndpointId[]): void {
      delivery?.engine.wakeEndpoints(endpointIds.filter(isLedHere));
      notifyOthers(endpointIds);
    },
    handOff(deliveries: ReadyDelivery[]): void {
      // The engine passes over those of shards that are led elsewhere.
      delivery?.engine.offer(deliveries);
      notifyOthers(deliveries.map(({ endpointId }) => endpointId));
    },
  };
}

function buildOutbound(parts: {
  config: Config;
  clock: Clock;
  log: Log;
  ownPort(): number | null;
}) {
  const { config, clock, log, ownPort } = parts;
  const guard = createAddressGuard({
    allowed: config.allowedCidrs,
    ownAddresses: () => ownAddresses(config.host, ownPort()),
    nowMs: clock.monotonicMs,
  });
  const httpClient = createHttpClient({
    guard,
    maxInFlight: requestsInFlightMax,
    outboundProxy: config.outboundProxy,
    log,
  });
  return { guard, httpClient };
}

function ownAddresses(host: string, port: number | null) {
  if (port === null) return null;
  const everywhere = host === '0.0.0.0' || host === '::';
  return { port, addresses: everywhere ? ('all-local' as const) : [host] };
}

function buildQuotas(deps: Deps, log: Log, metrics: ReturnType<typeof createMetrics>) {
  const guard = createQuotaGuard(deps);
  const onRun = (outcome: 'success' | 'failure', seconds: number) =>
    metrics.job('quotas', outcome, seconds);
  return { guard, loop: createQuotaLoop({ guard, log, onRun }) };
}

/** The engine, the leader that tells it which shards are its own, and what makes replays. */
function buildDelivery(parts: {
  config: Config;
  installation: Installation;
  deps: Deps;
  log: Log;
  metrics: ReturnType<typeof createMetrics>;
  wakeUps: ReturnType<typeof createWakeUps>;
  send: ReturnType<typeof createHttpClient>['send'];
}) {
  const { config, installation, deps, log, metrics, wakeUps, send } = parts;
  const id = newId<WorkerId>(deps.clock.databaseNow());
  const host = hostname();
  const engine = createDeliveryEngine({
    ...deps,
    send,
    log,
    workerName: `${host}:${process.pid}`,
    limits: { inFlightMax: deliveriesInFlightMax, pollMs: config.deliveryPollIntervalMs },
    observe: metrics,
    isListening: () => wakeUps.isListening(),
  });
  const leader = new Leader({
    openSession: (events) => openLockSession({ url: installation.directUrl, ...events }),
    follower: engine,
    register: createWorkerRegister(deps, {
      id,
      host,
      pid: process.pid,
      region: config.region,
      version,
    }),
    log,
  });
  const replays = createReplayLoop({
    deps,
    pollMs: config.deliveryPollIntervalMs,
    log,
    onRun: (outcome, seconds) => metrics.job('replays', outcome, seconds),
  });
  return { engine, leader, replays };
}
