/** The project that a page's address names. */
import { AppError } from '../../domain/errors.ts';
import { mayBeSlug } from '../../domain/slugs.ts';
import { findProjectBySlug as findRow } from '../../repositories/projects.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';
import type { Project } from './schemas.ts';
import { toProject } from './view.ts';

export async function findProjectBySlug(ctx: Ctx, slug: string): Promise<Project> {
  requireScope(ctx, 'projects:read');
  const { database } = ctx.deps;
  const row = mayBeSlug(slug)
    ? await database.withTenant(ctx.tenantId, (tx) => findRow(tx, slug))
    : null;
  const bound = boundProject(ctx);
  if (row === null || (bound !== null && row.id !== bound)) {
    throw new AppError('not_found', `There is no project with the slug ${slug}.`);
  }
  return toProject(row);
}
