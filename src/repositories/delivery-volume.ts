/** How many deliveries ended over time: the rollups of a project, or of one endpoint, in steps. */
import type { EndpointId, ProjectId } from '../domain/ids.ts';
import type { StatsBucket } from './delivery-stats.ts';
import type { TenantTx } from './transactions.ts';

export type VolumeRow = { atMs: number; delivered: number; failed: number; attemptsFailed: number };

/** Deleted endpoints too; steps without deliveries are left out. By the key of the rollups. */
export function listVolume(
  tx: TenantTx,
  range: {
    projectId: ProjectId;
    endpointId: EndpointId | null;
    bucket: StatsBucket;
    stepMs: number;
    since: Date;
    until: Date;
  },
): Promise<VolumeRow[]> {
  const { sql, tenantId } = tx;
  const table = sql(`delivery_stats_${range.bucket}`);
  // As texts: drizzle has taken the client's way of writing a Date away.
  const since = range.since.toISOString();
  const until = range.until.toISOString();
  return tx.run(
    'listVolume',
    sql<VolumeRow[]>`
      select extract(epoch from date_bin(${range.stepMs}::float8 * interval '1 ms', s.bucket,
          ${since}::timestamptz))::float8 * 1000 as "atMs",
        sum(s.delivered)::integer as delivered, sum(s.failed)::integer as failed,
        sum(s.attempts_failed)::integer as "attemptsFailed"
      from ${table} s
      where s.tenant_id = ${tenantId} and s.project_id = ${range.projectId}
        and s.endpoint_id = ${range.endpointId ?? range.projectId}
        and s.bucket >= ${since}::timestamptz and s.bucket < ${until}::timestamptz
      group by 1`,
  );
}

/** Pending deliveries of a project, at most `perEndpointMax` of each endpoint are counted. */
export async function countProjectPending(
  tx: TenantTx,
  filter: { projectId: ProjectId; endpointId: EndpointId | null; perEndpointMax: number },
): Promise<number> {
  const [row] = await tx.run(
    'countProjectPending',
    tx.sql<{ count: number }[]>`
      select coalesce(sum(waiting.count), 0)::integer as count
      from endpoints e
      cross join lateral (
        select count(*) as count from (
          select from delivery_queue q
          where q.tenant_id = ${tx.tenantId} and q.endpoint_id = e.id and not q.manual
          limit ${filter.perEndpointMax}) counted
      ) waiting
      where e.tenant_id = ${tx.tenantId} and e.project_id = ${filter.projectId}
        and e.deleted_at is null
        and (${filter.endpointId}::uuid is null or e.id = ${filter.endpointId}::uuid)`,
  );
  return row?.count ?? 0;
}
