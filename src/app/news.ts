/**
 * Who is told what: a change or news of this process goes to its own caches, loops and streams in
 * memory and to the other processes by NOTIFY, and theirs comes here the same way.
 */
import { type ReadyDelivery, shardOf } from '../domain/dispatch/ready-delivery.ts';
import type { EndpointId, TenantId } from '../domain/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../repositories/transactions.ts';
import { createWakeUps, type WakeUps } from '../repositories/wake-ups.ts';
import type { KeyAuthenticator } from '../usecases/accounts/authenticate-key.ts';
import type { Change, Deps } from '../usecases/context.ts';
import { createLiveHub } from '../usecases/live/hub.ts';
import { createLiveFeeds } from '../usecases/live/live-feeds.ts';
import { createPageFeeds } from '../usecases/live/page-feeds.ts';
import type { SessionAuthenticator } from '../usecases/people/authenticate-session.ts';
import type { PortalVisitors } from '../usecases/portal/identify-visitor.ts';
import type { SourceReceiver } from '../usecases/sources/receive-source.ts';
import type { EndpointDirectory } from '../usecases/webhooks/endpoint-directory.ts';
import type { Delivery } from './delivery.ts';
import type { Installation } from './installation.ts';

export type Live = ReturnType<typeof buildLive>;

export function buildWakeUps(installation: Installation, log: Log, database: Database): WakeUps {
  return createWakeUps({
    url: installation.directUrl,
    onTrouble(error, failures) {
      if (failures > 1) return;
      log.warn({ err: error }, 'news of other processes is not heard');
      database.distrust();
    },
  });
}

/** What pages and streams show, and whose credentials may have ended meanwhile. */
export function buildLive(
  parts: Pick<Deps, 'database' | 'clock'> & { log: Log; wakeUps: WakeUps },
) {
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
    pages: createPageFeeds({ hub }),
    isHeard: () => wakeUps.isListening(),
    onCredentialsChanged: (listener: (tenantId: TenantId | null) => void) =>
      void listeners.push(listener),
    /** After the caches have dropped it. */
    applyChange(change: Change): void {
      if (change.kind === 'endpoints') hub.hearTenant(change.tenantId, ['endpoints', 'deliveries']);
      else if (change.kind === 'replays') hub.hearTenant(change.tenantId, ['replays']);
      // Of whichever tenants: all streams ask, and all but this person's are answered by a cache.
      else if (change.kind === 'people') credentialsChanged(null);
      else if (['api_keys', 'projects', 'portal'].includes(change.kind)) {
        credentialsChanged(change.tenantId);
      }
    },
    /** What was said while nobody listened is not known. */
    forget(): void {
      hub.hearAll();
      credentialsChanged(null);
    },
  };
}

/** What happens here is told to this process in memory and to the others by NOTIFY. */
export function spreadNews(parts: {
  keys: Pick<KeyAuthenticator, 'dropTenant' | 'clear'>;
  sessions: SessionAuthenticator;
  directory: Pick<EndpointDirectory, 'drop' | 'clear'>;
  /** Made after this: what it accepts is handed on here. */
  sources(): SourceReceiver;
  portal: PortalVisitors;
  quotaLoop: { wake(): void };
  wakeUps: WakeUps;
  delivery: Delivery | null;
  live: Live;
}) {
  const { keys, sessions, directory, sources, portal, quotaLoop, wakeUps, delivery, live } = parts;
  const isLedHere = (endpointId: EndpointId) =>
    delivery?.leader.leads(shardOf(endpointId)) === true;

  /** Caches first: who is told next looks at them. */
  function applyChange(change: Change): void {
    dropCached(change);
    if (change.kind === 'replays') delivery?.replays.wake();
    if (change.kind === 'quotas') quotaLoop.wake();
    if (change.kind === 'endpoints') delivery?.engine.endpointChanged(change);
    live.applyChange(change);
  }
  function dropCached(change: Change): void {
    if (change.kind === 'people') sessions.dropPerson(change.userId);
    if (change.kind === 'api_keys') keys.dropTenant(change.tenantId);
    if (change.kind === 'sources') sources().dropTenant(change.tenantId);
    const isProject = change.kind === 'projects';
    if (isProject || change.kind === 'endpoints') directory.drop(change.tenantId);
    // A link ends with its project, and shows its name.
    if (isProject || change.kind === 'portal') portal.dropTenant(change.tenantId);
  }
  function notifyOthers(endpointIds: Iterable<EndpointId>): void {
    const elsewhere = new Set<number>();
    for (const id of endpointIds) if (!isLedHere(id)) elsewhere.add(shardOf(id));
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
    portal.clear();
    quotaLoop.wake();
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
      // Each endpoint once: a group often is for few.
      notifyOthers(new Set(deliveries.map(({ endpointId }) => endpointId)));
    },
  };
}
