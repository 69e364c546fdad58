/** A project as clients see it. */
import type { ProjectRow } from '../../repositories/projects.ts';
import type { Project } from './schemas.ts';

export function toProject(row: ProjectRow): Project {
  return { id: row.id, name: row.name, slug: row.slug, createdAt: row.createdAt.toISOString() };
}
