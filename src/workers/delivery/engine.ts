/**
 * A leader's deliveries: from the table or straight from the accepting process, in fair turns, to
 * the receivers, and back into the table. It sends only for shards that it was told to lead
 * (`gain`), and nothing for those that it was told to let go (`drain`, `lose`). A delivery leaves
 * the process only by being recorded or by staying in the table; nothing here is needed after a
 * `kill -9`. Bounds: `limits`, and the constants of hand, feeder and recorder.
 */
import type { Sent } from '../../domain/dispatch/attempt.ts';
import type { EndpointSettings } from '../../domain/dispatch/endpoint-settings.ts';
import { createFairQueue } from '../../domain/dispatch/fair-queue.ts';
import { type ReadyDelivery, shardCount, shardOf } from '../../domain/dispatch/ready-delivery.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { cancelPending } from '../../usecases/deliveries/cancel-pending.ts';
import type { DueDelivery, EndpointRef } from '../../usecases/deliveries/read-due.ts';
import { recordAttempts } from '../../usecases/deliveries/record-attempts.ts';
import { Loop, within } from '../loop.ts';
import { Alarms } from './alarms.ts';
import { Canceller } from './canceller.ts';
import { EndpointGate } from './endpoint-gate.ts';
import { type EndpointState, EndpointStates } from './endpoint-states.ts';
import type { EngineOptions } from './engine-options.ts';
import { createFeedSource } from './feed-source.ts';
import { Feeder, type FeedTarget } from './feeder.ts';
import { Hand, type Held } from './hand.ts';
import { type EngineCounts, lagSeconds, observeRecorded } from './measures.ts';
import { type Entry, Recorder } from './recorder.ts';
import { sendAttempt } from './sender.ts';

export type { EngineOptions } from './engine-options.ts';

/** Deliveries of one endpoint that wait in memory, and their payload in all. */
const queuedMax = 200;
const bytesMax = 64 * 1024 * 1024;
/**
 * One endpoint never has more of the process than this part: a black hole leaves room for others.
 */
const endpointShare = 0.5;
/** Of a stop's time, kept for recording what was interrupted. */
const recordingShare = 0.25;

export class DeliveryEngine {
  readonly #options: EngineOptions;
  readonly #hand = new Hand();
  readonly #queue = createFairQueue<Held>();
  readonly #sending = new Map<Held, AbortController>();
  readonly #states: EndpointStates;
  readonly #feeder: Feeder;
  readonly #loop: Loop;
  readonly #recorder: Recorder;
  readonly #canceller: Canceller;
  readonly #alarms: Alarms<EndpointId>;
  /** Endpoints whose rate lets them go on: nothing to read for it. */
  readonly #tokens: Alarms<EndpointId>;
  readonly #gate: EndpointGate;
  readonly #quietWaits = new Set<() => void>();
  #stopping = false;

