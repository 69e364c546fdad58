/** When the secrets end that a change left valid; of the secrets themselves nothing is told. */
import type { SourceId } from '../../domain/ids.ts';
import { findSource } from '../../repositories/sources.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleSource } from './find-source.ts';
import { openSecrets, previousEnds } from './secrets.ts';

/** ISO times, of the newest first. */
export async function listPreviousSecrets(ctx: Ctx, id: SourceId): Promise<string[]> {
  requireScope(ctx, 'sources:read');
  const { database, clock, secretBox } = ctx.deps;
  const row = await database.withTenant(ctx.tenantId, (tx) => findSource(tx, id));
  const { secretsEncrypted } = requireVisibleSource(ctx, id, row);
  const ends = previousEnds(openSecrets(secretsEncrypted, secretBox), clock.databaseNow());
  return ends.map((endMs) => new Date(endMs).toISOString());
}
