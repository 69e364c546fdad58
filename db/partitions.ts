/**
 * Day partitions, made ahead by every role before it is ready and then each hour, as the
 * administrator: a day without its partition would refuse what is accepted in it.
 */
import type { Sql } from 'postgres';

const daysAhead = 14;
/** Ids that clients choose reach back 24 h, and so does a clock that is off. */
const daysBack = 2;

/** Makes those that are missing and answers how many. */
export async function makePartitions(sql: Sql): Promise<number> {
  const [row] = await sql<{ made: number }[]>`
    select make_partitions((now() at time zone 'UTC')::date - ${daysBack}::integer,
      ${daysBack + daysAhead + 1}::integer) as made`;
  return row?.made ?? 0;
}
