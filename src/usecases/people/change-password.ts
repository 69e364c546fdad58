/** A new password for who knows the old one; all other sessions of the person end. */
import { AppError, invalidField } from '../../domain/errors.ts';
import { passwordProblem } from '../../domain/passwords.ts';
import { deleteUserTokens } from '../../repositories/one-time-tokens.ts';
import { deleteSessions } from '../../repositories/sessions.ts';
import { findUser, lockUser, updatePassword } from '../../repositories/users.ts';
import { signedOut } from './authenticate-session.ts';
import { hashPassword, isPassword } from './hash-password.ts';
import type { PeopleDeps } from './people-deps.ts';
import type { Person } from './person.ts';
import { forgetAttempts, takeAttempts } from './throttle.ts';

/** Throws AppError `invalid`, `conflict` (there is no password), `rate_limited`, `unavailable`. */
export async function changePassword(
  deps: PeopleDeps,
  person: Person,
  input: { currentPassword: string; newPassword: string },
): Promise<void> {
  const { userId, sessionId, email } = person;
  const problem = passwordProblem(input.newPassword, email);
  if (problem !== null) throw invalidField('newPassword', problem);
  const attempt = { kind: 'password_check', subject: userId } as const;
  await takeAttempts(deps, [attempt]);
  const user = await deps.database.withAccounts((tx) => findUser(tx, userId));
  if (user === null) throw signedOut();
  if (user.passwordHash === null) {
    const detail = 'You sign in by single sign-on. To have a password as well, ask for a new one.';
    throw new AppError('conflict', detail);
  }
  const isRight = await isPassword(deps, input.currentPassword, user.passwordHash);
  if (!isRight) throw invalidField('currentPassword', 'is not right');
  const passwordHash = await hashPassword(deps, input.newPassword);
  await deps.database.withAccounts(async (tx) => {
    const current = await lockUser(tx, userId);
    if (current?.passwordHash !== user.passwordHash) {
      throw new AppError('conflict', 'The password was changed elsewhere meanwhile.');
    }
    await updatePassword(tx, userId, passwordHash, { verified: false });
    await deleteSessions(tx, userId, sessionId);
    await deleteUserTokens(tx, userId);
    await forgetAttempts(tx, attempt);
    tx.afterCommit(() => deps.announceChange({ kind: 'people', userId }));
  });
}
