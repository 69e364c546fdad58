/**
 * Leaves an endpoint alone that does not answer, so that its deliveries keep their attempts. Lives
 * in its leader's memory; a new leader takes over no more than the time until which it is open.
 *
 * | state   | may start      | success, deliberate | failure                        | unknown |
 * | closed  | always         | closed              | closed; at its limits -> open  | closed  |
 * | open    | from its time: one probe -> probing  | does not count                 |         |
 * | probing | nothing        | closed              | open, twice as long            | open    |
 *
 * An attempt counts only in the state that it was started in (`round`): what was in flight when the
 * breaker opened says nothing new. `askAgain` (people) makes the time of an open one now.
 */

/**
 * | verdict    | what came                                                                  |
 * | success    | 2xx                                                                        |
 * | failure    | any other answer, no answer, an address that is refused                    |
 * | deliberate | 410, abort-message, 429, 503 with Retry-After: the receiver decides, alive |
 * | unknown    | stopped or failed inside opsforge: nothing about the receiver              |
 */
export type Verdict = 'success' | 'failure' | 'deliberate' | 'unknown';

/** Design §4. */
const inRowMax = 10;
const recentMax = 50;
const recentFailuresMax = 25;
const openMsMin = 30_000;
const openMsMax = 10 * 60_000;
const jitterRatio = 0.2;

type State = 'closed' | 'open' | 'probing';

export class CircuitBreaker {
  #state: State = 'closed';
  #round = 0;
  #openUntilMs = 0;
  /** In a row: each lasts twice as long as the one before. */
  #openings = 0;
  #failuresInRow = 0;
  /** Of the last attempts, the oldest at `#recentAt`: whether it failed. Empty until one does. */
  #recent: boolean[] = [];
  #recentAt = 0;
  #recentFailures = 0;

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Nothing is remembered: a new one is as good. */
  get isFresh(): boolean {
    return this.#state === 'closed' && this.#recent.length === 0;
  }

  /** The end of the opening; 0 while it is not open. */
  get openUntilMs(): number {
    return this.#state === 'open' ? this.#openUntilMs : 0;
  }

  mayStart(nowMs: number): boolean {
    return this.#state === 'closed' || (this.#state === 'open' && this.#openUntilMs <= nowMs);
  }

  /** Only when `mayStart`. Answers the round, for `end`. */
  start(): number {
    if (this.#state === 'open') this.#enter('probing');
    return this.#round;
  }

  /** True when the breaker opens by it. @param ended.random in [0, 1) */
  end(round: number, ended: { verdict: Verdict; nowMs: number; random: number }): boolean {
    if (round !== this.#round) return false;
    const { verdict } = ended;
    if (this.#state === 'probing') {
      if (verdict === 'failure') return this.#open(ended.nowMs, ended.random);
      if (verdict === 'unknown') this.#enter('open');
      else this.#close();
      return false;
    }
    if (verdict !== 'success' && verdict !== 'failure') return false;
    const failed = verdict === 'failure';
    this.#failuresInRow = failed ? this.#failuresInRow + 1 : 0;
    this.#remember(failed);
    const mostFail = this.#recent.length === recentMax && this.#recentFailures >= recentFailuresMax;
    if (!failed || (this.#failuresInRow < inRowMax && !mostFail)) return false;
    return this.#open(ended.nowMs, ended.random);
  }

  /** What the leader before knew. */
  adopt(openUntilMs: number): void {
    this.#enter('open');
    this.#openUntilMs = openUntilMs;
    this.#openings = 1;
  }

  /** A probe may go at once, and an opening lasts as long as a first one again. */
  askAgain(): void {
    if (this.#state === 'closed') {
      this.#close();
      return;
    }
    this.#enter('open');
    this.#openUntilMs = 0;
    this.#openings = 0;
  }

  #open(nowMs: number, random: number): true {
    const fullMs = Math.min(openMsMax, openMsMin * 2 ** Math.min(this.#openings, 16));
    const factor = 1 - jitterRatio + 2 * jitterRatio * random;
    this.#enter('open');
    this.#openings += 1;
    this.#openUntilMs = nowMs + Math.round(fullMs * factor);
    return true;
  }

  #close(): void {
    this.#enter('closed');
    this.#openings = 0;
  }

  #enter(state: State): void {
    this.#state = state;
    this.#round += 1;
    this.#failuresInRow = 0;
    this.#recent = [];
    this.#recentAt = 0;
    this.#recentFailures = 0;
  }

  #remember(failed: boolean): void {
    if (this.#recent.length === 0 && !failed) return;
    if (this.#recent.length < recentMax) this.#recent.push(failed);
    else {
      if (this.#recent[this.#recentAt] === true) this.#recentFailures -= 1;
      this.#recent[this.#recentAt] = failed;
      this.#recentAt = (this.#recentAt + 1) % recentMax;
    }
    if (failed) this.#recentFailures += 1;
    // All well for that long: nothing to remember.
    else if (this.#recentFailures === 0) this.#recent = [];
    if (this.#recent.length === 0) this.#recentAt = 0;
  }
}
