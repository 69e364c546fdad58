/** Gives an endpoint a new signing secret; the ones until now stay valid for the overlap. */
import { AppError } from '../../domain/errors.ts';
import { type EndpointId, newId } from '../../domain/ids.ts';
import { makeSigningSecret, type SigningKind } from '../../domain/signing-secrets.ts';
import {
  deleteExpiredSecrets,
  expireSecrets,
  insertEndpointSecret,
  listValidSecrets,
} from '../../repositories/endpoints.ts';
import type { TenantTx } from '../../repositories/transactions.ts';
import type { Deps } from '../context.ts';
import type { RotatedSecret } from './schemas.ts';

/** Each valid secret is a signature in every request's header. */
const validSecretsMax = 5;

/** The caller has locked the endpoint. @throws AppError `conflict` when too many are valid */
export async function replaceSecret(
  tx: TenantTx,
  { clock, secretBox }: Pick<Deps, 'clock' | 'secretBox'>,
  id: EndpointId,
  wanted: { kind: SigningKind; overlapSeconds: number },
): Promise<RotatedSecret> {
  const expiresAt = new Date(clock.databaseNow() + wanted.overlapSeconds * 1_000);
  await Promise.all([expireSecrets(tx, id, expiresAt), deleteExpiredSecrets(tx, id)]);
  const valid = await listValidSecrets(tx, id);
  if (wanted.overlapSeconds > 0 && valid.length >= validSecretsMax) {
    throw new AppError(
      'conflict',
      `${valid.length} secrets are still valid. Rotate with a shorter overlapSeconds, or 0.`,
    );
  }
  const { kind, secret, publicKey, shown } = makeSigningSecret(wanted.kind);
  await insertEndpointSecret(tx, {
    id: newId(clock.databaseNow()),
    endpointId: id,
    kind,
    secretEncrypted: secretBox.seal(secret),
    publicKey,
  });
  return { secret: shown, previousExpiresAt: expiresAt.toISOString() };
}
