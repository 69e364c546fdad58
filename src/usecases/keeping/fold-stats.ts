/** Takes what recording appended since the last time into the rollups. One process does it. */
import { foldStatsDeltas } from '../../repositories/delivery-stats.ts';
import type { Deps } from '../context.ts';

/** A statement of that many takes about a second on a busy machine. */
const deltasMax = 20_000;
/** Past so many the rest waits for the next round: others may take over in between. */
const statementsMax = 50;

/**
 * Answers how many deltas were folded; 0 as well when another process is at it. Whoever shows a
 * project's figures is told that they are other ones now.
 */
export async function foldStats(deps: Pick<Deps, 'database' | 'tellNews'>): Promise<number> {
  let total = 0;
  for (let statement = 0; statement < statementsMax; statement += 1) {
    const folded = await deps.database.withWorker((tx) => foldStatsDeltas(tx, deltasMax));
    for (const id of folded?.projectIds ?? []) deps.tellNews(id, ['figures']);
    total += folded?.count ?? 0;
    if (folded === null || folded.count < deltasMax) break;
  }
  return total;
}
