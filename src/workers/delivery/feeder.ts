/**
 * Brings what is due from the table into memory, for the shards led here: after a wake-up for
 * just the endpoints or shards that it names, and for all of them at each poll. One reading at a
 * time, so that the hand can tell what a reading is too old to know. Also loads endpoints'
 * settings, and hands endpoints that are disabled or deleted to `cancel`. Bounds: so many
 * deliveries an endpoint, so many bytes in all; the rest stays in the table (`more`).
 */
import type { EndpointSettings } from '../../domain/dispatch/endpoint-settings.ts';
import { shardOf } from '../../domain/dispatch/ready-delivery.ts';
import type { EndpointId, TenantId } from '../../domain/ids.ts';
import type { Clock } from '../../lib/clock.ts';
import type {
  DueDelivery,
  DueReading,
  EndpointRef,
  PendingEndpoint,
} from '../../usecases/deliveries/read-due.ts';
import type { LoopReason } from '../loop.ts';
import type { EndpointState, EndpointStates } from './endpoint-states.ts';
import type { Hand } from './hand.ts';

/** What it asks of the use cases. */
export type FeedSource = {
  findPendingEndpoints(shards: readonly number[]): Promise<PendingEndpoint[]>;
  findDueEndpoints(shards: readonly number[]): Promise<EndpointRef[]>;
  findEndpointRefs(endpointIds: readonly EndpointId[]): Promise<EndpointRef[]>;
  loadSettings(endpoints: readonly EndpointRef[]): Promise<EndpointSettings[]>;
  readDue(wanted: {
    requests: { endpointId: EndpointId; capacity: number; ordered: boolean }[];
    heldIds: DueDelivery['id'][];
    bytesMax: number;
  }): Promise<DueReading>;
};

/** What it tells the engine. */
export type FeedTarget = {
  /** Deliveries of the endpoint that are queued in memory. */
  queuedOf(endpointId: EndpointId): number;
  /** One delivery, or the next ones of one ordering key in their order. */
  take(run: readonly DueDelivery[], state: EndpointState): void;
  settingsChanged(state: EndpointState, before: EndpointSettings | null): void;
  setAlarm(endpointId: EndpointId, dueAtMs: number): void;
  cancel(endpoint: EndpointRef): void;
  /** After each reading. */
  fed(reason: LoopReason): void;
};

type FeederOptions = {
  source: FeedSource;
  target: FeedTarget;
  states: EndpointStates;
  hand: Hand;
  clock: Clock;
  queuedMax: number;
  bytesMax: number;
};

const endpointsPerRead = 500;
const rowsPerRead = 5_000;
const bytesPerRead = 8 * 1024 * 1024;
/** Of one endpoint when a read is for many, or memory is more than half full. */
const rowsMin = 10;

export class Feeder {
  readonly #options: FeederOptions;
  readonly #led = new Set<number>();
  readonly #shards = new Set<number>();
  readonly #endpoints = new Map<EndpointId, TenantId | null>();
  /** Left out because memory was full. */
  readonly #starved = new Map<EndpointId, TenantId>();
  #all = false;

  constructor(options: FeederOptions) {
    this.#options = options;
  }

  leads(shard: number): boolean {
    return this.#led.has(shard);
  }

  gain(shards: readonly number[]): void {
    for (const shard of shards) this.#led.add(shard);
    this.#all = true;
  }

  lose(shards: ReadonlySet<number>): void {
    for (const shard of shards) this.#led.delete(shard);
  }

