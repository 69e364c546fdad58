/** Day partitions that are missing when rows of their day are written. */
import { idTimeMs } from '../domain/ids.ts';
import type { IngestTx, WorkerTx } from './transactions.ts';

const dayMs = 86_400_000;

/**
 * Makes the partitions of the days of these ids. Of the days around today only: the roles may make
 * no others (make_partitions_of refuses them), and a row of another day fails as it did.
 */
export async function makePartitionsOf(
  tx: IngestTx | WorkerTx,
  ids: readonly string[],
): Promise<void> {
  const starts = new Set(ids.map((id) => Math.floor(idTimeMs(id) / dayMs) * dayMs));
  const days = [...starts].map((startMs) => new Date(startMs).toISOString().slice(0, 10));
  await tx.run(
    'makePartitionsOf',
    tx.sql`
      select make_partitions_of(day::date)
      from unnest(${days}::text[]) day
      where day::date between (now() at time zone 'UTC')::date - 2
        and (now() at time zone 'UTC')::date + 15`,
  );
}
