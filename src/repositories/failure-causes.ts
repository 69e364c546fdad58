/** Why deliveries of a project fail: by endpoint and what its last attempt got. */
import type { DeliveryId, EndpointId, ProjectId } from '../domain/ids.ts';
import type { TenantTx } from './transactions.ts';

export type FailureCauseRow = {
  endpointId: EndpointId;
  url: string;
  description: string;
  statusCode: number | null;
  /** Where there was no answer. */
  error: string | null;
  count: number;
};

/**
 * Of the tenant's newest `endedMax` ended ones that were not delivered, by
 * deliveries_not_delivered_idx, and of the `waitingMax` that wait longest at each endpoint that
 * fails, by delivery_queue_endpoint_idx: both bound what is read.
 */
export function listFailureCauses(
  tx: TenantTx,
  filter: {
    projectId: ProjectId;
    from: DeliveryId;
    endedMax: number;
    waitingMax: number;
    failingMax: number;
    limit: number;
  },
): Promise<FailureCauseRow[]> {
  const { sql, tenantId } = tx;
  return tx.run(
    'listFailureCauses',
    sql<FailureCauseRow[]>`
      with ended as materialized (
        select project_id, status, endpoint_id, last_status_code, last_error from deliveries
        where tenant_id = ${tenantId} and id >= ${filter.from} and status <> 'delivered'
        order by id desc limit ${sql.unsafe(String(filter.endedMax))}
      ), failed as (
        select endpoint_id, last_status_code, last_error from ended
        where project_id = ${filter.projectId} and status = 'failed'
        union all
        select waiting.endpoint_id, waiting.last_status_code, waiting.last_error
        from (
          select id from endpoints
          where tenant_id = ${tenantId} and project_id = ${filter.projectId}
            and deleted_at is null and failing_since is not null
          order by failing_since limit ${filter.failingMax}
        ) e
        cross join lateral (
          select endpoint_id, attempts, last_status_code, last_error from delivery_queue
          where tenant_id = ${tenantId} and endpoint_id = e.id
          order by id limit ${filter.waitingMax}
        ) waiting
        where waiting.attempts > 0
      ), counted as (
        select endpoint_id, last_status_code,
          case when last_status_code is null then last_error end as error, count(*) as count
        from failed group by 1, 2, 3 order by count desc, 1, 2, 3 limit ${filter.limit}
      )
      select c.endpoint_id as "endpointId", e.url, e.description,
        c.last_status_code::integer as "statusCode", c.error, c.count::integer as count
      from counted c join endpoints e on e.tenant_id = ${tenantId} and e.id = c.endpoint_id
      order by c.count desc, c.endpoint_id`,
  );
}

/** The delivery of a project that waits longest; a probe of an index for each endpoint. */
export async function findOldestWaiting(
  tx: TenantTx,
  projectId: ProjectId,
): Promise<DeliveryId | null> {
  const { sql, tenantId } = tx;
  const [row] = await tx.run(
    'findOldestWaiting',
    sql<{ id: DeliveryId }[]>`
      select waiting.id from endpoints e
      cross join lateral (
        select q.id from delivery_queue q
        where q.tenant_id = ${tenantId} and q.endpoint_id = e.id and not q.manual
        order by q.id limit 1
      ) waiting
      where e.tenant_id = ${tenantId} and e.project_id = ${projectId} and e.deleted_at is null
      order by waiting.id limit 1`,
  );
  return row?.id ?? null;
}
