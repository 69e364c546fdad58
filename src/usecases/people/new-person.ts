/** What a new account is made of, checked; and the account itself, in the caller's transaction. */

import { parseEmail } from '../../domain/email-addresses.ts';
import { AppError, type FieldError } from '../../domain/errors.ts';
import { newId, type UserId } from '../../domain/ids.ts';
import { passwordProblem } from '../../domain/passwords.ts';
import { isStorableText } from '../../domain/storable-text.ts';
import type { AccountsTx } from '../../repositories/transactions.ts';
import { insertUser } from '../../repositories/users.ts';
import { hashPassword } from './hash-password.ts';
import type { PeopleDeps } from './people-deps.ts';

export type NewPerson = { email: string; name: string; passwordHash: string | null };

export const nameLengthMax = 200;

/** Throws AppError `invalid` naming every field that is wrong; hashes the password. */
export async function checkNewPerson(
  deps: PeopleDeps,
  input: { email: string; name: string; password: string },
): Promise<NewPerson> {
  const email = parseEmail(input.email);
  const name = input.name.trim();
  const fields: FieldError[] = [];
  if (email === null) fields.push({ path: 'email', message: 'is not an e-mail address' });
  const wrongName = nameProblem(name);
  if (wrongName !== null) fields.push({ path: 'name', message: wrongName });
  const wrongPassword = passwordProblem(input.password, email ?? '');
  if (wrongPassword !== null) fields.push({ path: 'password', message: wrongPassword });
  if (email === null || fields.length > 0) throw invalidFields(fields);
  return { email, name, passwordHash: await hashPassword(deps, input.password) };
}

export function nameProblem(name: string): string | null {
  if (name.length < 1 || name.length > nameLengthMax) {
    return `must be 1 to ${nameLengthMax} characters`;
  }
  return isStorableText(name) ? null : 'must not hold U+0000 or half of a surrogate pair';
}

export function invalidFields(fields: FieldError[]): AppError {
  const detail = fields.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return new AppError('invalid', detail, { fields });
}

/** Throws AppError `conflict` when somebody has the e-mail. */
export async function insertPerson(
  deps: PeopleDeps,
  tx: AccountsTx,
  person: NewPerson,
  { verified }: { verified: boolean },
): Promise<UserId> {
  const id = await insertPersonIfNew(deps, tx, person, { verified });
  if (id !== null) return id;
  throw new AppError('conflict', 'There is an account with this e-mail address: sign in.');
}

/** Null when somebody has the e-mail, for whoever must not learn that. */
export async function insertPersonIfNew(
  deps: PeopleDeps,
  tx: AccountsTx,
  person: NewPerson,
  { verified }: { verified: boolean },
): Promise<UserId | null> {
  const nowMs = deps.clock.databaseNow();
  const id = newId<UserId>(nowMs);
  const emailVerifiedAt = verified ? new Date(nowMs) : null;
  return (await insertUser(tx, { id, ...person, emailVerifiedAt })) ? id : null;
}
