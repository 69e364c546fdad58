/** The projects' own rows of the rollups, for tests that write the endpoints' by themselves. */
import type { Sql } from 'postgres';
import { migrations } from '../../db/migrate.ts';

/** By the migration that made them out of what there was; what stands there is made anew. */
export async function addProjectRollups(sql: Sql): Promise<void> {
  const text = migrations.find(({ name }) => name === 'project_rollups')?.text ?? '';
  await sql.begin(async (tx) => {
    await tx`delete from delivery_stats_minute where endpoint_id = project_id`;
    await tx`delete from delivery_stats_hour where endpoint_id = project_id`;
    await tx.unsafe(text);
  });
}
