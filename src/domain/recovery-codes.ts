/**
 * Recovery codes: what signs in once when the second factor is lost. 80 random bits each, so that
 * the plain SHA-256 that is stored cannot be searched through. Read leniently: people type them
 * from paper.
 */
const codesCount = 10;
const codeBytes = 10;
/** Crockford's alphabet: no I, L, O and U, which paper confuses. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const groupLength = 4;
const codePattern = /^[0-9A-HJKMNP-TV-Z]{16}$/;

/** As they are shown, once: `AAAA-BBBB-CCCC-DDDD`. */
export function generateRecoveryCodes(): string[] {
  return Array.from({ length: codesCount }, () => {
    const bytes = crypto.getRandomValues(new Uint8Array(codeBytes));
    const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    const letters = (bits.match(/.{5}/g) ?? []).map((five) => alphabet[Number.parseInt(five, 2)]);
    return (letters.join('').match(new RegExp(`.{${groupLength}}`, 'g')) ?? []).join('-');
  });
}

/** Null when it cannot be one. */
export function hashRecoveryCode(typed: string): Uint8Array | null {
  const code = typed.toUpperCase().replace(/[\s-]/g, '').replace(/[IL]/g, '1').replaceAll('O', '0');
  if (!codePattern.test(code)) return null;
  return new Bun.CryptoHasher('sha256').update(code).digest();
}
