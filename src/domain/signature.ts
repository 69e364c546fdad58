/**
 * Standard Webhooks 1.0: signs `id.timestamp.body` and verifies it, `v1` by a shared secret and
 * `v1a` by ed25519. Every valid secret signs, so a receiver may change its secret at any time
 * during a rotation.
 * An id with a dot is never accepted in verification: `a.1` + `2` and `a` + `1.2` would sign alike.
 */
import { type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto';
import { invalidField } from './errors.ts';

const secretPrefix = 'whsec_';
const newSecretBytes = 32;
/** Bounds that the specification gives for a secret. */
const secretBytesMin = 24;
const secretBytesMax = 64;
const sha256Bytes = 32;
const ed25519Bytes = 64;
/** The specification's 5 min, in both directions. */
const defaultToleranceSeconds = 300;
/** Far more than a rotation ever has; a header of thousands would cost its reader. */
const signaturesMax = 32;

const base64Pattern = /^[A-Za-z0-9+/]+={0,2}$/;
const timestampPattern = /^\d{1,12}$/;

/** `whsec_` and the base64 of 32 random bytes. */
export function generateSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(newSecretBytes));
  return secretPrefix + bytes.toBase64();
}

/**
 * The key that a secret stands for; the prefix may be missing, as other senders' secrets have none.
 * @throws AppError `invalid` unless it is base64 of 24 to 64 bytes
 */
export function secretBytes(secret: string): Uint8Array {
  const encoded = secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : secret;
  const bytes = base64Pattern.test(encoded) ? new Uint8Array(Buffer.from(encoded, 'base64')) : null;
  if (bytes === null || bytes.length < secretBytesMin || bytes.length > secretBytesMax) {
    throw invalidField(
      'secret',
      `must be ${secretPrefix} and the base64 of ${secretBytesMin} to ${secretBytesMax} bytes`,
    );
  }
  return bytes;
}

/** A shared secret's bytes, or an ed25519 key: private to sign, public to verify. */
export type SigningKey = Uint8Array | KeyObject;

/**
 * The value of `webhook-signature`: one `v1,…` or `v1a,…` for each key, separated by spaces.
 * Hot path: hmac 0.8-1.0 us for a 600-byte body; node's createHmac takes 1.3. ed25519 takes 19 us
 * with a key that was made once (Bun 1.4.5, x64, 2026-11).
 * @param content.id holds no dot (ours are UUIDs)
 */
export function signContent(content: {
  id: string;
  timestampSeconds: number;
  body: string;
  keys: readonly SigningKey[];
}): string {
  const signed = `${content.id}.${content.timestampSeconds}.${content.body}`;
  return content.keys
    .map((key) =>
      key instanceof Uint8Array
        ? `v1,${new Bun.CryptoHasher('sha256', key).update(signed).digest('base64')}`
        : `v1a,${sign(null, Buffer.from(signed), key).toString('base64')}`,
    )
    .join(' ');
}

export type Verification =
  | { ok: true }
  | {
      ok: false;
      reason: 'missing_header' | 'bad_id' | 'bad_timestamp' | 'too_old' | 'too_new' | 'no_match';
    };

/**
 * `id`, `timestamp` and `signature` are the three `webhook-*` headers, null where one is missing.
 */
export function verifySignature(message: {
  id: string | null;
  timestamp: string | null;
  signature: string | null;
  body: string | Uint8Array;
  keys: readonly SigningKey[];
  nowSeconds: number;
  toleranceSeconds?: number;
}): Verification {
  const { id, timestamp, signature } = message;
  if (!id || !timestamp || !signature) return { ok: false, reason: 'missing_header' };
  if (id.includes('.')) return { ok: false, reason: 'bad_id' };
  if (!timestampPattern.test(timestamp)) return { ok: false, reason: 'bad_timestamp' };
  const ageSeconds = message.nowSeconds - Number(timestamp);
  const toleranceSeconds = message.toleranceSeconds ?? defaultToleranceSeconds;
  if (ageSeconds > toleranceSeconds) return { ok: false, reason: 'too_old' };
  if (ageSeconds < -toleranceSeconds) return { ok: false, reason: 'too_new' };
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), Buffer.from(message.body)]);
  const macs = candidates(signature, 'v1,', sha256Bytes);
  const signatures = candidates(signature, 'v1a,', ed25519Bytes);
  const matches = message.keys.some((key) => {
    if (!(key instanceof Uint8Array)) {
      return signatures.some((candidate) => verify(null, signed, key, candidate));
    }
    const expected = new Bun.CryptoHasher('sha256', key).update(signed).digest();
    return macs.some((candidate) => timingSafeEqual(candidate, expected));
  });
  return matches ? { ok: true } : { ok: false, reason: 'no_match' };
}

/** The signatures of one version that have its length; others are passed over. */
function candidates(header: string, prefix: string, bytes: number): Buffer[] {
  return header
    .split(' ', signaturesMax)
    .filter((part) => part.startsWith(prefix))
    .map((part) => Buffer.from(part.slice(prefix.length), 'base64'))
    .filter((signature) => signature.length === bytes);
}
