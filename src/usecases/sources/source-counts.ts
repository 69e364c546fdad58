/**
 * Counts what becomes of a source's messages: added up in memory, written together every few
 * seconds, so that neither a good message nor a flood of bad ones waits for a row. What a process
 * that dies had not written is missing from the counts; events are not made from them.
 */
import type { SourceId, TenantId } from '../../domain/ids.ts';
import {
  addSourceCounts,
  type SourceCount,
  type SourceOutcome,
} from '../../repositories/source-counts.ts';
import type { Deps } from '../context.ts';

export type SourceCounter = {
  count(source: { tenantId: TenantId; id: SourceId }, outcome: SourceOutcome, reason: string): void;
  /** Writes what was counted since the last time. On failure it is kept for the next. */
  flush(): Promise<void>;
};

/** Between two writes: sources by a few reasons each. Past it what is new is not counted. */
const keysMax = 10_000;

export function createSourceCounter({
  database,
  clock,
}: Pick<Deps, 'database' | 'clock'>): SourceCounter {
  let counts = new Map<string, SourceCount>();

  function add(one: SourceCount): void {
    const key = `${one.sourceId} ${one.outcome} ${one.reason}`;
    const held = counts.get(key);
    if (held === undefined) {
      if (counts.size < keysMax) counts.set(key, one);
      return;
    }
    held.messages += one.messages;
    held.lastAtMs = Math.max(held.lastAtMs, one.lastAtMs);
  }

  return {
    count({ tenantId, id }, outcome, reason) {
      const lastAtMs = clock.databaseNow();
      add({ tenantId, sourceId: id, outcome, reason, messages: 1, lastAtMs });
    },
    async flush() {
      if (counts.size === 0) return;
      const taken = [...counts.values()];
      counts = new Map();
      try {
        await database.withWorker((tx) => addSourceCounts(tx, taken));
      } catch (error) {
        for (const one of taken) add(one);
        throw error;
      }
    },
  };
}
