/**
 * What its leader remembers of how an endpoint does, and when that is worth a row: an endpoint that
 * starts failing, recovers, or has failed for five days. A healthy or a broken endpoint is written
 * once at its turn, never once for an attempt. The row decides (repositories/endpoint-health.ts):
 * what is found here twice, by two leaders or after a reload, changes it once.
 *
 * | it is   | becomes failing                           | becomes well                         |
 * | well    | 4 failures in a row, or its breaker opens | -                                    |
 * | failing | -; after five days: to be disabled        | a success while its breaker is closed |
 *
 * After a recovery it is not called failing again for five minutes: one that answers every other
 * request would fill its owner's inbox.
 */
import { CircuitBreaker, type Verdict } from './circuit-breaker.ts';

export type HealthChange =
  | { kind: 'failing'; sinceMs: number; by: 'failures_in_a_row' | 'circuit_breaker' }
  | { kind: 'recovered' }
  | { kind: 'failed_for_days' };

export type PauseReason = 'circuit_breaker' | 'retry_after';

/** What one attempt changes of its endpoint's row; nearly always nothing. Database time. */
export type EndpointChange = {
  health: HealthChange | null;
  pause: { untilMs: number; reason: PauseReason } | null;
};

/** As Svix's message.attempt.failing: by the default schedule the fourth comes after 35 minutes. */
const failingFrom = 4;
export const failingDaysMax = 5;
const failingMsMax = failingDaysMax * 24 * 60 * 60 * 1_000;
const quietAfterRecoveryMs = 5 * 60_000;

export class EndpointHealth {
  readonly breaker = new CircuitBreaker();
  /** As the row says, or will once this leader's last change is recorded. */
  failingSinceMs: number | null = null;
  #failuresInRow = 0;
  #firstFailureMs = 0;
  #recoveredAtMs = Number.NEGATIVE_INFINITY;

  /** Nothing that a new leader would have to learn again. */
  get isFresh(): boolean {
    return this.#failuresInRow === 0 && this.breaker.isFresh;
  }

  /** An attempt ended that `breaker.start` had begun. Database time. */
  end(
    round: number,
    ended: { verdict: Verdict; startedAtMs: number; nowMs: number; random: number },
  ): HealthChange | null {
    const { verdict, nowMs } = ended;
    const opened = this.breaker.end(round, ended);
    if (verdict === 'success') return this.#succeeded(nowMs);
    if (verdict !== 'failure') return null;
    if (this.#failuresInRow === 0) this.#firstFailureMs = ended.startedAtMs;
    this.#failuresInRow += 1;
    if (this.failingSinceMs !== null) {
      return nowMs - this.failingSinceMs >= failingMsMax ? { kind: 'failed_for_days' } : null;
    }
    if (!opened && this.#failuresInRow < failingFrom) return null;
    if (nowMs - this.#recoveredAtMs < quietAfterRecoveryMs) return null;
    this.failingSinceMs = this.#firstFailureMs;
    const by = opened ? 'circuit_breaker' : 'failures_in_a_row';
    return { kind: 'failing', sinceMs: this.#firstFailureMs, by };
  }

  #succeeded(nowMs: number): HealthChange | null {
    this.#failuresInRow = 0;
    // While it is open, what succeeds was in flight before.
    if (this.failingSinceMs === null || !this.breaker.isClosed) return null;
    this.failingSinceMs = null;
    this.#recoveredAtMs = nowMs;
    return { kind: 'recovered' };
  }
}
