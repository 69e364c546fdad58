/**
 * The current signing secret, of a key pair the public half; for those who may change the
 * endpoint, not for all who may see it. Who looked is on record.
 */
import type { EndpointId } from '../../domain/ids.ts';
import { findEndpoint, listValidSecrets } from '../../repositories/endpoints.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';
import type { EndpointSecret } from './schemas.ts';

export async function revealSecret(ctx: Ctx, id: EndpointId): Promise<EndpointSecret> {
  requireScope(ctx, 'endpoints:write');
  const { database, secretBox } = ctx.deps;
  const current = await database.withTenant(ctx.tenantId, async (tx) => {
    const [row, secrets] = await Promise.all([findEndpoint(tx, id), listValidSecrets(tx, id)]);
    const { url, projectId } = requireVisibleEndpoint(ctx, id, row);
    const target = { id, label: url };
    await recordChange(tx, ctx, { action: 'endpoint.secret_revealed', target, projectId });
    return secrets[0];
  });
  if (current === undefined) throw new Error('an endpoint has no valid secret');
  return { secret: current.publicKey ?? secretBox.open(current.secretEncrypted) };
}
