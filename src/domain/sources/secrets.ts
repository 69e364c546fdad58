/** Secrets that we make for senders that take one. */

const secretBytes = 32;

/** For senders that take any text: 64 hexadecimal digits. */
export function randomHexSecret(): string {
  return crypto.getRandomValues(new Uint8Array(secretBytes)).toHex();
}
