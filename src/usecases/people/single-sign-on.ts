/**
 * Signing in at the installation's provider: who comes back is known by issuer and subject, at
 * first by the e-mail that the provider has verified. A new person needs what any sign-up needs: an
 * invitation, or open sign-up. The second factor is the provider's business.
 */

import { parseEmail } from '../../domain/email-addresses.ts';
import { AppError } from '../../domain/errors.ts';
import type { UserId } from '../../domain/ids.ts';
import { addressGroup } from '../../domain/sign-in-limits.ts';
import { storableText } from '../../domain/storable-text.ts';
import { deleteUserTokens } from '../../repositories/one-time-tokens.ts';
import { replaceRecoveryCodes } from '../../repositories/recovery-codes.ts';
import { deleteSessions } from '../../repositories/sessions.ts';
import type { AccountsTx } from '../../repositories/transactions.ts';
import {
  findIdentityUser,
  insertIdentity,
  updateEmailVerified,
} from '../../repositories/user-identities.ts';
import { findUser, findUserByEmail, hasUsers, lockUser } from '../../repositories/users.ts';
import { joinTenant, requireInvitation } from './accept-invitation.ts';
import { insertOwnTenant } from './create-tenant.ts';
import { insertPerson, nameLengthMax } from './new-person.ts';
import type { Browser, PeopleDeps, ProvenIdentity, SingleSignOn } from './people-deps.ts';
import { openState, sealState } from './sealed-state.ts';
import { type SignedIn, startSession } from './start-session.ts';
import { returnAttempt, takeAttempts } from './throttle.ts';

/** Signing in at the provider may mean finding a key or a telephone. */
const stateLifetimeMs = 10 * 60_000;
export const singleSignOnPath = '/sign-in/callback';

type State = { checks: Parameters<SingleSignOn['finish']>[1]; invitation: string | null };

/**
 * Where to send the browser, and what it must bring back in a cookie. Throws AppError `not_found`
 * where there is no single sign-on, `unavailable` while the provider is away.
 */
export async function beginSingleSignOn(
  deps: PeopleDeps,
  input: { invitation: string | null },
): Promise<{ url: string; state: string }> {
  const { url, checks } = await requireProvider(deps).begin(redirectUri(deps));
  const state: State = { checks, invitation: input.invitation };
  return { url, state: sealState(deps, 'single_sign_on', state, stateLifetimeMs) };
}

/** `query` is what the provider added to our path. Throws AppError. */
export async function finishSingleSignOn(
  deps: PeopleDeps,
  input: { query: string; state: string },
  browser: Browser,
): Promise<SignedIn> {
  const provider = requireProvider(deps);
  const opened = openState(deps, 'single_sign_on', input.state);
  if (opened === null) {
    throw new AppError('unauthenticated', 'The sign-in took too long: begin again.');
  }
  const subject = addressGroup(browser.remoteAddress);
  const attempt = { kind: 'sign_in_address', subject } as const;
  await takeAttempts(deps, [attempt]);
  // Safe because `beginSingleSignOn` alone seals for this purpose.
  const { checks, invitation } = opened as State;
  // Our own name and not the request's: behind a proxy they differ, and the provider compares.
  const callback = new URL(redirectUri(deps));
  callback.search = input.query;
  const identity = await provider.finish(callback, checks);
  return deps.database.withAccounts(async (tx) => {
    const known = await findIdentityUser(tx, identity);
    const userId = known ?? (await adopt(deps, tx, identity, invitation, browser));
    await returnAttempt(tx, attempt);
    const user = await findUser(tx, userId);
    if (user === null) throw new Error('who signs in by single sign-on has no account');
    return startSession(deps, tx, user, browser);
  });
}

/** The account of an identity that was never here. */
async function adopt(
  deps: PeopleDeps,
  tx: AccountsTx,
  identity: ProvenIdentity,
  invitation: string | null,
  browser: Browser,
): Promise<UserId> {
  const email = parseEmail(identity.email ?? '');
  if (email === null || !identity.emailVerified) {
    throw new AppError(
      'forbidden',
      'The provider of single sign-on does not say that your e-mail address is verified.',
    );
  }
  const found = await findUserByEmail(tx, email);
  const userId =
    found === null
      ? await insertNewcomer(deps, tx, { email, name: identity.name }, invitation, browser)
      : await takeOver(tx, found.id);
  const { issuer, subject } = identity;
  if (await insertIdentity(tx, { issuer, subject, userId })) return userId;
  throw new AppError('conflict', 'You signed in twice at the same moment: try again.');
}

/**
 * Whoever made an account with an address that nobody had verified may not be its owner: what they
 * set to get in must not open the account to them once the owner uses it.
 */
async function takeOver(tx: AccountsTx, userId: UserId): Promise<UserId> {
  const user = await lockUser(tx, userId);
  if (user === null || user.emailVerifiedAt !== null) return userId;
  await updateEmailVerified(tx, userId);
  await replaceRecoveryCodes(tx, userId, []);
  await deleteSessions(tx, userId, null);
  await deleteUserTokens(tx, userId);
  return userId;
}

async function insertNewcomer(
  deps: PeopleDeps,
  tx: AccountsTx,
  { email, name: given }: { email: string; name: string | null },
  invitation: string | null,
  browser: Browser,
): Promise<UserId> {
  const name = storableText(given?.trim() || email)
    .slice(0, nameLengthMax)
    .toWellFormed();
  const person = { email, name, passwordHash: null };
  if (invitation !== null) {
    const { tokenHash, found } = await requireInvitation(tx, invitation);
    if (found.email !== email) {
      throw new AppError('forbidden', `This invitation is for ${found.email}, not for ${email}.`);
    }
    const userId = await insertPerson(deps, tx, person, { verified: true });
    await joinTenant(deps, tx, { id: userId, email }, tokenHash, found, browser);
    return userId;
  }
  // The first account needs the link of the console, which a provider cannot show.
  if (deps.signUp !== 'open' || !(await hasUsers(tx))) {
    throw new AppError('forbidden', `${email} has no account here: ask for an invitation.`);
  }
  const userId = await insertPerson(deps, tx, person, { verified: true });
  await insertOwnTenant(deps, tx, { id: userId, email }, name, browser);
  return userId;
}

function requireProvider({ singleSignOn }: PeopleDeps): SingleSignOn {
  if (singleSignOn !== null) return singleSignOn;
  throw new AppError('not_found', 'This installation has no single sign-on.');
}

const redirectUri = (deps: PeopleDeps) => deps.publicUrl() + singleSignOnPath;
