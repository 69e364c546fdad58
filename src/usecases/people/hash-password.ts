/** Hashing in its queue; one that is full is `unavailable` to whoever asks. */
import { AppError } from '../../domain/errors.ts';
import { passwordLengthMax } from '../../domain/passwords.ts';
import { PasswordHasherBusy } from '../../lib/password-hasher.ts';
import type { PeopleDeps } from './people-deps.ts';

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

function refuseBusy(cause: unknown): never {
  if (!(cause instanceof PasswordHasherBusy)) throw cause;
  const detail = 'Too many people are signing in at this moment; try again in a few seconds.';
  throw new AppError('unavailable', detail, { retryAfterMs, cause });
}
