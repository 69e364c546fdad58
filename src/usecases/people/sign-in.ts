/**
 * E-mail and password → a session, or the question for the second factor. An e-mail that nobody
 * has is answered in the same words and after the same work as a wrong password, so that nobody
 * learns who has an account here.
 */

import { parseEmail } from '../../domain/email-addresses.ts';
import { AppError } from '../../domain/errors.ts';
import { addressGroup } from '../../domain/sign-in-limits.ts';
import { findUserByEmail, lockUser, type UserRow } from '../../repositories/users.ts';
import { isPassword } from './hash-password.ts';
import type { Browser, PeopleDeps } from './people-deps.ts';
import { askSecondStep, type SecondStep } from './second-step.ts';
import { type SignedIn, startSession } from './start-session.ts';
import { type Attempt, forgetAttempts, returnAttempt, takeAttempts } from './throttle.ts';

export type SignInInput = { email: string; password: string };

/** Throws AppError `unauthenticated`, `rate_limited` or `unavailable`. */
export async function signIn(
  deps: PeopleDeps,
  input: SignInInput,
  browser: Browser,
): Promise<SignedIn | SecondStep> {
  // What is no address is counted and looked for all the same.
  const email = parseEmail(input.email) ?? input.email.slice(0, 300).toWellFormed();
  const account: Attempt = { kind: 'sign_in_account', subject: email };
  const address: Attempt = {
    kind: 'sign_in_address',
    subject: addressGroup(browser.remoteAddress),
  };
  await takeAttempts(deps, [account, address]);
  const user = await findAccount(deps, email);
  const isRight = await isPassword(deps, input.password, user?.passwordHash ?? null);
  if (user === null || !isRight) throw notRight();
  return deps.database.withAccounts(async (tx) => {
    // Locked, so that no session comes after those that a new password has ended.
    const current = await lockUser(tx, user.id);
    if (current === null || current.passwordHash !== user.passwordHash) throw notRight();
    await forgetAttempts(tx, account);
    await returnAttempt(tx, address);
    if (current.totpConfirmedAt !== null) return askSecondStep(deps, user.id);
    return startSession(deps, tx, user, browser);
  });
}

function notRight(): AppError {
  return new AppError('unauthenticated', 'The e-mail address or the password is not right.');
}

async function findAccount(deps: PeopleDeps, email: string): Promise<UserRow | null> {
  if (email.includes('\0')) return null;
  return deps.database.withAccounts((tx) => findUserByEmail(tx, email));
}
