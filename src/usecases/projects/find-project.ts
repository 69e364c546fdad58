/** The project of an id, as far as the credential may see it. */
import { notFound } from '../../domain/errors.ts';
import type { ProjectId } from '../../domain/ids.ts';
import { findProject as findRow } from '../../repositories/projects.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';
import type { Project } from './schemas.ts';
import { toProject } from './view.ts';

export async function findProject(ctx: Ctx, id: ProjectId): Promise<Project> {
  requireScope(ctx, 'projects:read');
  requireVisibleProject(ctx, id);
  const row = await ctx.deps.database.withTenant(ctx.tenantId, (tx) => findRow(tx, id));
  if (row === null) throw notFound('project', id);
  return toProject(row);
}

/** A credential bound to another project must not learn that this one exists. */
export function requireVisibleProject(ctx: Ctx, id: ProjectId): void {
  const bound = boundProject(ctx);
  if (bound !== null && bound !== id) throw notFound('project', id);
}
