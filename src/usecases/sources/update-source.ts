/** Changes a source; with a new secret the ones until now stay valid for the overlap. */
import { maskedValue } from '../../domain/endpoint-headers.ts';
import type { SourceId } from '../../domain/ids.ts';
import {
  lockSource,
  type SourceRow,
  type SourceRowChanges,
  updateSource as updateRow,
} from '../../repositories/sources.ts';
import { recordUpdate } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { checkSettings } from './create-source.ts';
import { requireVisibleSource } from './find-source.ts';
import type { Source, SourceChanges } from './schemas.ts';
import { chooseSecret, openSecrets, replaceSecret, sealSecrets } from './secrets.ts';
import { toSource } from './view.ts';

export async function updateSource(
  ctx: Ctx,
  id: SourceId,
  changes: SourceChanges,
): Promise<Source> {
  requireScope(ctx, 'sources:write');
  const { database, announceChange } = ctx.deps;
  return database.withTenant(ctx.tenantId, async (tx) => {
    const current = requireVisibleSource(ctx, id, await lockSource(tx, id));
    const updated = await updateRow(tx, id, toRowChanges(ctx, current, changes));
    tx.afterCommit(() => announceChange({ kind: 'sources', tenantId: ctx.tenantId }));
    const after = toSource(requireVisibleSource(ctx, id, updated), ctx.deps);
    await recordUpdate(tx, ctx, {
      action: 'source.updated',
      target: { id, label: after.name },
      projectId: current.projectId,
      before: { ...toSource(current, ctx.deps), secret: maskedValue },
      after: { ...after, secret: maskedValue },
      masked: changes.secret === undefined ? [] : ['secret'],
    });
    return after;
  });
}

function toRowChanges(ctx: Ctx, row: SourceRow, changes: SourceChanges): SourceRowChanges {
  const { name, eventType, overlapSeconds } = changes;
  return {
    ...{ name, eventType },
    settings: changes.settings && checkSettings(row.kind, changes.settings),
    secretsEncrypted:
      changes.secret === undefined
        ? undefined
        : withSecret(ctx, row, chooseSecret(row.kind, changes.secret), overlapSeconds),
  };
}

function withSecret(ctx: Ctx, row: SourceRow, secret: string, overlapSeconds: number): Uint8Array {
  const { clock, secretBox } = ctx.deps;
  const known = openSecrets(row.secretsEncrypted, secretBox);
  const nowMs = clock.databaseNow();
  return sealSecrets(replaceSecret(known, secret, { nowMs, overlapSeconds }), secretBox);
}
