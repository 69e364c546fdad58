/**
 * Another tenant for somebody who is signed in, with its first project. The rule is that of an
 * account: where strangers may sign up (OPSFORGE_SIGNUP=open), people may make tenants.
 */
import { AppError } from '../../domain/errors.ts';
import { newId, type ProjectId, type TenantId } from '../../domain/ids.ts';
import { addressGroup } from '../../domain/sign-in-limits.ts';
import { slugCandidates } from '../../domain/slugs.ts';
import { insertMembership } from '../../repositories/memberships.ts';
import {
  insertFirstProject,
  insertNewTenant,
  listTakenTenantSlugs,
} from '../../repositories/new-tenants.ts';
import { listUserMemberships } from '../../repositories/sessions.ts';
import type { AccountsTx } from '../../repositories/transactions.ts';
import { lockUser } from '../../repositories/users.ts';
import { signedOut } from './authenticate-session.ts';
import { invalidFields, nameProblem } from './new-person.ts';
import type { Browser, PeopleDeps } from './people-deps.ts';
import { type Doer, doerOf, membershipsMax, type Person } from './person.ts';
import { recordIn } from './record-deed.ts';
import { takeAttempts } from './throttle.ts';

const firstProject = { name: 'main', slug: 'main' };
/** How often another may take the chosen slug first. */
const insertAttemptsMax = 5;

export const mayCreateTenant = ({ signUp }: PeopleDeps): boolean => signUp === 'open';

/** Throws AppError `forbidden`, `invalid`, `conflict` (as many as are shown) or `rate_limited`. */
export async function createTenant(
  deps: PeopleDeps,
  person: Person,
  input: { name: string },
  browser: Browser,
): Promise<{ slug: string }> {
  if (!mayCreateTenant(deps)) {
    const detail = 'New tenants are made here on the command line: opsforge bootstrap --tenant.';
    throw new AppError('forbidden', detail);
  }
  const name = input.name.trim();
  const problem = nameProblem(name);
  if (problem !== null) throw invalidFields([{ path: 'name', message: problem }]);
  const subject = addressGroup(browser.remoteAddress);
  await takeAttempts(deps, [{ kind: 'sign_up_address', subject }]);
  return deps.database.withAccounts(async (tx) => {
    // Locked: two at once must not pass the limit together.
    if ((await lockUser(tx, person.userId)) === null) throw signedOut();
    const own = await listUserMemberships(tx, person.userId, membershipsMax);
    if (own.length >= membershipsMax) {
      throw new AppError('conflict', `A person may be in at most ${membershipsMax} tenants.`);
    }
    return insertOwnTenant(deps, tx, doerOf(person), name, browser);
  });
}

/** With the person as its owner. Throws AppError `conflict` when no slug is left for the name. */
export async function insertOwnTenant(
  deps: PeopleDeps,
  tx: AccountsTx,
  owner: Doer,
  name: string,
  browser: Browser,
): Promise<{ slug: string }> {
  const nowMs = deps.clock.databaseNow();
  const id = newId<TenantId>(nowMs);
  const candidates = slugCandidates(name, 'tenant');
  for (let attempt = 0; attempt < insertAttemptsMax; attempt += 1) {
    const taken = await listTakenTenantSlugs(tx, candidates);
    const slug = candidates.find((candidate) => !taken.has(candidate));
    if (slug === undefined) break;
    if (!(await insertNewTenant(tx, { id, name, slug }))) continue;
    await insertFirstProject(tx, { id: newId<ProjectId>(nowMs), tenantId: id, ...firstProject });
    await insertMembership(tx, { tenantId: id, userId: owner.id, role: 'owner' });
    await recordIn(deps, tx, owner, { tenantId: id, role: 'owner' }, browser, {
      ...{ action: 'tenant.created', target: { id, label: name }, after: { name, slug } },
    });
    tx.afterCommit(() => deps.announceChange({ kind: 'people', userId: owner.id }));
    return { slug };
  }
  throw new AppError('conflict', 'Too many tenants have a name like this one: choose another.');
}
