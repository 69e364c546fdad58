/**
 * Builds what a process is made of, once: this is where the compiler holds the real things against
 * the needs that the layers state by shape. Nothing here has started; serve.ts starts it in order.
 */
import { hostname } from 'node:os';
import { type ReadyDelivery, shardOf } from '../domain/dispatch/ready-delivery.ts';
import { type EndpointId, newId, type TenantId, type WorkerId } from '../domain/ids.ts';
import { createClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { SecretBox } from '../lib/secret-box.ts';
import { createAddressGuard } from '../outbound/address-guard.ts';
import { createHttpClient } from '../outbound/http-client.ts';
import { openLockSession } from '../repositories/shard-locks.ts';
import { openDatabase } from '../repositories/transactions.ts';
import { createWakeUps, type WakeUps } from '../repositories/wake-ups.ts';
import { createKeyAuthenticator } from '../usecases/accounts/authenticate-key.ts';
import type { Change, Deps } from '../usecases/context.ts';
import { createLiveHub } from '../usecases/live/hub.ts';
import { createLiveFeeds } from '../usecases/live/live-feeds.ts';
import { createPortalVisitors, type PortalVisitors } from '../usecases/portal/identify-visitor.ts';
import { createSourceReceiver, type SourceReceiver } from '../usecases/sources/receive-source.ts';
import { createEventAcceptor } from '../usecases/webhooks/accept-event.ts';
import { createEndpointDirectory } from '../usecases/webhooks/endpoint-directory.ts';
import { createWorkerRegister } from '../usecases/workers/register-worker.ts';
import { createDeliveryEngine } from '../workers/delivery/engine.ts';
import { Leader } from '../workers/leader.ts';
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
  const wakeUps = createWakeUps({
    url: installation.directUrl,
    onTrouble(error, failures) {
      if (failures === 1) log.warn({ err: error }, 'news of other processes is not heard');
    },
  });
  const cacheTrusted = () => wakeUps.isListening();
  const keys = createKeyAuthenticator({ database, clock, cacheTrusted });
  const directory = createEndpointDirectory({ database, clock, cacheTrusted });
  const { guard, httpClient, own } = buildOutbound({ config, clock, log });
  const live = buildLive({ database, clock, wakeUps, log });
  const deps: Deps = {
    database,
    clock,
    secretBox,
    publicUrl: () => config.publicUrl ?? `http://localhost:${own.port ?? config.port}`,
    checkOutboundUrl: (url) => guard.checkUrl(url),
    wakeEndpoints: (endpointIds) => news.wakeEndpoints(endpointIds),
    announceChange: (change) => news.announceChange(change),
    tellNews: live.hub.tell,
  };
  const portal = createPortalVisitors(deps, { cacheTrusted });
  const delivery =
    config.role === 'api'
      ? null
      : buildDelivery({ config, installation, deps, log, metrics, wakeUps, send: httpClient.send });
  const news = spreadNews({
    ...{ keys, directory, portal, wakeUps, delivery, live },
    sources: () => sources,
  });
  const acceptor = createEventAcceptor({
    ...{ database, clock, directory },
    handOff: news.handOff,
    wakeOrdered: news.wakeEndpoints,
    accepted(count, projectIds) {
      metrics.eventsAccepted(count);
      for (const id of projectIds) live.hub.tell(id, ['events', 'deliveries']);
    },
  });
  const sources: SourceReceiver = createSourceReceiver({ ...deps, acceptor, cacheTrusted });

  return {
    clock,
    metrics,
    database,
    wakeUps,
    keys,
    httpClient,
    deps,
    delivery,
    acceptor,
    sources,
    live,
    portal,
    setOwnPort(port: number) {
      own.port = port;
    },
  };
}

/** The way out, and the port that is ours once it is taken: nothing is sent to it. */
function buildOutbound({
  config,
  clock,
  log,
}: Pick<Parts, 'config' | 'log'> & Pick<Deps, 'clock'>) {
  const own: { port: number | null } = { port: null };
  const guard = createAddressGuard({
    allowed: config.allowedCidrs,
    ownAddresses: () => ownAddresses(config.host, own.port),
    nowMs: clock.monotonicMs,
  });
  const httpClient = createHttpClient({
    guard,
    maxInFlight: requestsInFlightMax,
    outboundProxy: config.outboundProxy,
    log,
  });
  return { guard, httpClient, own };
}

/** What happens here is told to this process in memory and to the others by NOTIFY. */
function spreadNews(parts: {
  keys: ReturnType<typeof createKeyAuthenticator>;
  directory: ReturnType<typeof createEndpointDirectory>;
  /** Made after this: what it accepts is handed on here. */
  sources(): SourceReceiver;
  portal: PortalVisitors;
  wakeUps: ReturnType<typeof createWakeUps>;
  delivery: ReturnType<typeof buildDelivery> | null;
  live: ReturnType<typeof buildLive>;
}) {
  const { keys, directory, portal, sources, wakeUps, delivery, live } = parts;
  const isLedHere = (endpointId: EndpointId) =>
    delivery?.leader.leads(shardOf(endpointId)) === true;

  function applyChange(change: Change): void {
    if (change.kind === 'replays') delivery?.replays.wake();
    else if (change.kind === 'api_keys') keys.dropTenant(change.tenantId);
    else if (change.kind === 'sources') sources().dropTenant(change.tenantId);
    else directory.drop(change.tenantId);
    // A link ends with its project, and shows its name.
    if (['portal', 'projects'].includes(change.kind)) portal.dropTenant(change.tenantId);
    if (change.kind === 'endpoints') delivery?.engine.endpointChanged(change);
    live.applyChange(change);
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
    directory.clear();
    sources().clear();
    portal.clear();
    delivery?.engine.forgetSettings();
    live.forget();
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

/** What pages and streams show, and whose credentials may have ended meanwhile. */
function buildLive(parts: Pick<Deps, 'database' | 'clock'> & { log: Log; wakeUps: WakeUps }) {
  const { wakeUps } = parts;
  const hub = createLiveHub({ send: (texts) => wakeUps.notifyNews(texts) });
  const listeners: ((tenantId: TenantId | null) => void)[] = [];
  const credentialsChanged = (tenantId: TenantId | null) => {
    for (const listener of listeners) listener(tenantId);
  };
  wakeUps.onNews(hub.hear);
  return {
    hub,
    feeds: createLiveFeeds({ ...parts, hub }),
    isHeard: () => wakeUps.isListening(),
    onCredentialsChanged: (listener: (tenantId: TenantId | null) => void) =>
      void listeners.push(listener),
    /** After the caches have dropped it. */
    applyChange({ kind, tenantId }: Change): void {
      if (kind === 'endpoints') hub.hearTenant(tenantId, ['endpoints', 'deliveries']);
      else if (kind === 'replays') hub.hearTenant(tenantId, ['replays']);
      else credentialsChanged(tenantId);
    },
    /** What was said while nobody listened is not known. */
    forget(): void {
      hub.hearAll();
      credentialsChanged(null);
    },
  };
}

function ownAddresses(host: string, port: number | null) {
  if (port === null) return null;
  const everywhere = host === '0.0.0.0' || host === '::';
  return { port, addresses: everywhere ? ('all-local' as const) : [host] };
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
    version,
    workerName: `${host}:${process.pid}`,
    limits: { inFlightMax: deliveriesInFlightMax, pollMs: config.deliveryPollIntervalMs },
    observe: {
      ...metrics,
      attempt(outcome, projectId) {
        metrics.attempt(outcome);
        deps.tellNews(projectId, ['deliveries']);
      },
    },
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
