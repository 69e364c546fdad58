/**
 * One timer for many keys: each key's earliest time, in database time. Times that fall close
 * together are answered together, so that thousands of retries cost few wake-ups of the process.
 */
type AlarmOptions<Key> = {
  now(): number;
  onDue(keys: Key[]): void;
};

/** Finding the due ones looks at all keys: at most 50 times a second. */
const resolutionMs = 20;
/** setTimeout overflows past 24 days; and a clock that is set back is noticed. */
const delayMsMax = 60_000;

export class Alarms<Key> {
  readonly #options: AlarmOptions<Key>;
  readonly #times = new Map<Key, number>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(options: AlarmOptions<Key>) {
    this.#options = options;
  }

  /** Keeps the earlier of this time and the one that is set. */
  set(key: Key, atMs: number): void {
    const known = this.#times.get(key);
    if (known !== undefined && known <= atMs) return;
    this.#times.set(key, atMs);
    if (atMs < this.#timerAtMs) this.#arm(atMs);
  }

  delete(key: Key): void {
    this.#times.delete(key);
  }

  clear(): void {
    this.#times.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
  }

  #arm(atMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    const delayMs = Math.min(delayMsMax, Math.max(resolutionMs, atMs - this.#options.now()));
    this.#timer = setTimeout(() => this.#fire(), delayMs);
  }

  #fire(): void {
    this.#timer = null;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#options.now();
    const due: Key[] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [key, atMs] of this.#times) {
      if (atMs <= nowMs) due.push(key);
      else if (atMs < nextMs) nextMs = atMs;
    }
    for (const key of due) this.#times.delete(key);
    if (nextMs !== Number.POSITIVE_INFINITY) this.#arm(nextMs);
    if (due.length > 0) this.#options.onDue(due);
  }
}
