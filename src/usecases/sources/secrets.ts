/**
 * A source's secrets: the current one first, then those that a change left valid for a while.
 * Sealed together, so that one column holds them and they are read with the source.
 */
import { invalidField } from '../../domain/errors.ts';
import { sourceRules } from '../../domain/sources/kinds.ts';
import type { SourceKind } from '../../domain/sources/source.ts';
import type { SecretBox } from '../../lib/secret-box.ts';

export type SourceSecret = {
  secret: string;
  /** Database time; null: no end. */
  expiresAtMs: number | null;
};

/** Each is tried on each request. */
const secretsMax = 5;

/** @throws AppError `invalid` when it must be given, or is none for that kind */
export function chooseSecret(kind: SourceKind, given: string | undefined): string {
  const { makeSecret, checkSecret } = sourceRules[kind];
  if (given === undefined) {
    if (makeSecret !== null) return makeSecret();
    throw invalidField('secret', `is required: ${kind} makes it, and shows it where you set it up`);
  }
  const problem = checkSecret(given);
  if (problem !== null) throw invalidField('secret', problem);
  return given;
}

export function sealSecrets(secrets: readonly SourceSecret[], secretBox: SecretBox): Uint8Array {
  return secretBox.seal(JSON.stringify(secrets));
}

/** @throws Error when they were sealed under another installation key */
export function openSecrets(sealed: Uint8Array, secretBox: SecretBox): SourceSecret[] {
  // Safe because only sealSecrets makes this text.
  return JSON.parse(secretBox.open(sealed)) as SourceSecret[];
}

/** The list with `secret` as the current one; past `secretsMax` the oldest end at once. */
export function replaceSecret(
  known: readonly SourceSecret[],
  secret: string,
  { nowMs, overlapSeconds }: { nowMs: number; overlapSeconds: number },
): SourceSecret[] {
  const endMs = nowMs + overlapSeconds * 1_000;
  const kept = known
    .filter((one) => one.secret !== secret)
    .map((one) => ({ ...one, expiresAtMs: Math.min(one.expiresAtMs ?? endMs, endMs) }))
    .filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  return [{ secret, expiresAtMs: null }, ...kept].slice(0, secretsMax);
}

/** The ends of those that a change left valid, in ms; the current one has none. */
export function previousEnds(secrets: readonly SourceSecret[], nowMs: number): number[] {
  return secrets
    .flatMap(({ expiresAtMs }) => expiresAtMs ?? [])
    .filter((expiresAtMs) => expiresAtMs > nowMs);
}

/** The current one alone. */
export function withoutPrevious(secrets: readonly SourceSecret[]): SourceSecret[] {
  return secrets.filter(({ expiresAtMs }) => expiresAtMs === null);
}

export function validSecrets(secrets: readonly SourceSecret[], nowMs: number): string[] {
  return secrets
    .filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs)
    .map(({ secret }) => secret);
}
