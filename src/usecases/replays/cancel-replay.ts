/**
 * Stops a replay: it makes nothing more, and what is pending of it is cancelled. What it has sent
 * stays sent. Cancelling twice is as once; one that is done is refused.
 */
import { AppError } from '../../domain/errors.ts';
import type { ReplayId } from '../../domain/ids.ts';
import { cancelPendingDelivery } from '../../repositories/deliveries.ts';
import {
  cancelReplayDeliveries,
  countEndedOfReplay,
} from '../../repositories/replay-deliveries.ts';
import { lockReplay, updateReplay } from '../../repositories/replays.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { findReplay, requireVisibleReplay } from './find-replay.ts';
import type { Replay } from './schemas.ts';
import { replayLabel } from './view.ts';

export async function cancelReplay(ctx: Ctx, id: ReplayId): Promise<Replay> {
  requireScope(ctx, 'deliveries:write');
  const { clock, database, wakeEndpoints, tellNews } = ctx.deps;
  const stopped = await database.withTenant(ctx.tenantId, async (tx) => {
    // After the page that may be under way: nothing is made once this is committed.
    const row = requireVisibleReplay(ctx, id, await lockReplay(tx, id, 'wait'));
    if (row.status === 'done') {
      throw new AppError('conflict', 'The replay is done; only a running one can be cancelled.');
    }
    if (row.status === 'running') {
      const completedAt = new Date(clock.databaseNow());
      await updateReplay(tx, id, { status: 'cancelled', completedAt });
      tx.afterCommit(() => tellNews(row.projectId, ['replays', 'deliveries']));
    }
    await recordChange(tx, ctx, {
      action: 'replay.cancelled',
      target: { id, label: replayLabel(row.matchStatus, row.matchType) },
      projectId: row.projectId,
      before: { status: row.status },
      after: { status: 'cancelled' },
    });
    const isCounted = row.delivered !== null;
    return { ...(await cancelReplayDeliveries(tx, id)), isCounted };
  });
  // Each alone: waiting for one recorder while holding nothing, no circle of waits can form.
  for (const deliveryId of stopped.passedOver) {
    await database.withTenant(ctx.tenantId, (tx) =>
      cancelPendingDelivery(tx, deliveryId, 'cancelled_by_request'),
    );
  }
  if (!stopped.isCounted) {
    await database.withTenant(ctx.tenantId, async (tx) =>
      updateReplay(tx, id, await countEndedOfReplay(tx, id)),
    );
  }
  wakeEndpoints(stopped.endpointIds);
  return findReplay(ctx, id);
}
