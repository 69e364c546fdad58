/** A new signing secret; the ones until now stay valid for the overlap, so receivers can change. */
import { AppError } from '../../domain/errors.ts';
import { type EndpointId, newId } from '../../domain/ids.ts';
import { generateSecret } from '../../domain/signature.ts';
import {
  deleteExpiredSecrets,
  expireSecrets,
  insertEndpointSecret,
  listValidSecrets,
  lockEndpoint,
} from '../../repositories/endpoints.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';
import type { RotatedSecret, RotationInput } from './schemas.ts';

/** Each valid secret is a signature in every request's header. */
const validSecretsMax = 5;

export async function rotateSecret(
  ctx: Ctx,
  id: EndpointId,
  input: RotationInput,
): Promise<RotatedSecret> {
  requireScope(ctx, 'endpoints:write');
  const { clock, database, secretBox, announceChange } = ctx.deps;
  const secret = generateSecret();
  return database.withTenant(ctx.tenantId, async (tx) => {
    requireVisibleEndpoint(ctx, id, await lockEndpoint(tx, id));
    const expiresAt = new Date(clock.databaseNow() + input.overlapSeconds * 1_000);
    await Promise.all([expireSecrets(tx, id, expiresAt), deleteExpiredSecrets(tx, id)]);
    const valid = await listValidSecrets(tx, id);
    if (input.overlapSeconds > 0 && valid.length >= validSecretsMax) {
      throw new AppError(
        'conflict',
        `${valid.length} secrets are still valid. Rotate with a shorter overlapSeconds, or 0.`,
      );
    }
    await insertEndpointSecret(tx, {
      id: newId(clock.databaseNow()),
      endpointId: id,
      secretEncrypted: secretBox.seal(secret),
    });
    tx.afterCommit(() =>
      announceChange({ kind: 'endpoints', tenantId: ctx.tenantId, endpointId: id }),
    );
    return { secret, previousExpiresAt: expiresAt.toISOString() };
  });
}
