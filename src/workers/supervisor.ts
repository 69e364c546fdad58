/**
 * Starts the named parts of the process in order and stops them in reverse, within one deadline. A
 * part that fails to start stops those before it. Stopping twice, or what never started, is safe.
 */
import type { Log } from '../lib/log.ts';
import { within } from './loop.ts';

export type Part = {
  name: string;
  start(): Promise<void> | void;
  /** Must end by itself within `deadlineMs`; what does not is left behind. */
  stop(deadlineMs: number): Promise<void> | void;
};

export class Supervisor {
  readonly #parts: readonly Part[];
  readonly #log: Log;
  readonly #started: Part[] = [];
  #stopping: Promise<boolean> | null = null;

  constructor(parts: readonly Part[], log: Log) {
    this.#parts = parts;
    this.#log = log;
  }

  /** @throws what a part's start threw, after the others are stopped. */
  async start(): Promise<void> {
    for (const part of this.#parts) {
      if (this.#stopping !== null) return;
      try {
        // Before it has started: a half-started part must be stopped as well.
        this.#started.push(part);
        await part.start();
      } catch (error) {
        await this.stop(startFailedStopMs);
        throw error;
      }
    }
  }

  /** True when every part stopped in time and without an error. */
  stop(deadlineMs: number): Promise<boolean> {
    this.#stopping ??= this.#stopAll(performance.now() + deadlineMs);
    return this.#stopping;
  }

  async #stopAll(endMs: number): Promise<boolean> {
    let clean = true;
    for (const part of this.#started.toReversed()) {
      const leftMs = Math.max(partStopMsMin, endMs - performance.now());
      try {
        const stopped = await within(Promise.resolve(part.stop(leftMs)), leftMs + graceMs);
        if (stopped) continue;
        this.#log.warn({ part: part.name }, 'part did not stop in time');
      } catch (error) {
        this.#log.error({ part: part.name, err: error }, 'part failed to stop');
      }
      clean = false;
    }
    return clean;
  }
}

const startFailedStopMs = 5_000;
/** However late it is, each part gets a chance to close what it holds. */
const partStopMsMin = 250;
/** A part that ends at its deadline to the millisecond is not late. */
const graceMs = 250;
