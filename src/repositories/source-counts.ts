/** How many messages of a source were taken and refused, by the hour and the reason. */
import type { ProjectId, SourceId, TenantId } from '../domain/ids.ts';
import type { TenantTx, WorkerTx } from './transactions.ts';

export type SourceOutcome = 'accepted' | 'repeated' | 'refused';

export type SourceCount = {
  tenantId: TenantId;
  sourceId: SourceId;
  outcome: SourceOutcome;
  /** A sentence of the service's own; empty for what was taken. */
  reason: string;
  messages: number;
  lastAtMs: number;
};

/** Each is one key: the caller has added up. In the order of keys, or two would deadlock. */
export async function addSourceCounts(tx: WorkerTx, counts: readonly SourceCount[]): Promise<void> {
  const each = <Value>(pick: (count: SourceCount) => Value) => counts.map(pick);
  await tx.run(
    'addSourceCounts',
    tx.sql`
      insert into source_counts as held
        (tenant_id, source_id, hour, outcome, reason, messages, last_at)
      select tenant_id, source_id, date_bin('1 hour', to_timestamp(at_ms / 1000), 'epoch'::timestamptz),
        outcome, reason, messages, to_timestamp(at_ms / 1000)
      from unnest(${each((one) => one.tenantId)}::uuid[], ${each((one) => one.sourceId)}::uuid[],
        ${each((one) => one.outcome)}::text[], ${each((one) => one.reason)}::text[],
        ${each((one) => one.messages)}::bigint[], ${each((one) => one.lastAtMs)}::float8[])
        as given (tenant_id, source_id, outcome, reason, messages, at_ms)
      order by 1, 2, 3, 4, 5
      on conflict (tenant_id, source_id, hour, outcome, reason) do update set
        messages = held.messages + excluded.messages,
        last_at = greatest(held.last_at, excluded.last_at)`,
  );
}

export type SourceTotal = Omit<SourceCount, 'tenantId' | 'lastAtMs'>;

/** Since then, of each source of the project: by the key, a few rows an hour. */
export function listSourceTotals(
  tx: TenantTx,
  filter: { projectId: ProjectId; sinceMs: number; limit: number },
): Promise<SourceTotal[]> {
  return tx.run(
    'listSourceTotals',
    tx.sql<SourceTotal[]>`
      select c.source_id as "sourceId", c.outcome, c.reason, sum(c.messages)::float8 as messages
      from sources s join source_counts c on c.tenant_id = s.tenant_id and c.source_id = s.id
      where s.tenant_id = ${tx.tenantId} and s.project_id = ${filter.projectId}
        and s.deleted_at is null and c.hour >= to_timestamp(${filter.sinceMs}::float8 / 1000)
      group by c.source_id, c.outcome, c.reason
      order by messages desc, c.source_id, c.outcome, c.reason limit ${filter.limit}`,
  );
}

export type SourceHourRow = { hourMs: number; outcome: SourceOutcome; messages: number };

/** Of one source since then, by the hour. By the key: a few rows an hour. */
export function listSourceHours(
  tx: TenantTx,
  sourceId: SourceId,
  sinceMs: number,
): Promise<SourceHourRow[]> {
  return tx.run(
    'listSourceHours',
    tx.sql<SourceHourRow[]>`
      select (extract(epoch from hour) * 1000)::float8 as "hourMs", outcome,
        sum(messages)::float8 as messages
      from source_counts
      where tenant_id = ${tx.tenantId} and source_id = ${sourceId}
        and hour >= to_timestamp(${sinceMs}::float8 / 1000)
      group by hour, outcome`,
  );
}

/** When a message's signature last held; null for never, or longer ago than counts are kept. */
export async function findLastVerified(tx: TenantTx, sourceId: SourceId): Promise<number | null> {
  const [row] = await tx.run(
    'findLastVerified',
    tx.sql<{ lastAtMs: number }[]>`
      select (extract(epoch from last_at) * 1000)::float8 as "lastAtMs" from source_counts
      where tenant_id = ${tx.tenantId} and source_id = ${sourceId} and outcome <> 'refused'
      order by hour desc, last_at desc limit 1`,
  );
  return row?.lastAtMs ?? null;
}

/** Up to `limit` rows from before so many days; answers how many. By the index on the hour. */
export async function deleteOldSourceCounts(
  tx: WorkerTx,
  keptDays: number,
  limit: number,
): Promise<number> {
  const rows = await tx.run(
    'deleteOldSourceCounts',
    tx.sql`
      delete from source_counts
      where ctid = any(array(
        select ctid from source_counts where hour < now() - ${keptDays}::integer * interval '1 day'
        order by hour limit ${limit}))
      returning 1`,
  );
  return rows.length;
}
