/**
 * Searches newest first by conditions that no index answers, within a budget of rows: small steps
 * first, since most pages fill within a few hundred rows, then one great one. Each step is a range of
 * ids, so rows that come or go meanwhile are neither skipped nor answered twice.
 */

/** 20,000 rows are some 30 ms from memory (docs/benchmarks.md); a page goes on by its cursor. */
export const scanSteps: readonly number[] = [400, 4_000, 20_000];
/** Where the condition reads a payload of up to 256 KiB. */
export const payloadScanSteps: readonly number[] = [200, 2_000];

/** Half open: `id >= from and id < before`. */
export type ScanRange<Id extends string> = { from: Id | null; before: Id | null };

export type Found<Row, Id extends string> = {
  /** At most `limit`, newest first. */
  rows: Row[];
  /** The last id that was looked at when the budget ended before the page was full, else null. */
  stoppedAt: Id | null;
};

export async function scanNewest<Row extends { id: Id }, Id extends string>(search: {
  range: ScanRange<Id>;
  limit: number;
  steps: readonly number[];
  /** The id of the row that is `budget` rows into the range, null when it has fewer. */
  findStop(range: ScanRange<Id>, budget: number): Promise<Id | null>;
  find(range: ScanRange<Id>, limit: number): Promise<Row[]>;
}): Promise<Found<Row, Id>> {
  const rows: Row[] = [];
  let { before } = search.range;
  for (const budget of search.steps) {
    const stop = await search.findStop({ from: search.range.from, before }, budget);
    const range = { from: stop ?? search.range.from, before };
    rows.push(...(await search.find(range, search.limit - rows.length)));
    if (rows.length >= search.limit || stop === null) return { rows, stoppedAt: null };
    before = stop;
  }
  return { rows, stoppedAt: before };
}
