/**
 * Disables listeners that ended without a word: what is pending for them is cancelled by the
 * engine, and holds no old events any more.
 */
import { updateAbandonedListeners } from '../../repositories/listeners.ts';
import type { Deps } from '../context.ts';

/** A laptop may sleep over night and go on listening in the morning. */
const unheardHoursMax = 24;
/** In one round; more wait for the next. */
const listenersMax = 1_000;

/** How many. */
export async function endAbandonedListeners({
  database,
  announceChange,
}: Pick<Deps, 'database' | 'announceChange'>): Promise<number> {
  const ended = await database.withWorker((tx) =>
    updateAbandonedListeners(tx, unheardHoursMax, listenersMax),
  );
  for (const endpoint of ended) announceChange({ kind: 'endpoints', ...endpoint });
  return ended.length;
}
