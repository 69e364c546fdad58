/**
 * An owner of a tenant, for the command line: made when missing, else made an owner. The password
 * of an account that exists stays as it is, so that repeating the command changes nothing.
 */

import { parseEmail } from '../../domain/email-addresses.ts';
import type { TenantId } from '../../domain/ids.ts';
import { insertMembership, updateMemberRole } from '../../repositories/memberships.ts';
import { findUserByEmail } from '../../repositories/users.ts';
import { checkNewPerson, insertPerson } from './new-person.ts';
import type { PeopleDeps } from './people-deps.ts';

/** Throws AppError `invalid`. */
export async function makeOwner(
  deps: PeopleDeps,
  tenantId: TenantId,
  input: { email: string; password: string },
): Promise<void> {
  const { database } = deps;
  const email = parseEmail(input.email) ?? '';
  const found = await database.withAccounts((tx) => findUserByEmail(tx, email));
  const name = email.split('@')[0] || input.email;
  const fresh = found === null ? await checkNewPerson(deps, { ...input, name }) : null;
  const { userId, isNew } = await database.withAccounts(async (tx) => {
    const userId =
      // The operator's word for the address is enough.
      fresh === null ? found?.id : await insertPerson(deps, tx, fresh, { verified: true });
    if (userId === undefined) throw new Error('neither a known nor a new person');
    return { userId, isNew: await insertMembership(tx, { tenantId, userId, role: 'owner' }) };
  });
  if (!isNew) await database.withTenant(tenantId, (tx) => updateMemberRole(tx, userId, 'owner'));
  deps.announceChange({ kind: 'people', userId });
}
