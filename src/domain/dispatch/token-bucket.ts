/**
 * So many a second: attempts to an endpoint, requests of a key. What was not used is kept for a
 * tenth of a second unless told otherwise: a receiver that names a rate must not get twice of it
 * in the second after a silence. A new bucket always begins with a tenth, so that whoever knows
 * nothing of the one before it (another leader, a restart) gives no more than it would have. In
 * any second: at most the rate, what was kept, and one. Time is passed in, monotonic ms.
 */

/** Above what a timer comes late by (workers/delivery/alarms.ts): none of the rate is lost. */
const startSeconds = 0.1;
/** What is left out of one by adding up fractions. */
const rounding = 1e-9;

export class TokenBucket {
  readonly #keptSeconds: number;
  #perSecond: number;
  #tokens: number;
  #atMs: number;

  constructor(perSecond: number, nowMs: number, keptSeconds = startSeconds) {
    this.#keptSeconds = keptSeconds;
    this.#perSecond = perSecond;
    this.#tokens = Math.max(1, perSecond * startSeconds);
    this.#atMs = nowMs;
  }

  /** What was used stays used. */
  setRate(perSecond: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#perSecond = perSecond;
    this.#fill(nowMs);
  }

  /** Milliseconds until the next attempt may start, 0 for now. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    if (this.#tokens >= 1 - rounding) return 0;
    return Math.ceil(((1 - rounding - this.#tokens) * 1_000) / this.#perSecond);
  }

  /** Only when `waitMs` is 0. */
  take(nowMs: number): void {
    this.#fill(nowMs);
    this.#tokens -= 1;
  }

  #fill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#atMs);
    const tokensMax = Math.max(1, this.#perSecond * this.#keptSeconds);
    this.#tokens = Math.min(tokensMax, this.#tokens + (passedMs * this.#perSecond) / 1_000);
    this.#atMs = Math.max(this.#atMs, nowMs);
  }
}
