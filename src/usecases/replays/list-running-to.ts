/**
 * The replays that are sending to one endpoint now, its own and those to every endpoint. What has
 * ended is what was made less what is pending, which is bounded, so that the page of an endpoint
 * takes no longer while a large one runs.
 */
import type { EndpointId, ProjectId } from '../../domain/ids.ts';
import { countPendingOfReplay } from '../../repositories/replay-deliveries.ts';
import { listRunningReplaysTo } from '../../repositories/replays.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import type { Replay } from './schemas.ts';

/** More than that run to one endpoint by accident only; the list of replays has them all. */
const shownMax = 3;
/** Twice what a replay may have in the queue (run-replay.ts). */
const pendingMax = 10_000;

export type RunningTo = Pick<
  Replay,
  'id' | 'status' | 'endpointId' | 'matched' | 'created' | 'ratePerSecond' | 'createdAt'
> & { ended: number };

export async function listRunningTo(
  ctx: Ctx,
  to: { projectId: ProjectId; endpointId: EndpointId },
): Promise<RunningTo[]> {
  requireScope(ctx, 'deliveries:read');
  const projectId = requireProject(ctx, to.projectId);
  return ctx.deps.database.withTenant(ctx.tenantId, async (tx) => {
    const rows = await listRunningReplaysTo(tx, { ...to, projectId, limit: shownMax });
    const pending = await Promise.all(
      rows.map(({ id }) => countPendingOfReplay(tx, id, pendingMax)),
    );
    return rows.map((row, index) => ({
      ...{ id: row.id, status: row.status, endpointId: row.endpointId, matched: row.matched },
      ...{ created: row.created, ratePerSecond: row.ratePerSecond },
      createdAt: row.createdAt.toISOString(),
      ended: Math.max(0, row.created - (pending[index] ?? 0)),
    }));
  });
}
