/** Makes a source with its secret, which is in the answer. */
import { invalidField, notFound } from '../../domain/errors.ts';
import { newId, type SourceId } from '../../domain/ids.ts';
import type { SourceKind, SourceSettings } from '../../domain/sources/source.ts';
import { lockProject } from '../../repositories/projects.ts';
import { insertSource } from '../../repositories/sources.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import type { NewSource, SourceInput } from './schemas.ts';
import { chooseSecret, sealSecrets } from './secrets.ts';
import { toSource } from './view.ts';

export async function createSource(ctx: Ctx, input: SourceInput): Promise<NewSource> {
  requireScope(ctx, 'sources:write');
  const projectId = requireProject(ctx, input.projectId);
  const { clock, database, secretBox } = ctx.deps;
  const { name, kind, eventType } = input;
  const settings = checkSettings(kind, input.settings);
  const secret = chooseSecret(kind, input.secret);
  const row = await database.withTenant(ctx.tenantId, async (tx) => {
    if ((await lockProject(tx, projectId, 'share')) === null) throw notFound('project', projectId);
    const id = newId<SourceId>(clock.databaseNow());
    const secretsEncrypted = sealSecrets([{ secret, expiresAtMs: null }], secretBox);
    const values = { id, projectId, name, kind, eventType, settings, secretsEncrypted };
    const inserted = await insertSource(tx, values);
    await recordChange(tx, ctx, {
      action: 'source.created',
      target: { id, label: name },
      projectId,
      after: toSource(inserted, ctx.deps),
    });
    return inserted;
  });
  return { ...toSource(row, ctx.deps), secret };
}

type GivenSettings = { [Name in keyof SourceSettings]?: SourceSettings[Name] | undefined };

/** @throws AppError `invalid` for a kind that has none */
export function checkSettings(kind: SourceKind, given: GivenSettings): SourceSettings {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  const [first] = entries;
  if (first !== undefined && kind !== 'hmac') {
    throw invalidField(`settings.${first[0]}`, `is of the kind hmac only, not of ${kind}`);
  }
  return Object.fromEntries(entries);
}
