/**
 * What the browser carries between two requests of one sign-in: sealed under the installation's
 * key, so that it can be neither read nor made by others, for one purpose and for a short time.
 */
import type { PeopleDeps } from './people-deps.ts';

type Purpose = 'second_step' | 'second_factor' | 'single_sign_on';
type Sealed = { purpose: Purpose; expiresAtMs: number; value: Record<string, unknown> };

/** Far above what is ever put in; a cookie holds 4 KiB. */
const sealedLengthMax = 4_096;

export function sealState(
  deps: PeopleDeps,
  purpose: Purpose,
  value: Record<string, unknown>,
  lifetimeMs: number,
): string {
  const expiresAtMs = deps.clock.databaseNow() + lifetimeMs;
  const sealed: Sealed = { purpose, expiresAtMs, value };
  const bytes = deps.secretBox.seal(JSON.stringify(sealed));
  return Buffer.from(bytes).toString('base64url');
}

/** Null for what is altered, too old or meant for something else. */
export function openState(
  deps: PeopleDeps,
  purpose: Purpose,
  text: string,
): Record<string, unknown> | null {
  if (text.length > sealedLengthMax) return null;
  let sealed: Sealed;
  try {
    // Safe because the seal proves that `sealState` wrote it.
    sealed = JSON.parse(deps.secretBox.open(Buffer.from(text, 'base64url'))) as Sealed;
  } catch {
    // Sealed by nobody here: the caller says in its own words that it does not count.
    return null;
  }
  const counts = sealed.purpose === purpose && sealed.expiresAtMs > deps.clock.databaseNow();
  return counts ? sealed.value : null;
}
