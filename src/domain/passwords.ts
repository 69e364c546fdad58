/**
 * Which passwords are taken: by length and by not being known (NIST SP 800-63B 5.1.1.2), without
 * rules of composition. The list holds those of the 49,000 commonest (zxcvbn-ts 4.1.3, MIT) that
 * are long enough to be asked about here.
 */
import knownPasswords from './known-passwords.txt' with { type: 'text' };

const passwordLengthMin = 10;
/** Hashing must not become work without bound. */
export const passwordLengthMax = 200;
/** Fewer different characters are a pattern: aaaaaaaaaa, 1212121212. */
const differentCharactersMin = 4;

const known: ReadonlySet<string> = new Set(knownPasswords.split('\n'));

/** Why a new password is refused, in the user's words; null when it is taken. */
export function passwordProblem(password: string, email: string): string | null {
  const length = [...password].length;
  if (length < passwordLengthMin) return `must be at least ${passwordLengthMin} characters`;
  if (password.length > passwordLengthMax) return `must be at most ${passwordLengthMax} characters`;
  const lower = password.toLowerCase();
  const isOwnName = lower === email || lower === email.split('@')[0];
  if (isOwnName) return 'must not be the e-mail address';
  const isPattern = new Set(lower).size < differentCharactersMin;
  if (isPattern || known.has(lower)) return 'is one that many people use; choose another';
  return null;
}
