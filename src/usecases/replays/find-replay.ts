/** The replay of an id with its progress, as far as the credential may see it. */
import { notFound } from '../../domain/errors.ts';
import type { ReplayId } from '../../domain/ids.ts';
import { findReplay as findRow, type ReplayRow } from '../../repositories/replays.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';
import type { Replay } from './schemas.ts';
import { viewReplay } from './view.ts';

export async function findReplay(ctx: Ctx, id: ReplayId): Promise<Replay> {
  requireScope(ctx, 'deliveries:read');
  return ctx.deps.database.withTenant(ctx.tenantId, async (tx) => {
    const row = requireVisibleReplay(ctx, id, await findRow(tx, id));
    return viewReplay(tx, row);
  });
}

export function requireVisibleReplay(ctx: Ctx, id: ReplayId, row: ReplayRow | null): ReplayRow {
  const bound = boundProject(ctx);
  if (row === null || (bound !== null && row.projectId !== bound)) throw notFound('replay', id);
  return row;
}
