/**
 * Makes a tenant, a project in it and the project's first key, where they are missing: for the
 * command line, as the installation's own administrator. Safe to repeat: the same names give the
 * same ids.
 */
import { AppError, invalidField } from '../../domain/errors.ts';
import { newId, type ProjectId, type TenantId } from '../../domain/ids.ts';
import { projectScopes } from '../../domain/scopes.ts';
import { slugCandidates } from '../../domain/slugs.ts';
import { hasProjectKey } from '../../repositories/api-keys.ts';
import {
  findProjectIdByName,
  findTenantName,
  insertTenant,
  listTenantsBySlug,
} from '../../repositories/tenants.ts';
import { recordChange } from '../audit/record-change.ts';
import type { Ctx, Deps } from '../context.ts';
import { createProject } from '../projects/create-project.ts';
import { createApiKey } from './create-api-key.ts';

export type Bootstrapped = { tenantId: TenantId; projectId: ProjectId; apiKey: string | null };

const nameLengthMax = 200;
/** How often another process may take the chosen slug first. */
const insertAttemptsMax = 5;

export async function bootstrapTenant(
  deps: Deps,
  input: { tenant: string; project: string; newKey: boolean },
): Promise<Bootstrapped> {
  const tenantName = checkName('--tenant', input.tenant);
  const projectName = checkName('--project', input.project);
  const tenantId = await findOrMakeTenant(deps, tenantName);
  const ctx: Ctx = { deps, tenantId, actor: { kind: 'operator' }, origin: null };
  const projectId = await findOrMakeProject(ctx, projectName);
  const keyed = await deps.database.withTenant(tenantId, (tx) => hasProjectKey(tx, projectId));
  if (keyed && !input.newKey) return { tenantId, projectId, apiKey: null };
  const { key } = await createApiKey(ctx, {
    name: 'bootstrap',
    projectId,
    scopes: [...projectScopes],
  });
  return { tenantId, projectId, apiKey: key };
}

function checkName(flag: string, given: string): string {
  const name = given.trim();
  if (name.length >= 1 && name.length <= nameLengthMax) return name;
  throw invalidField(flag, `must be 1 to ${nameLengthMax} characters`);
}

/** Names that differ in spelling alone share a slug: each is told apart by its name. */
async function findOrMakeTenant(deps: Deps, name: string): Promise<TenantId> {
  const candidates = slugCandidates(name, 'tenant');
  for (let attempt = 0; attempt < insertAttemptsMax; attempt += 1) {
    const taken = await deps.database.withLookup((tx) => listTenantsBySlug(tx, candidates));
    for (const { id } of taken) {
      if ((await deps.database.withTenant(id, findTenantName)) === name) return id;
    }
    const slugs = new Set(taken.map(({ slug }) => slug));
    const slug = candidates.find((candidate) => !slugs.has(candidate));
    if (slug === undefined) break;
    const tenantId = newId<TenantId>(deps.clock.databaseNow());
    const ctx: Ctx = { deps, tenantId, actor: { kind: 'operator' }, origin: null };
    const made = await deps.database.withTenant(tenantId, async (tx) => {
      if (!(await insertTenant(tx, { name, slug }))) return false;
      const target = { id: tenantId, label: name };
      const after = { name, slug };
      await recordChange(tx, ctx, { action: 'tenant.created', target, projectId: null, after });
      return true;
    });
    if (made) return tenantId;
  }
  throw new AppError('conflict', `Too many tenants have a name like "${name}": choose another.`);
}

async function findOrMakeProject(ctx: Ctx, name: string): Promise<ProjectId> {
  const found = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    findProjectIdByName(tx, name),
  );
  if (found !== null) return found;
  const { id } = await createProject(ctx, { name });
  // Safe because it is the id of the project that was just made.
  return id as ProjectId;
}
