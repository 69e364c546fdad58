/**
 * An invitation accepted: by the person whose e-mail it names when they are signed in, or by a new
 * one, who needs no other permission to sign up. It counts once.
 */
import { AppError } from '../../domain/errors.ts';
import type { UserId } from '../../domain/ids.ts';
import { hashToken } from '../../domain/secret-tokens.ts';
import { addressGroup } from '../../domain/sign-in-limits.ts';
import {
  findOpenInvitation,
  type OpenInvitation,
  takeOpenInvitation,
} from '../../repositories/invitations.ts';
import { insertMembership } from '../../repositories/memberships.ts';
import type { AccountsTx } from '../../repositories/transactions.ts';
import { findUserByEmail } from '../../repositories/users.ts';
import { checkNewPerson, insertPerson } from './new-person.ts';
import type { Browser, PeopleDeps } from './people-deps.ts';
import type { Person } from './person.ts';
import { type SignedIn, startSession } from './start-session.ts';
import { takeAttempts } from './throttle.ts';

/** What the page says; `hasAccount` tells whether to sign in or to sign up. */
export type InvitationOffer = OpenInvitation & { hasAccount: boolean };

/** Null when it was accepted, withdrawn or is too old. */
export async function readInvitation(
  deps: PeopleDeps,
  token: string,
): Promise<InvitationOffer | null> {
  const hash = hashToken(token);
  if (hash === null) return null;
  return deps.database.withAccounts(async (tx) => {
    const found = await findOpenInvitation(tx, hash);
    if (found === null) return null;
    return { ...found, hasAccount: (await findUserByEmail(tx, found.email)) !== null };
  });
}

/** Answers the tenant's slug. Throws AppError `not_found`, or `forbidden` for another person. */
export async function acceptInvitation(
  deps: PeopleDeps,
  person: Person,
  token: string,
): Promise<{ tenantSlug: string }> {
  return deps.database.withAccounts(async (tx) => {
    const { tokenHash, found } = await requireInvitation(tx, token);
    if (found.email !== person.email) {
      throw new AppError(
        'forbidden',
        `This invitation is for ${found.email}; you are signed in as ${person.email}.`,
      );
    }
    await joinTenant(deps, tx, person.userId, tokenHash, found);
    return { tenantSlug: found.tenantSlug };
  });
}

/** Throws AppError `not_found`, `invalid`, `conflict` (there is an account) or `rate_limited`. */
export async function signUpInvited(
  deps: PeopleDeps,
  input: { token: string; name: string; password: string },
  browser: Browser,
): Promise<SignedIn & { tenantSlug: string }> {
  const subject = addressGroup(browser.remoteAddress);
  await takeAttempts(deps, [{ kind: 'sign_up_address', subject }]);
  const offer = await readInvitation(deps, input.token);
  if (offer === null) throw invitationGone();
  const person = await checkNewPerson(deps, { ...input, email: offer.email });
  return deps.database.withAccounts(async (tx) => {
    const { tokenHash, found } = await requireInvitation(tx, input.token);
    // The link may have come from the inviter's hand: it proves nothing of the address.
    const userId = await insertPerson(deps, tx, person, { verified: false });
    await joinTenant(deps, tx, userId, tokenHash, found);
    const signedIn = await startSession(deps, tx, userId, browser);
    return { ...signedIn, tenantSlug: found.tenantSlug };
  });
}

export async function requireInvitation(
  tx: AccountsTx,
  token: string,
): Promise<{ tokenHash: Uint8Array; found: OpenInvitation }> {
  const tokenHash = hashToken(token);
  const found = tokenHash === null ? null : await findOpenInvitation(tx, tokenHash);
  if (tokenHash === null || found === null) throw invitationGone();
  return { tokenHash, found };
}

/** Who is a member already keeps their role. */
export async function joinTenant(
  deps: PeopleDeps,
  tx: AccountsTx,
  userId: UserId,
  tokenHash: Uint8Array,
  { tenantId, role }: OpenInvitation,
): Promise<void> {
  if (!(await takeOpenInvitation(tx, tokenHash))) throw invitationGone();
  await insertMembership(tx, { tenantId, userId, role });
  tx.afterCommit(() => deps.announceChange({ kind: 'people', userId }));
}

function invitationGone(): AppError {
  return new AppError(
    'not_found',
    'This invitation was accepted, withdrawn or is too old: ask for a new one.',
  );
}
