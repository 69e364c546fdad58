/**
 * Deletes an empty project, softly, and revokes its keys. One that still has endpoints or monitors
 * is refused: deleting those ends deliveries and alerts, which must be asked for by name.
 */
import { AppError, notFound } from '../../domain/errors.ts';
import type { ProjectId } from '../../domain/ids.ts';
import { revokeProjectKeys } from '../../repositories/api-keys.ts';
import {
  deleteProject as deleteRow,
  isProjectInUse,
  lockProject,
} from '../../repositories/projects.ts';
import { recordChange } from '../audit/record-change.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';
import { toProject } from './view.ts';

export async function deleteProject(ctx: Ctx, id: ProjectId): Promise<void> {
  requireScope(ctx, 'projects:write');
  const bound = boundProject(ctx);
  if (bound !== null) {
    if (bound !== id) throw notFound('project', id);
    throw new AppError('forbidden', 'This API key is bound to the project and cannot delete it.');
  }
  const { database, announceChange } = ctx.deps;
  await database.withTenant(ctx.tenantId, async (tx) => {
    const row = await lockProject(tx, id, 'update');
    if (row === null) throw notFound('project', id);
    if (await isProjectInUse(tx, id)) {
      throw new AppError(
        'conflict',
        'The project still has endpoints or monitors. Delete them first.',
      );
    }
    await Promise.all([deleteRow(tx, id), revokeProjectKeys(tx, id)]);
    await recordChange(tx, ctx, {
      action: 'project.deleted',
      target: { id, label: row.name },
      projectId: id,
      before: toProject(row),
    });
    tx.afterCommit(() => {
      announceChange({ kind: 'projects', tenantId: ctx.tenantId });
      announceChange({ kind: 'api_keys', tenantId: ctx.tenantId });
    });
  });
}
