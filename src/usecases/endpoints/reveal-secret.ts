/**
 * The current signing secret, of a key pair the public half; for those who may change the
 * endpoint, not for all who may see it.
 */
import type { EndpointId } from '../../domain/ids.ts';
import { findEndpoint, listValidSecrets } from '../../repositories/endpoints.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';
import type { EndpointSecret } from './schemas.ts';

export async function revealSecret(ctx: Ctx, id: EndpointId): Promise<EndpointSecret> {
  requireScope(ctx, 'endpoints:write');
  const { database, secretBox } = ctx.deps;
  const [row, secrets] = await database.withTenant(ctx.tenantId, (tx) =>
    Promise.all([findEndpoint(tx, id), listValidSecrets(tx, id)]),
  );
  requireVisibleEndpoint(ctx, id, row);
  const [current] = secrets;
  if (current === undefined) throw new Error('an endpoint has no valid secret');
  return { secret: current.publicKey ?? secretBox.open(current.secretEncrypted) };
}
