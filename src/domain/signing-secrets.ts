/**
 * The secrets that endpoints sign with. `hmac`: one secret that both sides know. `ed25519`: a key
 * pair, of which the receiver gets the public half only (`whpk_`), so that it can check and not
 * sign. Written as Standard Webhooks has them: a prefix and base64.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { invalidField } from './errors.ts';
import { generateSecret, type SigningKey, secretBytes } from './signature.ts';

export type SigningKind = 'hmac' | 'ed25519';

export type NewSigningSecret = {
  kind: SigningKind;
  /** To be sealed: `whsec_…` or `whsk_…`. */
  secret: string;
  /** `whpk_…`; null for hmac. */
  publicKey: string | null;
  /** What the endpoint's owner is shown: the secret itself, or the public key. */
  shown: string;
};

const privatePrefix = 'whsk_';
const publicPrefix = 'whpk_';
const seedBytes = 32;
const publicBytes = 32;

export function makeSigningSecret(kind: SigningKind): NewSigningSecret {
  if (kind === 'hmac') {
    const secret = generateSecret();
    return { kind, secret, publicKey: null, shown: secret };
  }
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const seed = Buffer.from(jwk.d ?? '', 'base64url');
  const point = Buffer.from(jwk.x ?? '', 'base64url');
  const publicKey = publicPrefix + point.toString('base64');
  // Seed and public key together, as libsodium and other senders write a private key.
  const secret = privatePrefix + Buffer.concat([seed, point]).toString('base64');
  return { kind, secret, publicKey, shown: publicKey };
}

/** The key of an opened secret. @throws Error when it is none of that kind */
export function openSigningKey(kind: SigningKind, secret: string): SigningKey {
  return kind === 'hmac' ? secretBytes(secret) : privateKey(secret);
}

function privateKey(secret: string): KeyObject {
  const bytes = decoded(secret, privatePrefix);
  if (bytes?.length !== seedBytes + publicBytes) throw new TypeError('not an ed25519 private key');
  const d = bytes.subarray(0, seedBytes).toString('base64url');
  const x = bytes.subarray(seedBytes).toString('base64url');
  return createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' });
}

export const isPublicKey = (text: string) => text.startsWith(publicPrefix);

/** @throws AppError `invalid` unless it is `whpk_` and the base64 of 32 bytes */
export function openPublicKey(text: string): KeyObject {
  try {
    return createPublicKey({ key: publicJwk(text), format: 'jwk' });
  } catch {
    throw invalidField('secret', `must be ${publicPrefix} and the base64 of ${publicBytes} bytes`);
  }
}

/** RFC 8037. @throws TypeError when the text is no public key */
export function publicJwk(text: string): { kty: 'OKP'; crv: 'Ed25519'; x: string } {
  const bytes = decoded(text, publicPrefix);
  if (bytes?.length !== publicBytes) throw new TypeError('not an ed25519 public key');
  return { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') };
}

function decoded(text: string, prefix: string): Buffer | null {
  return text.startsWith(prefix) ? Buffer.from(text.slice(prefix.length), 'base64') : null;
}