  constructor(options: EngineOptions) {
    const { clock, database, limits, log, observe } = options;
    this.#options = options;
    this.#gate = new EndpointGate({
      clock,
      random: options.random ?? Math.random,
      inFlightMax: Math.max(1, Math.floor(limits.inFlightMax * endpointShare)),
    });
    this.#states = new EndpointStates({
      isListening: options.isListening,
      monotonicMs: clock.monotonicMs,
    });
    this.#alarms = new Alarms({
      now: clock.databaseNow,
      onDue: (endpointIds) => this.wakeEndpoints(endpointIds),
    });
    this.#tokens = new Alarms({
      now: clock.databaseNow,
      onDue: (endpointIds) => this.#pump(endpointIds),
    });
    this.#feeder = new Feeder({
      source: createFeedSource(options),
      target: this.#feedTarget(),
      states: this.#states,
      hand: this.#hand,
      clock,
      queuedMax,
      bytesMax,
    });
    this.#loop = new Loop({
      name: 'delivery-feeder',
      pollMs: limits.pollMs,
      log,
      work: (reason) => this.#feeder.feed(reason),
      onRun: (outcome, seconds) => observe.job('delivery-feed', outcome, seconds),
    });
    this.#recorder = new Recorder({
      record: (records, unknown) => recordAttempts(options, records, unknown),
      onRecorded: (entry, superseded) => this.#afterRecording(entry, superseded),
      onBatch: (outcome, seconds) => observe.job('delivery-record', outcome, seconds),
      onRoom: () => this.#pump(),
      log,
    });
    this.#canceller = new Canceller({
      cancel: (endpoint, keepOn) => cancelPending({ database }, endpoint, keepOn),
      log,
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** These shards are led here from now on; what is due of them is read at once. */
  gain(shards: readonly number[]): void {
    if (this.#stopping || shards.length === 0) return;
    this.#feeder.gain(shards);
    this.#loop.wake();
  }

  /** Starts nothing more for these shards; resolves when all that was in flight is recorded. */
  async drain(shards: readonly number[]): Promise<void> {
    this.#letGo(shards);
    while (shards.some((shard) => this.#hand.busyIn(shard) > 0)) {
      await new Promise<void>((resolve) => this.#quietWaits.add(resolve));
    }
  }

  /** The lead is lost already: another may be sending. Stops what is in flight. */
  lose(shards: readonly number[]): void {
    this.#letGo(shards);
    const lost = new Set(shards);
    for (const [held, controller] of this.#sending) {
      if (lost.has(held.shard)) controller.abort();
    }
  }

  leads(shard: number): boolean {
    return this.#feeder.leads(shard);
  }

  /** How much a shard still has in flight: the idle ones are given away first. */
  busyIn(shard: number): number {
    return this.#hand.busyIn(shard);
  }

  /**
   * Deliveries that were just committed. Those of shards that are not led here, and what does not
   * fit in memory, stay in the table. An ordered endpoint is read from the table: its order is
   * there.
   */
  offer(deliveries: readonly ReadyDelivery[]): void {
    if (this.#stopping) return;
    for (const delivery of deliveries) {
      const { endpointId, tenantId } = delivery;
      if (!this.#feeder.leads(shardOf(endpointId))) continue;
      const state = this.#states.findOrAdd(endpointId, tenantId);
      // Nothing is read for it, so a reading for each group of events would be for nothing. What
      // resumes it is a change of the endpoint, and that marks it.
      if (this.#states.usableSettings(state)?.status === 'paused') continue;
      const { settings } = state;
      const isOrdered = delivery.position !== null || settings?.ordered === true;
      if (isOrdered || (settings !== null && settings.status !== 'active')) this.#mark(state);
      // What is in the table came before it.
      else if (!state.more) this.#takeOffered(delivery, state);
    }
    this.#pump();
  }

  /** New rows in the table, or rows that are due now. Endpoints led elsewhere are passed over. */
  wakeEndpoints(endpointIds: readonly EndpointId[]): void {
    let marked = false;
    for (const endpointId of endpointIds) {
      marked = this.#feeder.markEndpoint(endpointId, null) || marked;
    }
    if (marked) this.#loop.wake();
    this.#pump(endpointIds);
  }

  wakeShards(shards: readonly number[]): void {
    if (this.#feeder.markShards(shards)) this.#loop.wake();
  }

  /** The endpoint's settings changed: nothing more is sent by the old ones. */
  endpointChanged(endpoint: EndpointRef): void {
    this.#states.invalidate(endpoint.endpointId);
    this.#mark(endpoint);
  }

  /** Changes may have been missed (the listener reconnected). */
  forgetSettings(): void {
    this.#states.invalidateAll();
    this.#pump();
  }

  counts(): EngineCounts {
    return {
      queued: this.#queue.size,
      inFlight: this.#sending.size,
      unrecorded: this.#recorder.size,
      lagSeconds: lagSeconds(this.#hand, this.#states, this.#options.clock.databaseNow()),
    };
  }

  /** Safe twice. What has not ended by then is interrupted and left in the table. */
  async stop(deadlineMs: number): Promise<void> {
    const endMs = performance.now() + deadlineMs;
    const leftMs = () => endMs - performance.now();
    this.#stopping = true;
    const shards = Array.from({ length: shardCount }, (_, shard) => shard);
    const drained = this.drain(shards);
    const abort = setTimeout(() => this.lose(shards), deadlineMs * (1 - recordingShare));
    await this.#loop.stop(deadlineMs);
    await within(drained, leftMs());
    clearTimeout(abort);
    this.#alarms.clear();
    this.#tokens.clear();
    this.#recorder.stop();
    await within(this.#canceller.stop(), leftMs());
    const left = this.#recorder.size + this.#sending.size;
    if (left > 0) this.#options.log.warn({ left }, 'deliveries were not recorded before the end');
  }

  #letGo(shards: readonly number[]): void {
    const gone = new Set(shards);
    this.#feeder.lose(gone);
    for (const state of this.#states.deleteShards(gone)) {
      this.#dropQueued(state);
      this.#alarms.delete(state.endpointId);
      this.#tokens.delete(state.endpointId);
    }
  }

  #dropQueued({ endpointId }: EndpointState): void {
    for (const held of this.#queue.removeEndpoint(endpointId)) this.#hand.release(held);
  }

  #mark({ endpointId, tenantId }: EndpointRef): void {
    if (this.#feeder.markEndpoint(endpointId, tenantId)) this.#loop.wake();
  }

  #takeOffered(delivery: ReadyDelivery, state: EndpointState): void {
    const isFull =
      this.#queue.sizeOf(state.endpointId) >= queuedMax ||
      this.#hand.bytes + delivery.payload.length > bytesMax ||
      state.pausedUntilMs > this.#options.clock.databaseNow();
    if (isFull) {
      state.more = true;
      // Nothing of its own may be in flight whose end would bring the feeder back to it.
      if (this.#queue.sizeOf(state.endpointId) === 0) this.#mark(state);
      return;
    }
    this.#enqueue(delivery, state);
  }

  #enqueue(delivery: ReadyDelivery, state: EndpointState): void {
    const held = this.#hand.take(delivery);
    if (held !== null) this.#queue.add(state.endpointId, held);
  }

  #feedTarget(): FeedTarget {
    return {
      queuedOf: (endpointId) => this.#queue.sizeOf(endpointId),
      take: (run, state) => this.#takeRun(run, state),
      settingsChanged: (state, before) => this.#settingsChanged(state, before),
      setAlarm: (endpointId, dueAtMs) => this.#alarms.set(endpointId, dueAtMs),
      cancel: (endpoint) => this.#canceller.add(endpoint),
      fed: (reason) => {
        if (reason === 'poll') this.#forgetIdle();
        if (this.#feeder.hasMarks) this.#loop.wake();
        this.#pump();
      },
    };
  }

  #forgetIdle(): void {
    const isHeld = (endpointId: EndpointId) => this.#hand.holds(endpointId);
    this.#states.deleteIdle(isHeld, this.#options.clock.databaseNow());
  }

  #takeRun(run: readonly DueDelivery[], state: EndpointState): void {
    const taken: Held[] = [];
    for (const delivery of run) {
      const held = this.#hand.take({ ...delivery, payload: delivery.payload ?? '' });
      if (held === null) break;
      // An attempt that fails, never a delivery that is skipped for ever.
      if (delivery.payload === null)
        held.problem = 'The event of this delivery is no longer stored.';
      taken.push(held);
    }
    const [first, ...rest] = taken;
    if (first === undefined) return;
    first.run = rest;
    this.#queue.add(state.endpointId, first);
  }

  #settingsChanged(state: EndpointState, before: EndpointSettings | null): void {
    const { settings } = state;
    if (settings === null) return;
    this.#gate.adopt(state, settings);
    // Queued by an order that no longer holds, or not to be sent at all: it is in the table.
    const reordered = settings.ordered && before?.ordered !== true;
    if (settings.status !== 'active' || reordered) this.#dropQueued(state);
    this.#queue.ready(state.endpointId);
  }

  /** Parks the endpoint when false; every reason for it ends in `ready` or a dropped queue. */
  #canSend(endpointId: EndpointId, nowMs: number): boolean {
    const state = this.#states.find(endpointId);
    if (state === undefined) return false;
    const settings = this.#states.usableSettings(state);
    if (settings === null) {
      this.#mark(state);
      return false;
    }
    const gate = this.#gate.ask(state, settings, nowMs);
    if (gate.kind === 'paused') this.#alarms.set(state.endpointId, gate.untilMs);
    if (gate.kind === 'rate') this.#tokens.set(state.endpointId, gate.untilMs);
    return gate.kind === 'open';
  }

  #pump(readyAgain: readonly EndpointId[] = []): void {
    const { clock, limits } = this.#options;
    for (const endpointId of readyAgain) this.#queue.ready(endpointId);
    const nowMs = clock.databaseNow();
    // Safe because only endpoint ids are ever added to the queue.
    const canSend = (endpointId: string) => this.#canSend(endpointId as EndpointId, nowMs);
    while (!this.#stopping && this.#sending.size < limits.inFlightMax && this.#recorder.hasRoom()) {
      const held = this.#queue.next(canSend);
      if (held === null) return;
      const state = this.#states.find(held.delivery.endpointId);
      const settings = state?.settings;
      if (!state || !settings) this.#hand.release(held);
      else void this.#deliver(held, state, settings);
    }
  }

  async #deliver(held: Held, state: EndpointState, settings: EndpointSettings): Promise<void> {
    const controller = new AbortController();
    this.#hand.startSending(held);
    this.#sending.set(held, controller);
    const round = this.#gate.start(state);
    const using = held.problem === null ? settings : { ...settings, problem: held.problem };
    const { send, clock, version, log, random = Math.random } = this.#options;
    const options = { send, clock, version, log, random };
    const sent = await sendAttempt(options, held.delivery, using, controller.signal);
    this.#sending.delete(held);
    this.#hand.startRecording(held);
    this.#options.observe.job(
      'delivery-send',
      sent.record.error === null ? 'success' : 'failure',
      sent.record.durationMs / 1_000,
    );
    this.#afterSending(held, state, this.#gate.end(state, round, sent), sent);
  }

  #afterSending(held: Held, state: EndpointState, isPaused: boolean, sent: Sent): void {
    if (isPaused) {
      // Its memory is for those that can send; at the end of the pause it is read again.
      this.#dropQueued(state);
      state.more = true;
      this.#alarms.set(state.endpointId, state.pausedUntilMs);
    }
    this.#recorder.add(held, sent.record);
    this.#queue.ready(state.endpointId);
    this.#refill(state);
    this.#pump();
  }

  /** Reads again when what is left in memory is soon sent. */
  #refill(state: EndpointState): void {
    if (!state.more || this.#queue.sizeOf(state.endpointId) * 2 >= queuedMax) return;
    if (state.pausedUntilMs <= this.#options.clock.databaseNow()) this.#mark(state);
  }

  #afterRecording({ held, record }: Entry, superseded: boolean): void {
    const { step, endpointId } = record;
    const counts = !superseded && step.kind !== 'interrupted';
    const state = this.#states.find(endpointId);
    const isEnded = counts && (step.kind === 'delivered' || step.kind === 'failed');
    const goesOn = isEnded && this.#feeder.leads(held.shard) && this.#gate.mayGoOn(state);
    const next = goesOn ? this.#hand.takeNext(held) : null;
    this.#hand.release(held);
    for (const resolve of this.#quietWaits) resolve();
    this.#quietWaits.clear();
    if (counts) observeRecorded(this.#options.observe, held.delivery, record);
    if (!this.#feeder.leads(held.shard)) return;
    if (counts && step.kind === 'retry') this.#alarms.set(endpointId, step.nextAttemptAtMs);
    const isGone = counts && 'disablesEndpoint' in step && step.disablesEndpoint;
    if (isGone) this.#states.invalidate(endpointId);
    if (next !== null) this.#queue.add(endpointId, next);
    if (next !== null) this.#pump();
    // The next of an ordering key, or what another leader or a person made of the row.
    const isOrderOpen = state?.settings?.ordered === true && next === null;
    if (!counts || isGone || isOrderOpen) this.#mark(record);
    else if (state !== undefined) this.#refill(state);
    if (this.#feeder.markStarved()) this.#loop.wake();
  }
}

export function createDeliveryEngine(options: EngineOptions): DeliveryEngine {
  return new DeliveryEngine(options);
}
