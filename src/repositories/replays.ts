/** Replays of the transaction's tenant; what they look for is replay-matches.ts. */
import { and, count, desc, eq, isNull, lt, or } from 'drizzle-orm';
import { replays } from '../../db/schema/replays.ts';
import type { EndpointId, ProjectId, ReplayId, TenantId } from '../domain/ids.ts';
import type { TenantTx, WorkerTx } from './transactions.ts';

export type ReplayRow = typeof replays.$inferSelect;
export type NewReplayRow = Omit<typeof replays.$inferInsert, 'tenantId'>;
export type ReplayChanges = Partial<
  Pick<
    ReplayRow,
    | 'status'
    | 'phase'
    | 'cursorId'
    | 'nextPageAt'
    | 'matched'
    | 'created'
    | 'delivered'
    | 'failed'
    | 'completedAt'
  >
>;

const withId = (tx: TenantTx, id: ReplayId) =>
  and(eq(replays.tenantId, tx.tenantId), eq(replays.id, id));

export async function findReplay(tx: TenantTx, id: ReplayId): Promise<ReplayRow | null> {
  const rows = await tx.run('findReplay', tx.db.select().from(replays).where(withId(tx, id)));
  return rows[0] ?? null;
}

/**
 * One transaction at a time moves a replay. `skip` answers null where another has it, `wait` waits
 * for that one's page.
 */
export async function lockReplay(
  tx: TenantTx,
  id: ReplayId,
  busy: 'skip' | 'wait',
): Promise<ReplayRow | null> {
  const rows = await tx.run(
    'lockReplay',
    tx.db
      .select()
      .from(replays)
      .where(withId(tx, id))
      .for('update', busy === 'skip' ? { skipLocked: true } : {}),
  );
  return rows[0] ?? null;
}

/** Newest first, with those that only count or without. */
export function listReplays(
  tx: TenantTx,
  filter: { projectId: ProjectId; before: ReplayId | null; dryRuns: boolean; limit: number },
): Promise<ReplayRow[]> {
  return tx.run(
    'listReplays',
    tx.db
      .select()
      .from(replays)
      .where(
        and(
          eq(replays.tenantId, tx.tenantId),
          eq(replays.projectId, filter.projectId),
          filter.before === null ? undefined : lt(replays.id, filter.before),
          filter.dryRuns ? undefined : eq(replays.dryRun, false),
        ),
      )
      .orderBy(desc(replays.id))
      .limit(filter.limit),
  );
}

/** Those that run to one endpoint, its own and those to every endpoint; newest first. */
export function listRunningReplaysTo(
  tx: TenantTx,
  to: { projectId: ProjectId; endpointId: EndpointId; limit: number },
): Promise<ReplayRow[]> {
  return tx.run(
    'listRunningReplaysTo',
    tx.db
      .select()
      .from(replays)
      .where(
        and(
          eq(replays.tenantId, tx.tenantId),
          eq(replays.status, 'running'),
          eq(replays.dryRun, false),
          eq(replays.projectId, to.projectId),
          or(eq(replays.endpointId, to.endpointId), isNull(replays.endpointId)),
        ),
      )
      .orderBy(desc(replays.id))
      .limit(to.limit),
  );
}

export async function countRunningReplays(tx: TenantTx): Promise<number> {
  const rows = await tx.run(
    'countRunningReplays',
    tx.db
      .select({ running: count() })
      .from(replays)
      .where(and(eq(replays.tenantId, tx.tenantId), eq(replays.status, 'running'))),
  );
  return rows[0]?.running ?? 0;
}

export async function insertReplay(tx: TenantTx, values: NewReplayRow): Promise<void> {
  await tx.run('insertReplay', tx.db.insert(replays).values({ ...values, tenantId: tx.tenantId }));
}

export async function updateReplay(
  tx: TenantTx,
  id: ReplayId,
  changes: ReplayChanges,
): Promise<ReplayRow> {
  const [row] = await tx.run(
    'updateReplay',
    tx.db.update(replays).set(changes).where(withId(tx, id)).returning(),
  );
  if (row === undefined) throw new Error('an updated replay came back as no row');
  return row;
}

export type ReplayRef = { tenantId: TenantId; id: ReplayId };
export type RunningReplay = ReplayRef & { nextPageAtMs: number };

/** Those of all tenants whose turn comes first. Index: replays_running_idx. */
export function listRunningReplays(tx: WorkerTx, limit: number): Promise<RunningReplay[]> {
  return tx.run(
    'listRunningReplays',
    tx.sql<RunningReplay[]>`
      select tenant_id as "tenantId", id,
        (extract(epoch from next_page_at) * 1000)::float8 as "nextPageAtMs"
      from replays where status = 'running' order by next_page_at limit ${limit}`,
  );
}
