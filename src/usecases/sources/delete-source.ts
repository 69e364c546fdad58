/** Deletes a source, softly: what its sender posts from now on is refused, its events stay. */
import type { SourceId } from '../../domain/ids.ts';
import { deleteSource as deleteRow, lockSource } from '../../repositories/sources.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleSource } from './find-source.ts';

export async function deleteSource(ctx: Ctx, id: SourceId): Promise<void> {
  requireScope(ctx, 'sources:write');
  const { database, announceChange } = ctx.deps;
  await database.withTenant(ctx.tenantId, async (tx) => {
    requireVisibleSource(ctx, id, await lockSource(tx, id));
    await deleteRow(tx, id);
    tx.afterCommit(() => announceChange({ kind: 'sources', tenantId: ctx.tenantId }));
  });
}
