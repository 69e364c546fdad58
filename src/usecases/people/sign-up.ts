/**
 * A new person with a tenant of their own and its first project, all in one transaction. While
 * nobody has an account, the one-time link of the first start is asked for whatever
 * OPSFORGE_SIGNUP says but `closed`: else whoever finds a new installation first would own it.
 */
import { AppError } from '../../domain/errors.ts';
import { newId, type ProjectId, type TenantId, type UserId } from '../../domain/ids.ts';
import { hashToken } from '../../domain/secret-tokens.ts';
import { addressGroup } from '../../domain/sign-in-limits.ts';
import { slugCandidates } from '../../domain/slugs.ts';
import { insertMembership } from '../../repositories/memberships.ts';
import {
  insertFirstProject,
  insertNewTenant,
  listTakenTenantSlugs,
} from '../../repositories/new-tenants.ts';
import { hasOneTimeToken, takeOneTimeToken } from '../../repositories/one-time-tokens.ts';
import type { AccountsTx } from '../../repositories/transactions.ts';
import { hasUsers, lockFirstAccount } from '../../repositories/users.ts';
import { checkNewPerson, insertPerson, invalidFields, nameProblem } from './new-person.ts';
import type { Browser, PeopleDeps } from './people-deps.ts';
import { type SignedIn, startSession } from './start-session.ts';
import { takeAttempts } from './throttle.ts';

export type SignUpInput = {
  email: string;
  name: string;
  password: string;
  /** Of the tenant: a company or a team. */
  tenantName: string;
  /** Of the one-time link; null where sign-up is open. */
  token: string | null;
};

const firstProject = { name: 'main', slug: 'main' };
/** How often another may take the chosen slug first. */
const insertAttemptsMax = 5;

/** Whether the page offers itself to whoever has this token, or none. */
export async function maySignUp(deps: PeopleDeps, token: string | null): Promise<boolean> {
  return deps.database.withAccounts(async (tx) => {
    if (deps.signUp === 'closed') return false;
    if (await hasUsers(tx)) return deps.signUp === 'open';
    const hash = token === null ? null : hashToken(token);
    return hash !== null && hasOneTimeToken(tx, 'sign_up', hash);
  });
}

/** Throws AppError `invalid`, `forbidden`, `conflict`, `rate_limited` or `unavailable`. */
export async function signUp(
  deps: PeopleDeps,
  input: SignUpInput,
  browser: Browser,
): Promise<SignedIn> {
  const subject = addressGroup(browser.remoteAddress);
  await takeAttempts(deps, [{ kind: 'sign_up_address', subject }]);
  if (!(await maySignUp(deps, input.token))) throw refusal(deps);
  const tenantName = input.tenantName.trim();
  const wrongName = nameProblem(tenantName);
  if (wrongName !== null) throw invalidFields([{ path: 'tenantName', message: wrongName }]);
  const person = await checkNewPerson(deps, input);
  return deps.database.withAccounts(async (tx) => {
    await lockFirstAccount(tx);
    const isFirst = await requireMaySignUp(deps, tx, input.token);
    // Who has the link has the installation's console: their word for the address is enough.
    const userId = await insertPerson(deps, tx, person, { verified: isFirst });
    await insertOwnTenant(deps, tx, userId, tenantName);
    return startSession(deps, tx, userId, browser);
  });
}

/** Decided once more under the lock, and the link is used up. True for the first account. */
async function requireMaySignUp(
  deps: PeopleDeps,
  tx: AccountsTx,
  token: string | null,
): Promise<boolean> {
  if (await hasUsers(tx)) {
    if (deps.signUp === 'open') return false;
    throw refusal(deps);
  }
  const hash = token === null ? null : hashToken(token);
  if (hash === null || (await takeOneTimeToken(tx, 'sign_up', hash)) === null) throw refusal(deps);
  return true;
}

function refusal({ signUp: policy }: PeopleDeps): AppError {
  const why =
    policy === 'open'
      ? 'the first account needs the link that `opsforge signup-link` prints'
      : 'ask for an invitation, or for the link that `opsforge signup-link` prints before there ' +
        'is any account';
  return new AppError('forbidden', `Nobody can sign up here just so: ${why}.`);
}

/** With the person as its owner. */
export async function insertOwnTenant(
  deps: PeopleDeps,
  tx: AccountsTx,
  userId: UserId,
  name: string,
): Promise<void> {
  const nowMs = deps.clock.databaseNow();
  const id = newId<TenantId>(nowMs);
  const candidates = slugCandidates(name, 'tenant');
  for (let attempt = 0; attempt < insertAttemptsMax; attempt += 1) {
    const taken = await listTakenTenantSlugs(tx, candidates);
    const slug = candidates.find((candidate) => !taken.has(candidate));
    if (slug === undefined) break;
    if (!(await insertNewTenant(tx, { id, name, slug }))) continue;
    await insertFirstProject(tx, { id: newId<ProjectId>(nowMs), tenantId: id, ...firstProject });
    await insertMembership(tx, { tenantId: id, userId, role: 'owner' });
    return;
  }
  throw new AppError('conflict', 'Too many tenants have a name like this one: choose another.');
}
