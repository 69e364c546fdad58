/**
 * Whether an endpoint may be sent to at this moment (status, pause, breaker, rate, what is in
 * flight), and what the end of an attempt makes of that. All of it is memory of the one leader; the
 * rows learn of pauses and turns through the attempt's record (`endpointChange`).
 */
import type { Sent } from '../../domain/dispatch/attempt.ts';
import type { EndpointChange, PauseReason } from '../../domain/dispatch/endpoint-health.ts';
import type { EndpointSettings } from '../../domain/dispatch/endpoint-settings.ts';
import { TokenBucket } from '../../domain/dispatch/token-bucket.ts';
import type { Clock } from '../../lib/clock.ts';
import type { EndpointState } from './endpoint-states.ts';

/** What keeps it: until a time (database time), or until something ends, which calls `ready`. */
export type Gate =
  | { kind: 'open' }
  | { kind: 'closed' }
  | { kind: 'paused'; untilMs: number }
  | { kind: 'rate'; untilMs: number };

/** A pause that is prolonged by less is not written: an endpoint that answers 429 all the time. */
const savedPauseStepMs = 1_000;

export class EndpointGate {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #inFlightMax: number;

  /** @param options.inFlightMax for any one endpoint, whatever its own limit */
  constructor(options: { clock: Clock; random: () => number; inFlightMax: number }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#inFlightMax = options.inFlightMax;
  }

  ask(state: EndpointState, settings: EndpointSettings, nowMs: number): Gate {
    if (settings.status !== 'active') return { kind: 'closed' };
    if (state.pausedUntilMs > nowMs) return { kind: 'paused', untilMs: state.pausedUntilMs };
    const isFull = state.inFlight >= Math.min(settings.maxInFlight, this.#inFlightMax);
    if (isFull || !state.health.breaker.mayStart(nowMs)) return { kind: 'closed' };
    const waitMs = state.bucket?.waitMs(this.#clock.monotonicMs()) ?? 0;
    return waitMs === 0 ? { kind: 'open' } : { kind: 'rate', untilMs: nowMs + waitMs };
  }

  /** Whether what is in hand may stay there: not when it is to be read again later. */
  mayGoOn(state: EndpointState | undefined): boolean {
    if (state?.settings?.status !== 'active') return false;
    return state.pausedUntilMs <= this.#clock.databaseNow();
  }

  /** Only when `ask` said open. Answers the breaker's round, for `end`. */
  start(state: EndpointState): number {
    state.inFlight += 1;
    state.bucket?.take(this.#clock.monotonicMs());
    return state.health.breaker.start();
  }

  /** True when the endpoint is to be left alone from now on. */
  end(state: EndpointState, round: number, sent: Sent): boolean {
    const { record, verdict } = sent;
    const { startedAtMs, endedAtMs: nowMs } = record;
    const { health } = state;
    state.inFlight -= 1;
    const turn = health.end(round, { verdict, startedAtMs, nowMs, random: this.#random() });
    const askedUntilMs = sent.pauseMs === null ? 0 : nowMs + sent.pauseMs;
    const untilMs = Math.max(askedUntilMs, health.breaker.openUntilMs);
    const isPaused = untilMs > nowMs;
    if (isPaused) state.pausedUntilMs = Math.max(state.pausedUntilMs, untilMs);
    const reason: PauseReason = untilMs > askedUntilMs ? 'circuit_breaker' : 'retry_after';
    // Where it is disabled, a pause has nothing to say.
    const isNews = isPaused && !sent.isGone && untilMs >= state.savedPauseMs + savedPauseStepMs;
    if (isNews) state.savedPauseMs = untilMs;
    const pause = isNews ? { untilMs, reason } : null;
    const change: EndpointChange = { health: turn, pause };
    if (turn !== null || pause !== null) record.endpointChange = change;
    return isPaused;
  }

  /** The row was read: a pause that the leader before began goes on; people may have lifted it. */
  adopt(state: EndpointState, settings: EndpointSettings): void {
    const { health } = state;
    const { failingSinceMs, pausedUntilMs, pauseReason, rateLimitPerSecond } = settings;
    const resumedAtMs = settings.resumedAtMs ?? 0;
    const isFirst = state.resumedAtMs === null;
    const isLifted = state.resumedAtMs !== null && resumedAtMs > state.resumedAtMs;
    state.resumedAtMs = resumedAtMs;
    health.failingSinceMs = failingSinceMs;
    if (isFirst && pausedUntilMs !== null && pausedUntilMs > this.#clock.databaseNow()) {
      state.pausedUntilMs = pausedUntilMs;
      if (pauseReason === 'circuit_breaker') health.breaker.adopt(pausedUntilMs);
    }
    if (isFirst || isLifted) state.savedPauseMs = pausedUntilMs ?? 0;
    if (isLifted) {
      state.pausedUntilMs = 0;
      health.breaker.askAgain();
    }
    const nowMs = this.#clock.monotonicMs();
    if (rateLimitPerSecond === null) state.bucket = null;
    else if (state.bucket === null) state.bucket = new TokenBucket(rateLimitPerSecond, nowMs);
    else state.bucket.setRate(rateLimitPerSecond, nowMs);
  }
}
