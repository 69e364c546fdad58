/**
 * How often something may be tried before the answer is 429: by account, so that many addresses
 * cannot share the guessing of one password, and by address, so that one cannot guess at many
 * accounts. A window begins with the first try; a success gives its try back.
 */
export type AttemptKind =
  | 'sign_in_account'
  | 'sign_in_address'
  | 'second_step'
  | 'password_check'
  | 'reset_account'
  | 'reset_address'
  | 'sign_up_address';

const minuteMs = 60_000;

/**
 * 10 in 15 minutes are 350,000 guesses a year at one account: far too few for a password that is
 * on no list, and people who forgot theirs ask for a reset before. An office behind one address
 * shares 60. A code of six digits, two of them valid at a time, falls to 10 in 15 minutes once in
 * 1.4 years of trying with the right password.
 */
export const attemptLimits: Record<AttemptKind, { attemptsMax: number; windowMs: number }> = {
  sign_in_account: { attemptsMax: 10, windowMs: 15 * minuteMs },
  sign_in_address: { attemptsMax: 60, windowMs: 15 * minuteMs },
  second_step: { attemptsMax: 10, windowMs: 15 * minuteMs },
  password_check: { attemptsMax: 10, windowMs: 15 * minuteMs },
  reset_account: { attemptsMax: 3, windowMs: 60 * minuteMs },
  reset_address: { attemptsMax: 20, windowMs: 60 * minuteMs },
  sign_up_address: { attemptsMax: 20, windowMs: 60 * minuteMs },
};

/**
 * A network of IPv6 counts as one address: a single customer has 2^64 of them. `address` is in
 * canonical spelling; unknown addresses share one count.
 */
export function addressGroup(address: string | null): string {
  if (address === null) return 'unknown';
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
