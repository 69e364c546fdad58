/**
 * An invitation accepted: by the person whose e-mail it names when they are signed in, or by a new
 * one, who needs no other permission to sign up. It counts once.
 */
import { AppError } from '../../domain/errors.ts';
import { hashToken } from '../../domain/secret-tokens.ts';
import { addressGroup } from '../../domain/sign-in-limits.ts';
import {
  findOpenInvitation,
  type OpenInvitation,
  takeOpenInvitation,
} from '../../repositories/invitations.ts';
import { insertMembership } from '../../repositories/memberships.ts';
import type { AccountsTx } from '../../repositories/transactions.ts';
import { checkNewPerson, insertPersonIfNew } from './new-person.ts';
import type { Browser, PeopleDeps } from './people-deps.ts';
import { type Doer, doerOf, type Person } from './person.ts';
import { recordIn } from './record-deed.ts';
import { takeAttempts } from './throttle.ts';

/**
 * Null when it was accepted, withdrawn or is too old. It says nothing of whether the invited has an
 * account: anybody may invite any address, and read the answer.
 */
export async function readInvitation(
  deps: PeopleDeps,
  token: string,
): Promise<OpenInvitation | null> {
  const hash = hashToken(token);
  if (hash === null) return null;
  return deps.database.withAccounts((tx) => findOpenInvitation(tx, hash));
}

/** Answers the tenant's slug. Throws AppError `not_found`, or `forbidden` for another person. */
export async function acceptInvitation(
  deps: PeopleDeps,
  person: Person,
  token: string,
  browser: Browser,
): Promise<{ tenantSlug: string }> {
  return deps.database.withAccounts(async (tx) => {
    const { tokenHash, found } = await requireInvitation(tx, token);
    if (found.email !== person.email) {
      throw new AppError(
        'forbidden',
        `This invitation is for ${found.email}; you are signed in as ${person.email}.`,
      );
    }
    await joinTenant(deps, tx, doerOf(person), tokenHash, found, browser);
    return { tenantSlug: found.tenantSlug };
  });
}

/**
 * Makes the account and the membership when nobody has the e-mail, else nothing; the answer and the
 * work are the same, and whoever it is signs in next. Throws AppError `not_found`, `invalid` or
 * `rate_limited`.
 */
export async function signUpInvited(
  deps: PeopleDeps,
  input: { token: string; name: string; password: string },
  browser: Browser,
): Promise<{ tenantSlug: string }> {
  const subject = addressGroup(browser.remoteAddress);
  await takeAttempts(deps, [{ kind: 'sign_up_address', subject }]);
  const offer = await readInvitation(deps, input.token);
  if (offer === null) throw invitationGone();
  const person = await checkNewPerson(deps, { ...input, email: offer.email });
  return deps.database.withAccounts(async (tx) => {
    const { tokenHash, found } = await requireInvitation(tx, input.token);
    // The link may have come from the inviter's hand: it proves nothing of the address.
    const id = await insertPersonIfNew(deps, tx, person, { verified: false });
    if (id !== null) await joinTenant(deps, tx, { ...person, id }, tokenHash, found, browser);
    return { tenantSlug: found.tenantSlug };
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
  doer: Doer,
  tokenHash: Uint8Array,
  { tenantId, role }: OpenInvitation,
  browser: Browser,
): Promise<void> {
  if (!(await takeOpenInvitation(tx, tokenHash))) throw invitationGone();
  const { id: userId, email } = doer;
  if (await insertMembership(tx, { tenantId, userId, role })) {
    await recordIn(deps, tx, doer, { tenantId, role }, browser, {
      ...{ action: 'member.joined', target: { id: userId, label: email }, after: { role } },
    });
  }
  tx.afterCommit(() => deps.announceChange({ kind: 'people', userId }));
}

function invitationGone(): AppError {
  return new AppError(
    'not_found',
    'This invitation was accepted, withdrawn or is too old: ask for a new one.',
  );
}
