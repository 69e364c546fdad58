/**
 * Builds what a process is made of, once: this is where the compiler holds the real things against
 * the needs that the layers state by shape. Nothing here has started; serve.ts starts it in order.
 */
import { isEcho } from '../domain/echo.ts';
import { createClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { createPasswordHasher } from '../lib/password-hasher.ts';
import type { SecretBox } from '../lib/secret-box.ts';
import { createAddressGuard } from '../outbound/address-guard.ts';
import { createHttpClient } from '../outbound/http-client.ts';
import { createMailer } from '../outbound/mailer.ts';
import { createOidcProvider } from '../outbound/oidc-provider.ts';
import { openDatabase } from '../repositories/transactions.ts';
import { createKeyAuthenticator } from '../usecases/accounts/authenticate-key.ts';
import type { Deps } from '../usecases/context.ts';
import { createSessionAuthenticator } from '../usecases/people/authenticate-session.ts';
import type { PeopleDeps } from '../usecases/people/people-deps.ts';
import { createPortalVisitors } from '../usecases/portal/identify-visitor.ts';
import { createSourceReceiver, type SourceReceiver } from '../usecases/sources/receive-source.ts';
import { createQuotaGuard } from '../usecases/usage/quota-guard.ts';
import { createEventAcceptor } from '../usecases/webhooks/accept-event.ts';
import { createEndpointDirectory } from '../usecases/webhooks/endpoint-directory.ts';
import { createQuotaLoop } from '../workers/quota-loop.ts';
import { commit, version } from './build.ts';
import type { Config } from './config.ts';
import { buildDelivery } from './delivery.ts';
import type { Installation } from './installation.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { buildLive, buildWakeUps, spreadNews } from './news.ts';

/** Lock session, listener, and the administrator's hourly visits: partitions made and dropped. */
const connectionsBesidePool = 4;
/** Above the deliveries at once (delivery.ts), below Bun's own bound (main.ts). */
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
  const { guard, httpClient, own } = buildOutbound({ config, clock, log });
  const live = buildLive({ database, clock, wakeUps, log });
  const mailer = config.mail === null ? null : createMailer({ ...config.mail, log });
  const deps: Deps = {
    database,
    clock,
    secretBox,
    version,
    eventsKeptMs: config.retentionEventsMs,
    publicUrl: () => config.publicUrl ?? `http://localhost:${own.port ?? config.port}`,
    checkOutboundUrl: async (url) => (isEcho(url) ? null : guard.checkUrl(url)),
    wakeEndpoints: (endpointIds) => news.wakeEndpoints(endpointIds),
    announceChange: (change) => news.announceChange(change),
    tellNews: live.hub.tell,
    mail: mailer?.post ?? null,
  };
  const people = buildPeople(config, deps);
  const portal = createPortalVisitors(deps, { cacheTrusted });
  const delivery =
    config.role === 'api'
      ? null
      : buildDelivery({ config, installation, deps, log, metrics, wakeUps, send: httpClient.send });
  const quotas = buildQuotas(deps, log, metrics);
  const news = spreadNews({
    ...{ keys, sessions, directory, portal, wakeUps, delivery, live },
    quotaLoop: quotas.loop,
    sources: () => sources,
  });
  const acceptor = createEventAcceptor({
    ...{ database, clock, directory, quotas: quotas.guard },
    handOff: news.handOff,
    wakeOrdered: news.wakeEndpoints,
    accepted(count, projectIds) {
      metrics.eventsAccepted(count);
      for (const id of projectIds) live.hub.tell(id, ['events', 'deliveries']);
    },
  });
  const sources: SourceReceiver = createSourceReceiver({ ...deps, acceptor, cacheTrusted });

  return {
    ...{ clock, metrics, database, wakeUps, keys, sessions, httpClient, deps, people, mailer },
    ...{ delivery, quotaLoop: quotas.loop, acceptor, sources, live, portal },
    setOwnPort(port: number) {
      own.port = port;
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

function ownAddresses(host: string, port: number | null) {
  if (port === null) return null;
  const everywhere = host === '0.0.0.0' || host === '::';
  return { port, addresses: everywhere ? ('all-local' as const) : [host] };
}

function buildQuotas(deps: Deps, log: Log, metrics: Metrics) {
  const guard = createQuotaGuard(deps);
  const onRun = (outcome: 'success' | 'failure', seconds: number) =>
    metrics.job('quotas', outcome, seconds);
  return { guard, loop: createQuotaLoop({ guard, log, onRun }) };
}
