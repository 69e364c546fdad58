/** A new signing secret; the ones until now stay valid for the overlap, so receivers can change. */
import type { EndpointId } from '../../domain/ids.ts';
import { lockEndpoint } from '../../repositories/endpoints.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';
import { replaceSecret } from './replace-secret.ts';
import type { RotatedSecret, RotationInput } from './schemas.ts';

export async function rotateSecret(
  ctx: Ctx,
  id: EndpointId,
  input: RotationInput,
): Promise<RotatedSecret> {
  requireScope(ctx, 'endpoints:write');
  const { database, announceChange } = ctx.deps;
  return database.withTenant(ctx.tenantId, async (tx) => {
    const { signing, url, projectId } = requireVisibleEndpoint(ctx, id, await lockEndpoint(tx, id));
    const { overlapSeconds } = input;
    const rotated = await replaceSecret(tx, ctx.deps, id, { kind: signing, overlapSeconds });
    await recordChange(tx, ctx, {
      action: 'endpoint.secret_rotated',
      target: { id, label: url },
      projectId,
      after: { previousExpiresAt: rotated.previousExpiresAt },
    });
    tx.afterCommit(() =>
      announceChange({ kind: 'endpoints', tenantId: ctx.tenantId, endpointId: id }),
    );
    return rotated;
  });
}
