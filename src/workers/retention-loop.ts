/**
 * Each hour, and once at the start: trims what expired, ends listeners that are gone and lets old
 * partitions go. A stop gives up
 * whatever is being waited for; the next round ends it.
 */
import type { Log } from '../lib/log.ts';
import type { Deps } from '../usecases/context.ts';
import { trimExpired } from '../usecases/keeping/trim-expired.ts';
import { endAbandonedListeners } from '../usecases/listeners/end-abandoned-listeners.ts';
import { Loop } from './loop.ts';

const pollMs = 3_600_000;

type RetentionOptions = Pick<Deps, 'database' | 'announceChange'> & {
  /** Names, for the log; null when another process is at it. */
  dropPartitions(
    signal: AbortSignal,
  ): Promise<{ dropped: string[]; needed: string[]; waiting: string[] } | null>;
  onRun(outcome: 'success' | 'failure', seconds: number): void;
  log: Log;
};

export function createRetentionLoop(options: RetentionOptions) {
  const { database, dropPartitions, onRun, log } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const work = async () => {
    const trimmed = await trimExpired({ database }, signal);
    if (Object.values(trimmed).some((rows) => rows > 0)) log.info(trimmed, 'expired rows deleted');
    const listeners = await endAbandonedListeners(options);
    if (listeners > 0) log.info({ listeners }, 'listeners not heard of for a day disabled');
    const round = await dropPartitions(signal);
    if (round === null) return;
    const { dropped, needed, waiting } = round;
    if (dropped.length > 0) log.info({ dropped }, 'partitions dropped by retention');
    if (needed.length > 0) log.info({ needed }, 'old partitions kept for pending deliveries');
    if (waiting.length > 0) log.warn({ waiting }, 'old partitions are still read; kept for now');
  };
  const loop = new Loop({
    name: 'retention',
    pollMs,
    log,
    onRun,
    work: () =>
      work().catch((error: unknown) => {
        if (!signal.aborted) throw error;
      }),
  });
  return {
    start: () => loop.start(),
    stop(deadlineMs: number): Promise<void> {
      stopping.abort();
      return loop.stop(deadlineMs);
    },
  };
}
