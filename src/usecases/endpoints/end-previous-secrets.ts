/** Ends at once what a rotation left valid: from now on the current secret signs alone. */
import type { EndpointId } from '../../domain/ids.ts';
import { deletePreviousSecrets, lockEndpoint } from '../../repositories/endpoints.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';

/** Answers how many ended; 0, without an audit entry, when the current one was alone already. */
export async function endPreviousSecrets(ctx: Ctx, id: EndpointId): Promise<number> {
  requireScope(ctx, 'endpoints:write');
  const { database, announceChange } = ctx.deps;
  return database.withTenant(ctx.tenantId, async (tx) => {
    const { url, projectId } = requireVisibleEndpoint(ctx, id, await lockEndpoint(tx, id));
    const ended = await deletePreviousSecrets(tx, id);
    if (ended === 0) return 0;
    await recordChange(tx, ctx, {
      action: 'endpoint.previous_secrets_ended',
      target: { id, label: url },
      projectId,
      after: { ended },
    });
    tx.afterCommit(() =>
      announceChange({ kind: 'endpoints', tenantId: ctx.tenantId, endpointId: id }),
    );
    return ended;
  });
}
