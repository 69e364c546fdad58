/**
 * Moves on whatever replays are due, of all tenants, a page each in turns. One that fails does not
 * hold up the others.
 */
import { listRunningReplays, type RunningReplay } from '../../repositories/replays.ts';
import { advanceReplay, type ReplayLimits, type RunDeps } from './run-replay.ts';

/** Of all tenants, those whose turn comes first; the others follow in the next round. */
const roundMax = 100;

/**
 * Answers when the next is due, ms by the database's clock; null when none is running. A failure is
 * thrown when there is nothing else to do.
 * @param keepOn asked before each page; false leaves the rest for later
 */
export async function runReplays(
  deps: RunDeps,
  keepOn: () => boolean,
  limits?: ReplayLimits,
): Promise<number | null> {
  const failures = new Map<string, unknown>();
  for (;;) {
    const running = await deps.database.withWorker((tx) => listRunningReplays(tx, roundMax));
    const nowMs = deps.clock.databaseNow();
    const due = running.filter((one) => one.nextPageAtMs <= nowMs && !failures.has(one.id));
    const isMoved = await runRound(deps, due, keepOn, failures, limits);
    if (isMoved && keepOn()) continue;
    for (const failure of failures.values()) throw failure;
    return running.find((one) => one.nextPageAtMs > nowMs)?.nextPageAtMs ?? null;
  }
}

/** False when nothing was due, or other processes are at all that was. */
async function runRound(
  deps: RunDeps,
  due: readonly RunningReplay[],
  keepOn: () => boolean,
  failures: Map<string, unknown>,
  limits?: ReplayLimits,
): Promise<boolean> {
  let isMoved = false;
  for (const one of due) {
    if (!keepOn()) break;
    try {
      const row = await advanceReplay(deps, one, limits === undefined ? {} : { limits });
      isMoved ||= row !== null;
    } catch (error) {
      failures.set(one.id, error);
    }
  }
  return isMoved;
}
