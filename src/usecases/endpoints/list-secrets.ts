/**
 * The secrets that sign now, the current one first, each shown by its end alone; a public key,
 * which is no secret, as it is. Seeing all of one is reveal-secret.ts, which is on record.
 */
import type { EndpointId } from '../../domain/ids.ts';
import { findEndpoint, listValidSecrets } from '../../repositories/endpoints.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';

/** Enough to tell one from the other: 18 of 256 bits, after base64's padding. */
const shownEnd = 4;

export type MaskedSecret = {
  text: string;
  isPublic: boolean;
  createdAt: string;
  /** Null for the current one, which has no end. */
  expiresAt: string | null;
};

export async function listSecrets(ctx: Ctx, id: EndpointId): Promise<MaskedSecret[]> {
  requireScope(ctx, 'endpoints:read');
  const { database, secretBox } = ctx.deps;
  const [endpoint, rows] = await database.withTenant(ctx.tenantId, (tx) =>
    Promise.all([findEndpoint(tx, id), listValidSecrets(tx, id)]),
  );
  requireVisibleEndpoint(ctx, id, endpoint);
  return rows.map(({ publicKey, secretEncrypted, createdAt, expiresAt }) => ({
    text: publicKey ?? `whsec_••••••••••••${secretBox.open(secretEncrypted).slice(-shownEnd)}`,
    isPublic: publicKey !== null,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
  }));
}
