/**
 * Does a work when it is wanted, at most once in `restMs`: a little after the first wish, so that
 * what comes together is done together, and after each run no sooner than the rest. Wishes during a
 * run or a rest are one more run. The work must not throw.
 */
export type Schedule = (work: () => void, delayMs: number) => () => void;

export type Pacer = { want(): void; stop(): void };

type PacerOptions = {
  work(): void | Promise<void>;
  collectMs: number;
  restMs: number;
  schedule: Schedule;
};

/** Timers that do not keep a process alive. */
export const scheduleByTimer: Schedule = (work, delayMs) => {
  const timer = setTimeout(work, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
};

export function createPacer({ work, collectMs, restMs, schedule }: PacerOptions): Pacer {
  let state: 'idle' | 'busy' | 'stopped' = 'idle';
  let wanted = false;
  let cancel = () => {};

  async function run(): Promise<void> {
    wanted = false;
    await work();
    if (state !== 'stopped') cancel = schedule(rested, restMs);
  }
  function rested(): void {
    if (wanted) void run();
    else state = 'idle';
  }

  return {
    want() {
      if (state === 'busy') wanted = true;
      if (state !== 'idle') return;
      state = 'busy';
      cancel = schedule(() => void run(), collectMs);
    },
    stop() {
      state = 'stopped';
      cancel();
    },
  };
}
