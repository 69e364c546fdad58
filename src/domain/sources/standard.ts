/**
 * Standard Webhooks: `webhook-signature` over `id.timestamp.body`, by a shared secret (`v1`) or,
 * when the secret is a public key `whpk_…`, by ed25519 (`v1a`); five minutes either way. Svix's
 * names of the headers are taken too.
 */
import { AppError } from '../errors.ts';
import {
  generateSecret,
  type SigningKey,
  secretBytes,
  type Verification,
  verifySignature,
} from '../signature.ts';
import { isPublicKey, openPublicKey } from '../signing-secrets.ts';
import { noMatch, replayWindowSeconds } from './signatures.ts';
import type { Refusal, SourceContent, SourceRules } from './source.ts';
import { textMember } from './values.ts';

type Reason = Extract<Verification, { ok: false }>['reason'];

const refusals: Record<Reason, Refusal> = {
  missing_header: 'one of the headers webhook-id, webhook-timestamp, webhook-signature is missing',
  bad_id: 'its webhook-id holds a dot',
  bad_timestamp: 'its webhook-timestamp is no number of seconds',
  too_old: 'it was signed more than 5 min ago',
  too_new: 'it was signed more than 5 min in the future',
  no_match: noMatch,
};

export const standard: SourceRules = {
  makeSecret: generateSecret,
  checkSecret(secret) {
    try {
      openKey(secret);
      return null;
    } catch (error) {
      if (error instanceof AppError) return error.fields[0]?.message ?? 'is not a secret';
      throw error;
    }
  },
  verify(request, secrets) {
    const { body, nowSeconds } = request;
    const verified = verifySignature({
      id: read(request, 'id'),
      timestamp: read(request, 'timestamp'),
      signature: read(request, 'signature'),
      body,
      keys: secrets.map(openKey),
      nowSeconds,
      toleranceSeconds: replayWindowSeconds,
    });
    return verified.ok ? null : refusals[verified.reason];
  },
  eventType: ({ value }) => textMember(value, 'type'),
  deliveryId: (content) => read(content, 'id'),
  challenge: () => null,
  keptHeaders: ['webhook-id', 'svix-id'],
};

function read({ headers }: Pick<SourceContent, 'headers'>, name: string): string | null {
  return headers.get(`webhook-${name}`) ?? headers.get(`svix-${name}`);
}

function openKey(secret: string): SigningKey {
  return isPublicKey(secret) ? openPublicKey(secret) : secretBytes(secret);
}
