/**
 * What the leader knows of each endpoint that it has dealt with: its settings (a cache that changes
 * invalidate) and what only lives in memory: how many are in flight, until when it is paused. While
 * the invalidation channel is down, settings older than 1 s are not trusted.
 */
import { EndpointHealth } from '../../domain/dispatch/endpoint-health.ts';
import type { EndpointSettings } from '../../domain/dispatch/endpoint-settings.ts';
import { shardOf } from '../../domain/dispatch/ready-delivery.ts';
import type { TokenBucket } from '../../domain/dispatch/token-bucket.ts';
import type { EndpointId, TenantId } from '../../domain/ids.ts';

export type EndpointState = {
  readonly endpointId: EndpointId;
  readonly tenantId: TenantId;
  readonly shard: number;
  settings: EndpointSettings | null;
  /** Counts invalidations: settings whose load began before the last one are not kept. */
  version: number;
  loadedAtMs: number;
  inFlight: number;
  /** Database time. */
  pausedUntilMs: number;
  /** The end of the pause that the row has, or will have by what is being recorded. */
  savedPauseMs: number;
  /** As the row had it when it was last read; null: never. */
  resumedAtMs: number | null;
  readonly health: EndpointHealth;
  /** Null: no rate limit. */
  bucket: TokenBucket | null;
  /** More is due in the table than is in hand. */
  more: boolean;
  usedAtMs: number;
};

type StatesOptions = { isListening(): boolean; monotonicMs(): number };

/** The contract: a change is seen by other processes within 1 s. */
const untrustedAgeMsMax = 1_000;
const idleMsMax = 10 * 60_000;
/** Failures in a row are counted over the longest wait of the default schedule, 24 h + 20 %. */
const unwellMsMax = 30 * 60 * 60_000;

export class EndpointStates {
  readonly #options: StatesOptions;
  readonly #states = new Map<EndpointId, EndpointState>();

  constructor(options: StatesOptions) {
    this.#options = options;
  }

  find(endpointId: EndpointId): EndpointState | undefined {
    return this.#states.get(endpointId);
  }

  findOrAdd(endpointId: EndpointId, tenantId: TenantId): EndpointState {
    const known = this.#states.get(endpointId);
    if (known !== undefined) return known;
    const state: EndpointState = {
      endpointId,
      tenantId,
      shard: shardOf(endpointId),
      settings: null,
      version: 0,
      loadedAtMs: 0,
      inFlight: 0,
      pausedUntilMs: 0,
      savedPauseMs: 0,
      resumedAtMs: null,
      health: new EndpointHealth(),
      bucket: null,
      more: false,
      usedAtMs: this.#options.monotonicMs(),
    };
    this.#states.set(endpointId, state);
    return state;
  }

  /** The settings when they may be acted upon. */
  usableSettings(state: EndpointState): EndpointSettings | null {
    if (state.settings === null || this.#options.isListening()) return state.settings;
    const ageMs = this.#options.monotonicMs() - state.loadedAtMs;
    return ageMs <= untrustedAgeMsMax ? state.settings : null;
  }

  invalidate(endpointId: EndpointId): void {
    const state = this.#states.get(endpointId);
    if (state === undefined) return;
    state.settings = null;
    state.version += 1;
  }

  invalidateAll(): void {
    for (const endpointId of this.#states.keys()) this.invalidate(endpointId);
  }

  /** States of shards that are led no more; what is in flight keeps its own reference. */
  deleteShards(shards: ReadonlySet<number>): EndpointState[] {
    const gone = [...this.#states.values()].filter((state) => shards.has(state.shard));
    for (const state of gone) this.#states.delete(state.endpointId);
    return gone;
  }

  /** Forgets endpoints that had no work for a while, so that memory follows the work. */
  deleteIdle(isHeld: (endpointId: EndpointId) => boolean, databaseNowMs: number): void {
    const nowMs = this.#options.monotonicMs();
    for (const state of this.#states.values()) {
      const keptMs = state.health.isFresh ? idleMsMax : unwellMsMax;
      if (state.usedAtMs > nowMs - keptMs || state.pausedUntilMs > databaseNowMs) continue;
      if (!isHeld(state.endpointId)) this.#states.delete(state.endpointId);
    }
  }
}
