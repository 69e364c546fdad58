/** Renames a project; its slug stays, since it stands in URLs that people have sent each other. */
import { notFound } from '../../domain/errors.ts';
import type { ProjectId } from '../../domain/ids.ts';
import { lockProject, updateProject as updateRow } from '../../repositories/projects.ts';
import { recordUpdate } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleProject } from './find-project.ts';
import type { Project, ProjectChanges } from './schemas.ts';
import { toProject } from './view.ts';

export async function updateProject(
  ctx: Ctx,
  id: ProjectId,
  changes: ProjectChanges,
): Promise<Project> {
  requireScope(ctx, 'projects:write');
  requireVisibleProject(ctx, id);
  const { database, announceChange } = ctx.deps;
  return database.withTenant(ctx.tenantId, async (tx) => {
    const { name } = changes;
    const current = await lockProject(tx, id, 'update');
    const row = name === undefined ? current : await updateRow(tx, id, { name });
    if (current === null || row === null) throw notFound('project', id);
    const after = toProject(row);
    await recordUpdate(tx, ctx, {
      action: 'project.updated',
      target: { id, label: row.name },
      projectId: id,
      before: toProject(current),
      after,
    });
    tx.afterCommit(() => announceChange({ kind: 'projects', tenantId: ctx.tenantId }));
    return after;
  });
}
