/**
 * The audit log: appended to and read, never changed (the roles may not). A search reads newest
 * first by the narrowest index that its filter has, and looks at the rest of the filter row by row
 * within a budget (scan.ts).
 */
import { sql as expression } from 'drizzle-orm';
import type { Sql } from 'postgres';
import { auditLog } from '../../db/schema/audit-log.ts';
import { apiKeys } from '../../db/schema/tenants.ts';
import type { AuditActorKind } from '../domain/audit-log.ts';
import type { ApiKeyId, AuditEntryId, ProjectId, TenantId } from '../domain/ids.ts';
import { type TypeFilter, typeMatches } from './delivery-lists.ts';
import {
  type Found,
  type Fragment,
  inRange,
  type ScanRange,
  scanNewest,
  scanStatement,
  scanSteps,
} from './scan.ts';
import type { TenantTx, WorkerTx } from './transactions.ts';

export type AuditRow = Omit<typeof auditLog.$inferSelect, 'tenantId'>;

/** `label` null: the key's own name, as it is now. */
export type AuditActor =
  | { kind: 'api_key'; id: ApiKeyId; label: null }
  | { kind: Exclude<AuditActorKind, 'api_key'>; id: string | null; label: string };

type NewAuditEntry = Omit<AuditRow, 'actorKind' | 'actorId' | 'actorLabel'> & {
  tenantId: TenantId;
  actor: AuditActor;
};

export type AuditFilter = {
  projectId: ProjectId | null;
  action: TypeFilter | null;
  actorKind: AuditActorKind | null;
  actorId: string | null;
  targetId: string | null;
  /** In lower case; stands in a label, the action or the request id. */
  text: string | null;
  range: ScanRange<AuditEntryId>;
};

export async function insertAuditEntry(
  tx: TenantTx | WorkerTx,
  { actor, ...entry }: NewAuditEntry,
): Promise<void> {
  const nameOfKey = expression`coalesce((select ${apiKeys.name} from ${apiKeys}
    where ${apiKeys.tenantId} = ${entry.tenantId} and ${apiKeys.id} = ${actor.id}), '')`;
  await tx.run(
    'insertAuditEntry',
    tx.db.insert(auditLog).values({
      ...entry,
      actorKind: actor.kind,
      actorId: actor.id,
      actorLabel: actor.kind === 'api_key' ? nameOfKey : actor.label,
    }),
  );
}

export function listAuditEntries(
  tx: TenantTx,
  filter: AuditFilter,
  limit: number,
): Promise<Found<AuditRow, AuditEntryId>> {
  const { sql } = tx;
  return scanNewest<AuditRow, AuditEntryId>({
    range: filter.range,
    limit,
    steps: scanSteps,
    async read(range, budget, stepLimit) {
      const step = scanStatement<ListedRow>(sql, {
        columns: sql`*`,
        from: fromIndexed(tx, { ...filter, range }),
        where: matches(sql, filter),
        ...{ budget, limit: stepLimit },
      });
      const rows = await tx.run('listAuditEntries', step);
      return rows.map((row) => (row.id === null ? row : { ...fromColumns(row), stop: row.stop }));
    },
  });
}

/** How many there are, counted up to `limit`. */
export async function countAuditEntries(
  tx: TenantTx,
  filter: AuditFilter,
  limit: number,
): Promise<number> {
  const [row] = await tx.run(
    'countAuditEntries',
    tx.sql<{ count: number }[]>`
      select count(*)::integer as count from (
        select ${fromIndexed(tx, filter)} and (${matches(tx.sql, filter)}) limit ${limit}
      ) found`,
  );
  return row?.count ?? 0;
}

/** Up to `limit` of those that are past their time, which the role's policy decides. */
export async function deleteOldAuditEntries(tx: WorkerTx, limit: number): Promise<number> {
  const rows = await tx.run(
    'deleteOldAuditEntries',
    tx.sql`
      delete from audit_log
      where ctid = any(array(select ctid from audit_log order by at limit ${limit}))
      returning 1`,
  );
  return rows.length;
}

/** One of the indexes answers it in the order of ids: by target, by actor, by project, or all. */
function fromIndexed(tx: TenantTx, filter: AuditFilter): Fragment {
  const { sql } = tx;
  const { targetId, actorId, projectId } = filter;
  const narrowest =
    targetId !== null
      ? sql`and target_id = ${targetId}`
      : actorId !== null
        ? sql`and actor_id = ${actorId}`
        : projectId !== null
          ? sql`and project_id = ${projectId}`
          : sql``;
  return sql`from audit_log where tenant_id = ${tx.tenantId} ${narrowest}
    ${inRange(sql, filter.range)}`;
}

function matches(sql: Sql, filter: AuditFilter): Fragment {
  const { action, actorKind, actorId, projectId, text } = filter;
  return sql`true
    ${projectId === null ? sql`` : sql`and project_id = ${projectId}`}
    ${actorId === null ? sql`` : sql`and actor_id = ${actorId}`}
    ${actorKind === null ? sql`` : sql`and actor_kind = ${actorKind}`}
    ${action === null ? sql`` : sql`and ${typeMatches(sql, sql`action`, action)}`}
    ${text === null ? sql`` : sql`and ${textMatches(sql, text)}`}`;
}

function textMatches(sql: Sql, text: string): Fragment {
  return sql`strpos(lower(concat_ws(chr(31), actor_label, action, target_label, request_id)),
    ${text}) > 0`;
}

/** Times are text, as PostgreSQL has them. */
type ListedRow = {
  id: AuditEntryId;
  at: string;
  actor_kind: AuditRow['actorKind'];
  actor_id: string | null;
  actor_label: string;
  action: AuditRow['action'];
  target_id: string;
  target_label: string;
  project_id: ProjectId | null;
  before: AuditRow['before'];
  after: AuditRow['after'];
  request_id: string | null;
  remote_address: string | null;
};

function fromColumns(row: ListedRow): AuditRow {
  return {
    id: row.id,
    at: new Date(row.at),
    actorKind: row.actor_kind,
    actorId: row.actor_id,
    actorLabel: row.actor_label,
    action: row.action,
    targetId: row.target_id,
    targetLabel: row.target_label,
    projectId: row.project_id,
    before: row.before,
    after: row.after,
    requestId: row.request_id,
    remoteAddress: row.remote_address,
  };
}
