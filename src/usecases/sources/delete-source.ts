/** Deletes a source, softly: what its sender posts from now on is refused, its events stay. */
import type { SourceId } from '../../domain/ids.ts';
import { deleteSource as deleteRow, lockSource } from '../../repositories/sources.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleSource } from './find-source.ts';
import { toSource } from './view.ts';

export async function deleteSource(ctx: Ctx, id: SourceId): Promise<void> {
  requireScope(ctx, 'sources:write');
  const { database, announceChange } = ctx.deps;
  await database.withTenant(ctx.tenantId, async (tx) => {
    const row = requireVisibleSource(ctx, id, await lockSource(tx, id));
    await deleteRow(tx, id);
    await recordChange(tx, ctx, {
      action: 'source.deleted',
      target: { id, label: row.name },
      projectId: row.projectId,
      before: toSource(row, ctx.deps),
    });
    tx.afterCommit(() => announceChange({ kind: 'sources', tenantId: ctx.tenantId }));
  });
}
