/**
 * Counts tries before they are made, so that many at once cannot pass the limit together. In the
 * database: a restart forgives nothing, and every process counts the same.
 */
import { AppError } from '../../domain/errors.ts';
import { type AttemptKind, attemptLimits } from '../../domain/sign-in-limits.ts';
import {
  countAttempt,
  deleteAttempts,
  updateAttemptReturned,
} from '../../repositories/sign-in-throttles.ts';
import type { AccountsTx } from '../../repositories/transactions.ts';
import type { PeopleDeps } from './people-deps.ts';

/** `subject`: an e-mail, a person's id or an address; only its hash is stored. */
export type Attempt = { kind: AttemptKind; subject: string };

const keyOf = ({ kind, subject }: Attempt) => `${kind}:${Bun.SHA256.hash(subject, 'hex')}`;

/** Throws AppError `rate_limited` when any of them was tried too often; all are counted. */
export async function takeAttempts(deps: PeopleDeps, attempts: readonly Attempt[]): Promise<void> {
  // In one order everywhere: two that count the same rows must not wait for each other.
  const sorted = attempts.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const waitsMs = await deps.database.withAccounts(async (tx) => {
    const found: number[] = [];
    for (const attempt of sorted) {
      const { attemptsMax, windowMs } = attemptLimits[attempt.kind];
      const counted = await countAttempt(tx, keyOf(attempt), windowMs);
      if (counted.attempts > attemptsMax) found.push(counted.remainingMs);
    }
    return found;
  });
  if (waitsMs.length === 0) return;
  const retryAfterMs = Math.max(...waitsMs);
  const minutes = Math.max(1, Math.ceil(retryAfterMs / 60_000));
  throw new AppError(
    'rate_limited',
    `Too many tries. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`,
    { retryAfterMs },
  );
}

/** After a success: who is who they say may begin anew. */
export async function forgetAttempts(tx: AccountsTx, attempt: Attempt): Promise<void> {
  await deleteAttempts(tx, keyOf(attempt));
}

/** After a success, of what others share: only the own try. */
export async function returnAttempt(tx: AccountsTx, attempt: Attempt): Promise<void> {
  await updateAttemptReturned(tx, keyOf(attempt));
}
