/** What a person is called, in every tenant. */
import { invalidField } from '../../domain/errors.ts';
import { updateUserName } from '../../repositories/users.ts';
import { nameProblem } from './new-person.ts';
import type { PeopleDeps } from './people-deps.ts';
import type { Person } from './person.ts';

/** Throws AppError `invalid`. */
export async function renamePerson(
  deps: PeopleDeps,
  { userId }: Person,
  input: { name: string },
): Promise<void> {
  const name = input.name.trim();
  const problem = nameProblem(name);
  if (problem !== null) throw invalidField('name', problem);
  await deps.database.withAccounts(async (tx) => {
    await updateUserName(tx, userId, name);
    tx.afterCommit(() => deps.announceChange({ kind: 'people', userId }));
  });
}
