/**
 * A new person with a tenant of their own and its first project, all in one transaction. While
 * nobody has an account, the one-time link of the first start is asked for whatever
 * OPSFORGE_SIGNUP says but `closed`: else whoever finds a new installation first would own it.
 */
import { AppError } from '../../domain/errors.ts';
import { hashToken } from '../../domain/secret-tokens.ts';
import { addressGroup } from '../../domain/sign-in-limits.ts';
import { findOneTimeToken, takeOneTimeToken } from '../../repositories/one-time-tokens.ts';
import type { AccountsTx } from '../../repositories/transactions.ts';
import { hasUsers, lockFirstAccount } from '../../repositories/users.ts';
import { insertOwnTenant } from './create-tenant.ts';
import { checkNewPerson, insertPersonIfNew, invalidFields, nameProblem } from './new-person.ts';
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

/** Whether the page offers itself to whoever has this token, or none. */
export async function maySignUp(deps: PeopleDeps, token: string | null): Promise<boolean> {
  return deps.database.withAccounts(async (tx) => {
    if (deps.signUp === 'closed') return false;
    if (await hasUsers(tx)) return deps.signUp === 'open';
    const hash = token === null ? null : hashToken(token);
    return hash !== null && (await findOneTimeToken(tx, 'sign_up', hash)) !== null;
  });
}

/**
 * The first person is signed in. Where sign-up is open, an e-mail that somebody has makes nothing
 * and is answered as a new one, after the same work: whoever it is signs in next. Throws AppError
 * `invalid`, `forbidden`, `conflict`, `rate_limited` or `unavailable`.
 */
export async function signUp(
  deps: PeopleDeps,
  input: SignUpInput,
  browser: Browser,
): Promise<SignedIn | { kind: 'sign_in' }> {
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
    const id = await insertPersonIfNew(deps, tx, person, { verified: isFirst });
    if (id === null) return { kind: 'sign_in' };
    const doer = { ...person, id };
    await insertOwnTenant(deps, tx, doer, tenantName, browser);
    return isFirst ? startSession(deps, tx, doer, browser) : { kind: 'sign_in' };
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
