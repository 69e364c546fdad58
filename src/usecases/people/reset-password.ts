/**
 * A new password for who has lost theirs: by a link in a mail, or one that the operator hands over.
 * Whether an e-mail has an account here is never answered. A link works once; with it all sessions
 * end. The second factor stays.
 */

import { parseEmail } from '../../domain/email-addresses.ts';
import { AppError, invalidField } from '../../domain/errors.ts';
import type { UserId } from '../../domain/ids.ts';
import { passwordProblem } from '../../domain/passwords.ts';
import { generateToken, hashNewToken, hashToken } from '../../domain/secret-tokens.ts';
import { addressGroup } from '../../domain/sign-in-limits.ts';
import {
  deleteUserTokens,
  findOneTimeToken,
  insertOneTimeToken,
  takeOneTimeToken,
} from '../../repositories/one-time-tokens.ts';
import { deleteSessions } from '../../repositories/sessions.ts';
import type { AccountsTx } from '../../repositories/transactions.ts';
import { findUser, findUserByEmail, lockUser, updatePassword } from '../../repositories/users.ts';
import { hashPassword } from './hash-password.ts';
import { resetMail } from './mails.ts';
import type { Browser, PeopleDeps } from './people-deps.ts';
import { recordDeed } from './record-deed.ts';
import { forgetAttempts, takeAttempts } from './throttle.ts';

const linkMinutes = 60;

/**
 * Mails a link to who has an account, and answers the same to who has none. Throws AppError
 * `conflict` where no mail is sent at all, `invalid` or `rate_limited`.
 */
export async function requestPasswordReset(
  deps: PeopleDeps,
  input: { email: string },
  browser: Browser,
): Promise<void> {
  const { mail } = deps;
  if (mail === null) {
    throw new AppError(
      'conflict',
      'This installation sends no mail: ask who runs it for a link (opsforge reset-password).',
    );
  }
  const email = parseEmail(input.email);
  if (email === null) throw invalidField('email', 'is not an e-mail address');
  await takeAttempts(deps, [
    { kind: 'reset_account', subject: email },
    { kind: 'reset_address', subject: addressGroup(browser.remoteAddress) },
  ]);
  await deps.database.withAccounts(async (tx) => {
    const user = await findUserByEmail(tx, email);
    if (user === null) return;
    const link = await insertLink(deps, tx, user.id);
    tx.afterCommit(() => mail(resetMail(email, link, linkMinutes)));
  });
}

/** For the console. Throws AppError `not_found`. */
export async function makeResetLink(deps: PeopleDeps, given: string): Promise<string> {
  const email = parseEmail(given);
  return deps.database.withAccounts(async (tx) => {
    const user = email === null ? null : await findUserByEmail(tx, email);
    if (user === null) throw new AppError('not_found', `There is no account of ${given}.`);
    return insertLink(deps, tx, user.id);
  });
}

async function insertLink(deps: PeopleDeps, tx: AccountsTx, userId: UserId): Promise<string> {
  const token = generateToken();
  await insertOneTimeToken(tx, {
    ...{ purpose: 'reset_password', userId },
    ...{ tokenHash: hashNewToken(token), forMs: linkMinutes * 60_000 },
  });
  return `${deps.publicUrl()}/reset-password?token=${token}`;
}

/** Whether the page asks for a new password: the link is known and not used. */
export async function isResetLink(deps: PeopleDeps, token: string): Promise<boolean> {
  const hash = hashToken(token);
  if (hash === null) return false;
  const found = await deps.database.withAccounts((tx) =>
    findOneTimeToken(tx, 'reset_password', hash),
  );
  return found !== null;
}

/** Throws AppError `not_found` (the link is used or too old), `invalid` or `unavailable`. */
export async function resetPassword(
  deps: PeopleDeps,
  input: { token: string; password: string },
  browser: Browser,
): Promise<void> {
  const hash = hashToken(input.token);
  if (hash === null) throw linkGone();
  const user = await deps.database.withAccounts(async (tx) => {
    const found = await findOneTimeToken(tx, 'reset_password', hash);
    return found === null || found.userId === null ? null : findUser(tx, found.userId);
  });
  if (user === null) throw linkGone();
  const problem = passwordProblem(input.password, user.email);
  if (problem !== null) throw invalidField('password', problem);
  const passwordHash = await hashPassword(deps, input.password);
  await deps.database.withAccounts(async (tx) => {
    if ((await takeOneTimeToken(tx, 'reset_password', hash)) === null) throw linkGone();
    await lockUser(tx, user.id);
    await updatePassword(tx, user.id, passwordHash, { verified: true });
    await deleteSessions(tx, user.id, null);
    await deleteUserTokens(tx, user.id);
    await recordDeed(deps, tx, user, browser, 'member.password_changed');
    // Who was locked out by guesses, their own or others', gets in with the new password.
    await forgetAttempts(tx, { kind: 'sign_in_account', subject: user.email });
    tx.afterCommit(() => deps.announceChange({ kind: 'people', userId: user.id }));
  });
}

function linkGone(): AppError {
  return new AppError('not_found', 'This link was used or is too old: ask for a new one.');
}
