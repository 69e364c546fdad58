/**
 * Makes the pages of replays: when one was made, when the next page of one is due, and every
 * `pollMs`. Any number of processes may run it; each page is made by one of them.
 */
import type { Log } from '../lib/log.ts';
import type { RunDeps } from '../usecases/replays/run-replay.ts';
import { runReplays } from '../usecases/replays/run-replays.ts';
import { Loop } from './loop.ts';

export function createReplayLoop(options: {
  deps: RunDeps;
  pollMs: number;
  log: Log;
  onRun(outcome: 'success' | 'failure', seconds: number): void;
}) {
  const { deps, pollMs, log, onRun } = options;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const loop = new Loop({
    ...{ name: 'replays', pollMs, log, onRun },
    async work() {
      clearTimeout(timer);
      const nextMs = await runReplays(deps, () => !stopped);
      if (nextMs === null || stopped) return;
      const delayMs = Math.max(1, nextMs - deps.clock.databaseNow());
      if (delayMs < pollMs) timer = setTimeout(() => loop.wake(), delayMs);
    },
  });
  return {
    start: () => loop.start(),
    wake: () => loop.wake(),
    stop(deadlineMs: number): Promise<void> {
      stopped = true;
      clearTimeout(timer);
      return loop.stop(deadlineMs);
    },
  };
}
