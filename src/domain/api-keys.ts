/**
 * API keys: `ofk_` and 32 random bytes. They are stored as a plain SHA-256: with 256 bits of
 * randomness there is nothing to guess, and a slow hash would cost each request its milliseconds.
 */
const keyPrefix = 'ofk_';
const keyBytes = 32;
const hintLength = 4;

/** Shown once, in the answer to its creation. */
export function generateApiKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(keyBytes));
  return keyPrefix + bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
}

/** What the database holds of a key. */
export function hashApiKey(key: string): Uint8Array {
  return new Bun.CryptoHasher('sha256').update(key).digest();
}

/** The last characters, by which people tell their keys apart. */
export function apiKeyHint(key: string): string {
  return key.slice(-hintLength);
}
