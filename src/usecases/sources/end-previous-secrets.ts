/** Ends at once what a change of the secret left valid: the current one alone is taken then. */
import type { SourceId } from '../../domain/ids.ts';
import { lockSource, updateSource } from '../../repositories/sources.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleSource } from './find-source.ts';
import { openSecrets, previousEnds, sealSecrets, withoutPrevious } from './secrets.ts';

/** Answers how many ended; 0, without an audit entry, when the current one was alone already. */
export async function endPreviousSecrets(ctx: Ctx, id: SourceId): Promise<number> {
  requireScope(ctx, 'sources:write');
  const { database, announceChange, clock, secretBox } = ctx.deps;
  return database.withTenant(ctx.tenantId, async (tx) => {
    const row = requireVisibleSource(ctx, id, await lockSource(tx, id));
    const secrets = openSecrets(row.secretsEncrypted, secretBox);
    const ended = previousEnds(secrets, clock.databaseNow()).length;
    if (ended === 0) return 0;
    await updateSource(tx, id, {
      secretsEncrypted: sealSecrets(withoutPrevious(secrets), secretBox),
    });
    await recordChange(tx, ctx, {
      action: 'source.previous_secrets_ended',
      target: { id, label: row.name },
      projectId: row.projectId,
      after: { ended },
    });
    tx.afterCommit(() => announceChange({ kind: 'sources', tenantId: ctx.tenantId }));
    return ended;
  });
}
