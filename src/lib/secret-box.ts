/**
 * Encrypts secrets at rest with AES-256-GCM under the installation's key. Sealed form: version (1
 * byte, 1) · key id (8) · nonce (12) · tag (16) · ciphertext. The key id lets a key be changed
 * later; `open` throws when the text was sealed under another key or altered.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

export const secretKeyBytes = 32;
const keyIdBytes = 8;
const nonceBytes = 12;
const tagBytes = 16;
const version = 1;

export type SecretBox = {
  /** Hex; says which key, never what it is. */
  readonly keyId: string;
  seal(text: string): Uint8Array;
  open(sealed: Uint8Array): string;
};

export function createSecretBox(key: Uint8Array): SecretBox {
  if (key.length !== secretKeyBytes) {
    throw new RangeError(`the secret key has ${key.length} bytes, not ${secretKeyBytes}`);
  }
  const id = createHmac('sha256', key).update('opsforge key id').digest().subarray(0, keyIdBytes);
  return {
    keyId: id.toString('hex'),
    seal(text) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(version), id, nonce, cipher.getAuthTag(), sealed]);
    },
    open(sealed) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      const nonceAt = 1 + keyIdBytes;
      const tagAt = nonceAt + nonceBytes;
      if (bytes[0] !== version || !bytes.subarray(1, nonceAt).equals(id)) {
        throw new Error(`sealed under another key than ${id.toString('hex')}`);
      }
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(nonceAt, tagAt));
      decipher.setAuthTag(bytes.subarray(tagAt, tagAt + tagBytes));
      return (
        decipher.update(bytes.subarray(tagAt + tagBytes), undefined, 'utf8') +
        decipher.final('utf8')
      );
    },
  };
}
