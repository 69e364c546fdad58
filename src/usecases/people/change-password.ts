/** A new password for who knows the old one; all other sessions of the person end. */
import { AppError, invalidField } from '../../domain/errors.ts';
import { passwordProblem } from '../../domain/passwords.ts';
import { deleteUserTokens } from '../../repositories/one-time-tokens.ts';
import { deleteSessions } from '../../repositories/sessions.ts';
import { lockUser, updatePassword } from '../../repositories/users.ts';
import { hashPassword, requirePassword } from './hash-password.ts';
import type { Browser, PeopleDeps } from './people-deps.ts';
import type { Person } from './person.ts';
import { recordDeed } from './record-deed.ts';

/** Throws AppError `invalid`, `conflict` (there is no password), `rate_limited`, `unavailable`. */
export async function changePassword(
  deps: PeopleDeps,
  person: Person,
  input: { currentPassword: string; newPassword: string },
  browser: Browser,
): Promise<void> {
  const { userId, sessionId, email } = person;
  const problem = passwordProblem(input.newPassword, email);
  if (problem !== null) throw invalidField('newPassword', problem);
  const knownHash = await requirePassword(deps, person, input.currentPassword);
  const passwordHash = await hashPassword(deps, input.newPassword);
  await deps.database.withAccounts(async (tx) => {
    const current = await lockUser(tx, userId);
    if (current?.passwordHash !== knownHash) {
      throw new AppError('conflict', 'The password was changed elsewhere meanwhile.');
    }
    await updatePassword(tx, userId, passwordHash, { verified: false });
    await deleteSessions(tx, userId, sessionId);
    await deleteUserTokens(tx, userId);
    await recordDeed(deps, tx, current, browser, 'member.password_changed');
    tx.afterCommit(() => deps.announceChange({ kind: 'people', userId }));
  });
}
