/**
 * A person's second factor: begun with a secret, in force from the first right code on, and taken
 * away only by a code. The secret is stored sealed, recovery codes as hashes; both are shown once.
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
import type { PeopleDeps } from './people-deps.ts';
import type { Person } from './person.ts';
import { takeSecondFactor, takeTotpCode } from './second-step.ts';
import { forgetAttempts, takeAttempts } from './throttle.ts';

export type SecurityView = {
  hasPassword: boolean;
  hasSecondFactor: boolean;
  recoveryCodesLeft: number;
};

export async function readSecurity(deps: PeopleDeps, person: Person): Promise<SecurityView> {
  return deps.database.withAccounts(async (tx) => {
    const user = await findUser(tx, person.userId);
    if (user === null) throw signedOut();
    return {
      hasPassword: user.passwordHash !== null,
      hasSecondFactor: user.totpConfirmedAt !== null,
      recoveryCodesLeft: await countRecoveryCodes(tx, person.userId),
    };
  });
}

/** `uri` is what the QR code says. Throws AppError `conflict` when one is in force. */
export async function startSecondFactor(
  deps: PeopleDeps,
  person: Person,
): Promise<{ secret: string; uri: string }> {
  const secret = generateSecret();
  const sealed = deps.secretBox.seal(secret);
  const stored = await deps.database.withAccounts((tx) =>
    updateTotpSecret(tx, person.userId, sealed),
  );
  if (!stored) throw new AppError('conflict', 'A second factor is in force: take it away first.');
  return { secret, uri: generateURI({ issuer: 'opsforge', label: person.email, secret }) };
}

/** Answers the recovery codes, which are shown this once. Throws AppError `invalid`, `conflict`. */
export async function confirmSecondFactor(
  deps: PeopleDeps,
  person: Person,
  input: { code: string },
): Promise<string[]> {
  return withCode(deps, person, async (tx, user) => {
    if (user.totpConfirmedAt !== null) {
      throw new AppError('conflict', 'A second factor is in force already.');
    }
    if (!(await takeTotpCode(deps, tx, user, input.code))) throw wrongCode();
    return newCodes(tx, user);
  });
}

/** In place of all that are left. `code` is of the authenticator, or one of those. */
export async function renewRecoveryCodes(
  deps: PeopleDeps,
  person: Person,
  input: { code: string },
): Promise<string[]> {
  return withCode(deps, person, async (tx, user) => {
    if (!(await takeSecondFactor(deps, tx, user, input.code))) throw wrongCode();
    return newCodes(tx, user);
  });
}

export async function removeSecondFactor(
  deps: PeopleDeps,
  person: Person,
  input: { code: string },
): Promise<void> {
  await withCode(deps, person, async (tx, user) => {
    if (!(await takeSecondFactor(deps, tx, user, input.code))) throw wrongCode();
    await clearTotp(tx, user.id);
    await replaceRecoveryCodes(tx, user.id, []);
  });
}

/** Tries of codes are counted here as they are at sign-in. */
async function withCode<Result>(
  deps: PeopleDeps,
  { userId }: Person,
  work: (tx: AccountsTx, user: UserRow) => Promise<Result>,
): Promise<Result> {
  const attempt = { kind: 'second_step', subject: userId } as const;
  await takeAttempts(deps, [attempt]);
  return deps.database.withAccounts(async (tx) => {
    const user = await lockUser(tx, userId);
    if (user === null) throw signedOut();
    const result = await work(tx, user);
    await forgetAttempts(tx, attempt);
    return result;
  });
}

async function newCodes(tx: AccountsTx, user: UserRow): Promise<string[]> {
  const codes = generateRecoveryCodes();
  const hashes = codes.map(hashRecoveryCode).filter((hash) => hash !== null);
  await replaceRecoveryCodes(tx, user.id, hashes);
  return codes;
}

function wrongCode(): AppError {
  return invalidField('code', 'is not right, or was used already');
}