  markShards(shards: readonly number[]): boolean {
    const led = shards.filter((shard) => this.#led.has(shard));
    for (const shard of led) this.#shards.add(shard);
    return led.length > 0;
  }

  markEndpoint(endpointId: EndpointId, tenantId: TenantId | null): boolean {
    if (!this.#led.has(shardOf(endpointId))) return false;
    this.#endpoints.set(endpointId, tenantId ?? this.#endpoints.get(endpointId) ?? null);
    return true;
  }

  /** True when endpoints wait for memory and there is enough of it again. */
  markStarved(): boolean {
    if (this.#starved.size === 0 || this.#isHalfFull()) return false;
    for (const [endpointId, tenantId] of this.#starved) this.markEndpoint(endpointId, tenantId);
    this.#starved.clear();
    return true;
  }

  get hasMarks(): boolean {
    return this.#all || this.#shards.size > 0 || this.#endpoints.size > 0;
  }

  /** One reading of all that is marked; what failed stays marked. */
  async feed(reason: LoopReason): Promise<void> {
    if (reason === 'poll') this.#all = true;
    const marks = {
      all: this.#all,
      shards: [...this.#shards],
      endpoints: [...this.#endpoints],
    };
    this.#all = false;
    this.#shards.clear();
    this.#endpoints.clear();
    this.#options.hand.beginReading();
    try {
      const states = await this.#findWork(marks);
      await this.#refreshSettings(states);
      await this.#readAll(states);
    } catch (error) {
      this.#all ||= marks.all;
      for (const shard of marks.shards) this.#shards.add(shard);
      for (const [endpointId, tenantId] of marks.endpoints) this.markEndpoint(endpointId, tenantId);
      throw error;
    } finally {
      this.#options.hand.endReading();
      this.#options.target.fed(reason);
    }
  }

  async #findWork(marks: {
    all: boolean;
    shards: number[];
    endpoints: [EndpointId, TenantId | null][];
  }): Promise<EndpointState[]> {
    const { source, clock, target } = this.#options;
    const refs: EndpointRef[] = [];
    if (marks.all) {
      const nowMs = clock.databaseNow();
      for (const pending of await source.findPendingEndpoints([...this.#led])) {
        if (pending.dueAtMs <= nowMs) refs.push(pending);
        else target.setAlarm(pending.endpointId, pending.dueAtMs);
      }
    } else if (marks.shards.length > 0) {
      refs.push(...(await source.findDueEndpoints(marks.shards)));
    }
    const nameless: EndpointId[] = [];
    for (const [endpointId, tenantId] of marks.endpoints) {
      const known = tenantId ?? this.#options.states.find(endpointId)?.tenantId;
      if (known === undefined) nameless.push(endpointId);
      else refs.push({ endpointId, tenantId: known });
    }
    if (nameless.length > 0) refs.push(...(await source.findEndpointRefs(nameless)));
    const found = new Set<EndpointState>();
    for (const { endpointId, tenantId } of refs) {
      // It may have been lost while the database was asked.
      if (!this.#led.has(shardOf(endpointId))) continue;
      found.add(this.#options.states.findOrAdd(endpointId, tenantId));
    }
    return [...found];
  }

  async #refreshSettings(states: readonly EndpointState[]): Promise<void> {
    const { source, states: cache, target, clock } = this.#options;
    const stale = states.filter((state) => cache.usableSettings(state) === null);
    for (const some of chunks(stale, endpointsPerRead)) {
      const asked = some.map((state) => ({ state, version: state.version }));
      const startedAtMs = clock.monotonicMs();
      const loaded = await source.loadSettings(some);
      for (const [index, { state, version }] of asked.entries()) {
        const settings = loaded[index];
        // Changed while it was read: once more.
        if (settings === undefined || state.version !== version) {
          this.markEndpoint(state.endpointId, state.tenantId);
          continue;
        }
        const before = state.settings;
        state.settings = settings;
        state.loadedAtMs = startedAtMs;
        target.settingsChanged(state, before);
      }
    }
  }

  async #readAll(states: readonly EndpointState[]): Promise<void> {
    const { states: cache, target, clock } = this.#options;
    const nowMs = clock.databaseNow();
    const readable: EndpointState[] = [];
    for (const state of states) {
      const settings = cache.usableSettings(state);
      if (settings === null) continue;
      state.usedAtMs = clock.monotonicMs();
      if (settings.status === 'disabled' || settings.status === 'deleted') target.cancel(state);
      else if (settings.status === 'active') {
        if (state.pausedUntilMs > nowMs) target.setAlarm(state.endpointId, state.pausedUntilMs);
        else readable.push(state);
      }
    }
    for (const some of chunks(readable, endpointsPerRead)) await this.#read(some);
  }

  async #read(states: readonly EndpointState[]): Promise<void> {
    const { source, target, hand } = this.#options;
    const requests = [];
    const heldIds = [];
    for (const state of states) {
      const capacity = this.#capacityOf(state, states.length);
      if (capacity === 0) continue;
      const { endpointId } = state;
      requests.push({ endpointId, capacity, ordered: state.settings?.ordered ?? false });
      heldIds.push(...hand.idsOf(endpointId));
    }
    if (requests.length === 0) return;
    const bytesMax = Math.min(bytesPerRead, this.#options.bytesMax - hand.bytes);
    const reading = await source.readDue({ requests, heldIds, bytesMax });
    for (const run of groupRuns(reading.due)) {
      const state = this.#options.states.find(run[0].endpointId);
      if (state !== undefined && this.#led.has(state.shard)) target.take(run, state);
    }
    for (const { endpointId } of requests) {
      const state = this.#options.states.find(endpointId);
      if (state === undefined) continue;
      state.more = reading.more.has(endpointId);
      const dueAtMs = reading.nextDueAtMs.get(endpointId);
      if (dueAtMs !== undefined) target.setAlarm(endpointId, dueAtMs);
      // Withheld for bytes alone: nothing of its own will run low and ask for more.
      if (state.more && target.queuedOf(endpointId) === 0 && !hand.holds(endpointId)) {
        this.#starved.set(endpointId, state.tenantId);
      }
    }
  }

  /** 0: not now; `more` or `starved` brings it back. */
  #capacityOf(state: EndpointState, endpointsInRead: number): number {
    const { hand, queuedMax, bytesMax, target } = this.#options;
    if (hand.bytes >= bytesMax) {
      state.more = true;
      this.#starved.set(state.endpointId, state.tenantId);
      return 0;
    }
    // What waits behind a head of an ordering key is not queued, and takes memory all the same.
    const isOrdered = state.settings?.ordered === true;
    const held = isOrdered ? hand.countOf(state.endpointId) : target.queuedOf(state.endpointId);
    const room = queuedMax - held;
    if (room * 2 < queuedMax) {
      state.more = true;
      return 0;
    }
    const fairMax = this.#isHalfFull() ? rowsMin : Math.floor(rowsPerRead / endpointsInRead);
    return Math.min(room, Math.max(rowsMin, fairMax));
  }

  #isHalfFull(): boolean {
    return this.#options.hand.bytes * 2 > this.#options.bytesMax;
  }
}

type Run = [DueDelivery, ...DueDelivery[]];

/** What has a position goes one at a time with its key; the rest stands alone. */
function groupRuns(due: readonly DueDelivery[]): Run[] {
  const runs: Run[] = [];
  const byKey = new Map<string, Run>();
  for (const delivery of due) {
    const { endpointId, orderingKey, position } = delivery;
    const key = position === null ? null : JSON.stringify([endpointId, orderingKey]);
    const known = key === null ? undefined : byKey.get(key);
    if (known !== undefined) {
      known.push(delivery);
      continue;
    }
    const run: Run = [delivery];
    runs.push(run);
    if (key !== null) byKey.set(key, run);
  }
  return runs;
}

function* chunks<Item>(items: readonly Item[], size: number): Iterable<Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
