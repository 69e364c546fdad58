/**
 * Whether a source takes messages. Pausing keeps its address and secrets; what its sender posts
 * meanwhile is refused with 503, after which some try again. Both may be asked for twice.
 */
import type { SourceId } from '../../domain/ids.ts';
import { lockSource, updateSource } from '../../repositories/sources.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleSource } from './find-source.ts';
import type { Source } from './schemas.ts';
import { toSource } from './view.ts';

export function pauseSource(ctx: Ctx, id: SourceId): Promise<Source> {
  return setPause(ctx, id, true);
}

export function resumeSource(ctx: Ctx, id: SourceId): Promise<Source> {
  return setPause(ctx, id, false);
}

function setPause(ctx: Ctx, id: SourceId, isPaused: boolean): Promise<Source> {
  requireScope(ctx, 'sources:write');
  const { database, announceChange, clock } = ctx.deps;
  return database.withTenant(ctx.tenantId, async (tx) => {
    const row = requireVisibleSource(ctx, id, await lockSource(tx, id));
    const pausedAt = isPaused ? (row.pausedAt ?? new Date(clock.databaseNow())) : null;
    const updated = requireVisibleSource(ctx, id, await updateSource(tx, id, { pausedAt }));
    await recordChange(tx, ctx, {
      action: isPaused ? 'source.paused' : 'source.resumed',
      target: { id, label: row.name },
      projectId: row.projectId,
    });
    tx.afterCommit(() => announceChange({ kind: 'sources', tenantId: ctx.tenantId }));
    return toSource(updated, ctx.deps);
  });
}
