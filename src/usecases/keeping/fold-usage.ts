/** Takes what accepting appended since the last time into the days. One process does it. */
import { foldUsageDeltas } from '../../repositories/usage.ts';
import type { Deps } from '../context.ts';

/** One row for each project of a group: more than two seconds of full load bring. */
const deltasMax = 20_000;
/** Past so many the rest waits for the next round: others may take over in between. */
const statementsMax = 50;

/** Answers how many deltas were folded; 0 as well when another process is at it. */
export async function foldUsage({ database }: Pick<Deps, 'database'>): Promise<number> {
  let total = 0;
  for (let statement = 0; statement < statementsMax; statement += 1) {
    const folded = await database.withWorker((tx) => foldUsageDeltas(tx, deltasMax));
    total += folded ?? 0;
    if (folded === null || folded < deltasMax) break;
  }
  return total;
}
