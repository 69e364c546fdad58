/** How a project's portal looks and who may frame it; until somebody says so, as opsforge does. */
import { checkReadable, darkGround, lightGround } from '../../domain/brand-color.ts';
import { notFound } from '../../domain/errors.ts';
import { checkFrameOrigins } from '../../domain/portal.ts';
import {
  findPortalSettings,
  type PortalSettingsRow,
  upsertPortalSettings,
} from '../../repositories/portal-settings.ts';
import { findProject, lockProject } from '../../repositories/projects.ts';
import { recordUpdate } from '../audit/record-change.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import type { PortalSettings, PortalSettingsInput, PortalSettingsQuery } from './schemas.ts';

export const plainSettings: PortalSettingsRow = {
  name: null,
  color: null,
  darkColor: null,
  frameOrigins: [],
};

export async function findSettings(ctx: Ctx, query: PortalSettingsQuery): Promise<PortalSettings> {
  requireScope(ctx, 'portal-links:read');
  const projectId = requireProject(ctx, query.projectId);
  const [project, row] = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    Promise.all([findProject(tx, projectId), findPortalSettings(tx, projectId)]),
  );
  if (project === null) throw notFound('project', projectId);
  return row ?? plainSettings;
}

/** What is left out stays. */
export async function updateSettings(
  ctx: Ctx,
  { projectId: named, ...changes }: PortalSettingsInput,
): Promise<PortalSettings> {
  requireScope(ctx, 'portal-links:write');
  const projectId = requireProject(ctx, named);
  if (changes.color) checkReadable('color', changes.color, lightGround);
  if (changes.darkColor) checkReadable('darkColor', changes.darkColor, darkGround);
  const frameOrigins = changes.frameOrigins && checkFrameOrigins(changes.frameOrigins);
  const { database, announceChange } = ctx.deps;
  return database.withTenant(ctx.tenantId, async (tx) => {
    // One after the other: two changes at once must not undo each other.
    const project = await lockProject(tx, projectId, 'update');
    if (project === null) throw notFound('project', projectId);
    const was = (await findPortalSettings(tx, projectId)) ?? plainSettings;
    const row: PortalSettingsRow = {
      name: changes.name === undefined ? was.name : changes.name,
      color: changes.color === undefined ? was.color : changes.color,
      darkColor: changes.darkColor === undefined ? was.darkColor : changes.darkColor,
      frameOrigins: frameOrigins ?? was.frameOrigins,
    };
    await upsertPortalSettings(tx, projectId, row);
    await recordUpdate(tx, ctx, {
      action: 'portal.updated',
      target: { id: projectId, label: project.name },
      projectId,
      before: was,
      after: row,
    });
    tx.afterCommit(() => announceChange({ kind: 'portal', tenantId: ctx.tenantId }));
    return row;
  });
}
