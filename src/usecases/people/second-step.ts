/**
 * The second step of a sign-in: a code of the authenticator, or a recovery code, each of which
 * counts once. What the browser carries between the steps is void once the password is another.
 */
import { verify } from 'otplib';
import { AppError } from '../../domain/errors.ts';
import type { UserId } from '../../domain/ids.ts';
import { hashRecoveryCode } from '../../domain/recovery-codes.ts';
import { deleteRecoveryCode } from '../../repositories/recovery-codes.ts';
import type { AccountsTx } from '../../repositories/transactions.ts';
import { lockUser, type UserRow, updateTotpStep } from '../../repositories/users.ts';
import type { Browser, PeopleDeps } from './people-deps.ts';
import { recordDeed } from './record-deed.ts';
import { openState, sealState } from './sealed-state.ts';
import { type SignedIn, startSession } from './start-session.ts';
import { forgetAttempts, takeAttempts } from './throttle.ts';

/** `challenge` comes back with the code; it says nothing to who reads it. */
export type SecondStep = { kind: 'second_step'; challenge: string };

/** Long enough to find the telephone. */
const challengeLifetimeMs = 5 * 60_000;
/** RFC 6238 5.2 recommends one step of tolerance, for clocks that differ. */
const toleranceSeconds = 30;
const codePattern = /^\d{6}$/;

export function askSecondStep(deps: PeopleDeps, userId: UserId): SecondStep {
  const askedAtMs = deps.clock.databaseNow();
  const state = { userId, askedAtMs };
  return {
    kind: 'second_step',
    challenge: sealState(deps, 'second_step', state, challengeLifetimeMs),
  };
}

/** Throws AppError `unauthenticated` or `rate_limited`. */
export async function finishSignIn(
  deps: PeopleDeps,
  input: { challenge: string; code: string },
  browser: Browser,
): Promise<SignedIn> {
  const state = openState(deps, 'second_step', input.challenge);
  if (state === null) throw tooLate();
  // Safe because `askSecondStep` alone seals for this purpose.
  const { userId, askedAtMs } = state as { userId: UserId; askedAtMs: number };
  const attempt = { kind: 'second_step', subject: userId } as const;
  await takeAttempts(deps, [attempt]);
  const signedIn = await deps.database.withAccounts(async (tx) => {
    const user = await lockUser(tx, userId);
    if (user === null || (user.passwordChangedAt?.getTime() ?? 0) > askedAtMs) throw tooLate();
    if (!(await takeSecondFactor(deps, tx, user, input.code))) {
      // Somebody has the password: the owners hear of it, so this transaction is committed.
      await recordDeed(deps, tx, user, browser, 'member.second_factor_failed');
      return null;
    }
    await forgetAttempts(tx, attempt);
    return startSession(deps, tx, user, browser);
  });
  if (signedIn !== null) return signedIn;
  throw new AppError('unauthenticated', 'This code is not right, or it was used already.');
}

/** Takes a code of either kind, so that it cannot be used again. */
export async function takeSecondFactor(
  deps: PeopleDeps,
  tx: AccountsTx,
  user: UserRow,
  typed: string,
): Promise<boolean> {
  if (user.totpConfirmedAt === null) return false;
  if (await takeTotpCode(deps, tx, user, typed)) return true;
  const hash = hashRecoveryCode(typed);
  return hash !== null && deleteRecoveryCode(tx, user.id, hash);
}

/** Of a secret that may not be confirmed yet: the first code confirms it. */
export async function takeTotpCode(
  deps: PeopleDeps,
  tx: AccountsTx,
  user: UserRow,
  typed: string,
): Promise<boolean> {
  const token = typed.replace(/\s/g, '');
  if (user.totpSecretEncrypted === null || !codePattern.test(token)) return false;
  const secret = deps.secretBox.open(user.totpSecretEncrypted);
  const epoch = Math.floor(deps.clock.databaseNow() / 1_000);
  const result = await verify({ secret, token, epoch, epochTolerance: toleranceSeconds });
  if (!result.valid || !('timeStep' in result)) return false;
  return updateTotpStep(tx, user.id, result.timeStep);
}

function tooLate(): AppError {
  return new AppError('unauthenticated', 'The sign-in took too long: begin again.');
}
