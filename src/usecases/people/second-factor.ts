/**
 * A person's second factor: begun by the password, so that an open session alone cannot lock its
 * person out; in force from the first right code on, and taken away only by a code. The secret is
 * stored sealed, recovery codes as hashes; both are shown once.
 */
import { generateSecret, generateURI } from 'otplib';
import { AppError, invalidField } from '../../domain/errors.ts';
import { generateRecoveryCodes, hashRecoveryCode } from '../../domain/recovery-codes.ts';
import { countRecoveryCodes, replaceRecoveryCodes } from '../../repositories/recovery-codes.ts';
import type { AccountsTx } from '../../repositories/transactions.ts';
import {
  clearTotp,
  findUser,
  lockUser,
  type UserRow,
  updateTotpSecret,
} from '../../repositories/users.ts';
import { signedOut } from './authenticate-session.ts';
import { requirePassword } from './hash-password.ts';
import type { Browser, PeopleDeps } from './people-deps.ts';
import type { Person } from './person.ts';
import { recordDeed } from './record-deed.ts';
import { openState, sealState } from './sealed-state.ts';
import { takeSecondFactor, takeTotpCode } from './second-step.ts';
import { forgetAttempts, takeAttempts } from './throttle.ts';

/** Long enough to install an app for it. */
const setupLifetimeMs = 10 * 60_000;

export type SecurityView = {
  /** Null: who signs in by single sign-on alone has none. */
  passwordChangedAt: Date | null;
  secondFactorSince: Date | null;
  recoveryCodesLeft: number;
};

export async function readSecurity(deps: PeopleDeps, person: Person): Promise<SecurityView> {
  return deps.database.withAccounts(async (tx) => {
    const user = await findUser(tx, person.userId);
    if (user === null) throw signedOut();
    return {
      passwordChangedAt: user.passwordHash === null ? null : user.passwordChangedAt,
      secondFactorSince: user.totpConfirmedAt,
      recoveryCodesLeft: await countRecoveryCodes(tx, person.userId),
    };
  });
}

/** `uri` is what the QR code says; with `proof` it is shown again for some minutes. */
export type SecondFactorSetup = { secret: string; uri: string; proof: string };

/** Throws AppError `invalid`, `conflict` (one is in force, or no password) or `rate_limited`. */
export async function startSecondFactor(
  deps: PeopleDeps,
  person: Person,
  input: { currentPassword: string },
): Promise<SecondFactorSetup> {
  await requirePassword(deps, person, input.currentPassword);
  const secret = generateSecret();
  const sealed = deps.secretBox.seal(secret);
  const stored = await deps.database.withAccounts((tx) =>
    updateTotpSecret(tx, person.userId, sealed),
  );
  if (!stored) throw new AppError('conflict', 'A second factor is in force: take it away first.');
  const state = { sessionId: person.sessionId };
  return setupOf(person, secret, sealState(deps, 'second_factor', state, setupLifetimeMs));
}

/** What was begun in this session, again. Throws AppError `conflict` when it is over. */
export async function readSecondFactorSetup(
  deps: PeopleDeps,
  person: Person,
  proof: string,
): Promise<SecondFactorSetup> {
  const isOurs = openState(deps, 'second_factor', proof)?.['sessionId'] === person.sessionId;
  const user = await deps.database.withAccounts((tx) => findUser(tx, person.userId));
  if (!isOurs || !user?.totpSecretEncrypted || user.totpConfirmedAt !== null) {
    throw new AppError('conflict', 'Setting up the second factor took too long: begin again.');
  }
  return setupOf(person, deps.secretBox.open(user.totpSecretEncrypted), proof);
}

function setupOf({ email }: Person, secret: string, proof: string): SecondFactorSetup {
  return { secret, uri: generateURI({ issuer: 'opsforge', label: email, secret }), proof };
}

/** Answers the recovery codes, which are shown this once. Throws AppError `invalid`, `conflict`. */
export async function confirmSecondFactor(
  deps: PeopleDeps,
  person: Person,
  input: { code: string },
  browser: Browser,
): Promise<string[]> {
  return withCode(deps, person, browser, async (tx, user) => {
    if (user.totpConfirmedAt !== null) {
      throw new AppError('conflict', 'A second factor is in force already.');
    }
    if (!(await takeTotpCode(deps, tx, user, input.code))) return null;
    await recordDeed(deps, tx, user, browser, 'member.second_factor_enabled');
    return newCodes(tx, user);
  });
}

/** In place of all that are left. `code` is of the authenticator, or one of those. */
export async function renewRecoveryCodes(
  deps: PeopleDeps,
  person: Person,
  input: { code: string },
  browser: Browser,
): Promise<string[]> {
  return withCode(deps, person, browser, async (tx, user) => {
    if (!(await takeSecondFactor(deps, tx, user, input.code))) return null;
    await recordDeed(deps, tx, user, browser, 'member.recovery_codes_renewed');
    return newCodes(tx, user);
  });
}

export async function removeSecondFactor(
  deps: PeopleDeps,
  person: Person,
  input: { code: string },
  browser: Browser,
): Promise<void> {
  await withCode(deps, person, browser, async (tx, user) => {
    if (!(await takeSecondFactor(deps, tx, user, input.code))) return null;
    await clearTotp(tx, user.id);
    await replaceRecoveryCodes(tx, user.id, []);
    await recordDeed(deps, tx, user, browser, 'member.second_factor_disabled');
    return [];
  });
}

/**
 * Tries of codes are counted here as they are at sign-in, and wrong ones recorded: null of `work`
 * is committed, then thrown.
 */
async function withCode(
  deps: PeopleDeps,
  { userId }: Person,
  browser: Browser,
  work: (tx: AccountsTx, user: UserRow) => Promise<string[] | null>,
): Promise<string[]> {
  const attempt = { kind: 'second_step', subject: userId } as const;
  await takeAttempts(deps, [attempt]);
  const codes = await deps.database.withAccounts(async (tx) => {
    const user = await lockUser(tx, userId);
    if (user === null) throw signedOut();
    const made = await work(tx, user);
    if (made === null) await recordDeed(deps, tx, user, browser, 'member.second_factor_failed');
    else await forgetAttempts(tx, attempt);
    return made;
  });
  if (codes === null) throw invalidField('code', 'is not right, or was used already');
  return codes;
}

async function newCodes(tx: AccountsTx, user: UserRow): Promise<string[]> {
  const codes = generateRecoveryCodes();
  const hashes = codes.map(hashRecoveryCode).filter((hash) => hash !== null);
  await replaceRecoveryCodes(tx, user.id, hashes);
  return codes;
}
