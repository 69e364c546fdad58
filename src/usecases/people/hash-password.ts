/** Hashing in its queue; one that is full is `unavailable` to whoever asks. */
import { AppError, invalidField } from '../../domain/errors.ts';
import { passwordLengthMax } from '../../domain/passwords.ts';
import { PasswordHasherBusy } from '../../lib/password-hasher.ts';
import { findUser } from '../../repositories/users.ts';
import { signedOut } from './authenticate-session.ts';
import type { PeopleDeps } from './people-deps.ts';
import type { Person } from './person.ts';
import { forgetAttempts, takeAttempts } from './throttle.ts';

/** The queue holds 1 to 2 s of work. */
const retryAfterMs = 2_000;

export function hashPassword(deps: PeopleDeps, password: string): Promise<string> {
  return deps.passwords.hash(password).catch(refuseBusy);
}

/** As long for one that nobody has, or that is far too long, as for a wrong one. */
export async function isPassword(
  deps: PeopleDeps,
  password: string,
  hash: string | null,
): Promise<boolean> {
  const isPossible = password.length <= passwordLengthMax;
  const tried = isPossible ? password : '';
  return deps.passwords.verify(tried, isPossible ? hash : null).catch(refuseBusy);
}

/**
 * The person's password once more, before what a stranger at an open session must not do; answers
 * the hash it was held against. Throws AppError `invalid` at `currentPassword`, `conflict` for who
 * has none, `rate_limited` or `unavailable`.
 */
export async function requirePassword(
  deps: PeopleDeps,
  { userId }: Person,
  typed: string,
): Promise<string> {
  const attempt = { kind: 'password_check', subject: userId } as const;
  await takeAttempts(deps, [attempt]);
  const user = await deps.database.withAccounts((tx) => findUser(tx, userId));
  if (user === null) throw signedOut();
  if (user.passwordHash === null) {
    const detail = 'You sign in by single sign-on. To have a password as well, ask for a new one.';
    throw new AppError('conflict', detail);
  }
  const isRight = await isPassword(deps, typed, user.passwordHash);
  if (!isRight) throw invalidField('currentPassword', 'is not right');
  await deps.database.withAccounts((tx) => forgetAttempts(tx, attempt));
  return user.passwordHash;
}

function refuseBusy(cause: unknown): never {
  if (!(cause instanceof PasswordHasherBusy)) throw cause;
  const detail = 'Too many people are signing in at this moment; try again in a few seconds.';
  throw new AppError('unavailable', detail, { retryAfterMs, cause });
}
