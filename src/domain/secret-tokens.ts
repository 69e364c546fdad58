/**
 * What stands in session cookies and one-time links: 32 random bytes. They are stored as a plain
 * SHA-256, as API keys are: with 256 bits there is nothing to guess, and who reads the database
 * cannot use what is there. A look-up by the hash tells nothing by its time.
 */
const tokenBytes = 32;
const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

export function generateToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(tokenBytes));
  return bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
}

/** Null for what cannot be a token: it is not looked for. */
export function hashToken(token: string): Uint8Array | null {
  return tokenPattern.test(token) ? sha256(token) : null;
}

/** Of one that was just made. */
export function hashNewToken(token: string): Uint8Array {
  return sha256(token);
}

function sha256(text: string): Uint8Array {
  return new Bun.CryptoHasher('sha256').update(text).digest();
}
