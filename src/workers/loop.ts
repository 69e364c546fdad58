/**
 * Runs one piece of work when woken and at least every `pollMs`, never twice at once. A wake-up
 * that comes during a run leads to another run. After a failure it waits, longer each time and
 * varied so that processes do not come back together; wake-ups do not shorten that wait.
 */
import type { Log } from '../lib/log.ts';

export type LoopReason = 'poll' | 'wake';

type LoopOptions = {
  name: string;
  pollMs: number;
  /** Throwing counts as failure; `reason` is `poll` when the interval ran out. */
  work(reason: LoopReason): Promise<void>;
  log: Log;
  /** After each run. */
  onRun?: (outcome: 'success' | 'failure', seconds: number) => void;
  backoffMsMin?: number;
  backoffMsMax?: number;
};

const backoffMsMinDefault = 100;
/** A database that is back is used again within 2 s. */
const backoffMsMaxDefault = 2_000;

export class Loop {
  readonly #options: LoopOptions;
  #state: 'idle' | 'running' | 'stopped' = 'stopped';
  #woken = false;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #current: Promise<void> = Promise.resolve();
  #lastPollMs = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /** The first run begins at once, as a poll. */
  start(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'idle';
    this.#run('poll');
  }

  wake(): void {
    this.#woken = true;
    if (this.#state !== 'idle' || this.#failures > 0) return;
    this.#run('wake');
  }

  /** No new run; resolves when the one under way has ended or the time is over. */
  async stop(deadlineMs: number): Promise<void> {
    this.#state = 'stopped';
    if (this.#timer !== null) clearTimeout(this.#timer);
    await within(this.#current, deadlineMs);
  }

  #run(reason: LoopReason): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#state = 'running';
    this.#woken = false;
    if (reason === 'poll') this.#lastPollMs = performance.now();
    this.#current = this.#work(reason).then(() => this.#next());
  }

  async #work(reason: LoopReason): Promise<void> {
    const { name, log, onRun } = this.#options;
    const startedMs = performance.now();
    const seconds = () => (performance.now() - startedMs) / 1_000;
    try {
      await this.#options.work(reason);
      if (this.#failures > 0) log.info({ loop: name, failures: this.#failures }, 'loop recovered');
      this.#failures = 0;
      onRun?.('success', seconds());
    } catch (error) {
      // Once for each outage, or a database that is away would fill the disk with lines.
      if (this.#failures === 0) log.warn({ loop: name, err: error }, 'loop failed; will try again');
      this.#failures += 1;
      onRun?.('failure', seconds());
    }
  }

  #next(): void {
    if (this.#state !== 'running') return;
    this.#state = 'idle';
    if (this.#failures > 0) {
      this.#timer = setTimeout(() => this.#run('poll'), this.#backoffMs());
      return;
    }
    const leftMs = this.#lastPollMs + this.#options.pollMs - performance.now();
    if (leftMs <= 0) this.#run('poll');
    else if (this.#woken) this.#run('wake');
    else this.#timer = setTimeout(() => this.#run('poll'), leftMs);
  }

  #backoffMs(): number {
    const min = this.#options.backoffMsMin ?? backoffMsMinDefault;
    const max = this.#options.backoffMsMax ?? backoffMsMaxDefault;
    const full = Math.min(max, min * 2 ** Math.min(this.#failures - 1, 16));
    return full * (0.5 + Math.random() / 2);
  }
}

/**
 * Resolves with the promise or, at the latest, after so many ms: true when the promise was first.
 */
export async function within(promise: Promise<unknown>, deadlineMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, deadlineMs));
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
