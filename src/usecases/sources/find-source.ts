/** The source of an id, as far as the credential may see it. */
import { notFound } from '../../domain/errors.ts';
import type { SourceId } from '../../domain/ids.ts';
import { findSource as findRow, type SourceRow } from '../../repositories/sources.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';
import type { Source } from './schemas.ts';
import { toSource } from './view.ts';

export async function findSource(ctx: Ctx, id: SourceId): Promise<Source> {
  requireScope(ctx, 'sources:read');
  const row = await ctx.deps.database.withTenant(ctx.tenantId, (tx) => findRow(tx, id));
  return toSource(requireVisibleSource(ctx, id, row), ctx.deps);
}

export function requireVisibleSource(ctx: Ctx, id: SourceId, row: SourceRow | null): SourceRow {
  const bound = boundProject(ctx);
  if (row === null || (bound !== null && row.projectId !== bound)) throw notFound('source', id);
  return row;
}
