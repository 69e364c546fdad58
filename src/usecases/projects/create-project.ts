/** Makes a project. Not for a key that is bound to one: it could not see what it made. */
import { AppError } from '../../domain/errors.ts';
import { newId, type ProjectId } from '../../domain/ids.ts';
import { slugCandidates } from '../../domain/slugs.ts';
import { insertProject, listTakenSlugs } from '../../repositories/projects.ts';
import type { TenantTx } from '../../repositories/transactions.ts';
import { recordChange } from '../audit/record-change.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';
import type { Project, ProjectInput } from './schemas.ts';
import { toProject } from './view.ts';

/** How often another request may take the chosen slug first. */
const insertAttemptsMax = 5;

export async function createProject(ctx: Ctx, input: ProjectInput): Promise<Project> {
  requireScope(ctx, 'projects:write');
  if (boundProject(ctx) !== null) {
    throw new AppError('forbidden', 'This API key is bound to one project and cannot make others.');
  }
  const { clock, database, announceChange } = ctx.deps;
  return database.withTenant(ctx.tenantId, async (tx) => {
    const candidates = slugCandidates(input.name, 'project');
    for (let attempt = 0; attempt < insertAttemptsMax; attempt += 1) {
      const id = newId<ProjectId>(clock.databaseNow());
      const slug = await chooseSlug(tx, candidates);
      const row = await insertProject(tx, { id, name: input.name, slug });
      if (row === null) continue;
      const made = toProject(row);
      await recordChange(tx, ctx, {
        action: 'project.created',
        target: { id, label: row.name },
        projectId: id,
        after: made,
      });
      tx.afterCommit(() => announceChange({ kind: 'projects', tenantId: ctx.tenantId }));
      return made;
    }
    throw slugsTaken();
  });
}

async function chooseSlug(tx: TenantTx, candidates: string[]): Promise<string> {
  const taken = await listTakenSlugs(tx, candidates);
  const free = candidates.find((slug) => !taken.has(slug));
  if (free === undefined) throw slugsTaken();
  return free;
}

function slugsTaken(): AppError {
  return new AppError(
    'conflict',
    'Too many projects have a name like this one: choose another name.',
  );
}
