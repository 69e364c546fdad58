/**
 * The public keys of an endpoint that signs with ed25519, for whoever knows its id: receivers need
 * them, and they say nothing that is secret. An endpoint without any is as one that is not there.
 */
import { notFound } from '../../domain/errors.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { publicJwk } from '../../domain/signing-secrets.ts';
import { listPublicKeys as listRows } from '../../repositories/credentials.ts';
import type { Deps } from '../context.ts';
import type { PublicKeys } from './schemas.ts';

export async function listPublicKeys(
  { database }: Pick<Deps, 'database'>,
  id: EndpointId,
): Promise<PublicKeys> {
  const rows = await database.withLookup((tx) => listRows(tx, id));
  const keys = rows.flatMap(({ id: kid, publicKey, createdAt, expiresAt }) =>
    publicKey === null
      ? []
      : {
          id: kid,
          algorithm: 'ed25519' as const,
          publicKey,
          createdAt: createdAt.toISOString(),
          expiresAt: expiresAt?.toISOString() ?? null,
          ...{ ...publicJwk(publicKey), kid, alg: 'EdDSA' as const, use: 'sig' as const },
        },
  );
  if (keys.length === 0) throw notFound('endpoint with public keys', id);
  return { keys };
}
