/**
 * What the verifiers share: MACs, and comparing them so that the time taken tells nothing of how
 * much was right.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { HmacAlgorithm, Refusal } from './source.ts';

/** Both ways, as Stripe, Slack and Standard Webhooks have it. */
export const replayWindowSeconds = 300;

const timestampPattern = /^\d{1,12}$/;

export function hmac(
  algorithm: HmacAlgorithm,
  secret: string,
  ...parts: (string | Uint8Array)[]
): Buffer {
  const mac = createHmac(algorithm, secret);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** Whether one of what was sent is one of what is right; their length is no secret. */
export function matchesAny(given: readonly Buffer[], expected: readonly Buffer[]): boolean {
  let matches = false;
  for (const mac of given) {
    for (const right of expected) {
      if (mac.length === right.length && timingSafeEqual(mac, right)) matches = true;
    }
  }
  return matches;
}

/** Whether a text is one of the secrets, by hashes: they have one length. */
export function isOneOf(given: string, secrets: readonly string[]): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return matchesAny([hash(given)], secrets.map(hash));
}

/** Null while the time is within the window. */
export function replayRefusal(timestamp: string, nowSeconds: number): Refusal {
  if (!timestampPattern.test(timestamp)) return 'its timestamp is no number of seconds';
  const ageSeconds = nowSeconds - Number(timestamp);
  if (ageSeconds > replayWindowSeconds) return 'it was signed more than 5 min ago';
  if (ageSeconds < -replayWindowSeconds) return 'it was signed more than 5 min in the future';
  return null;
}

export const missing = (header: string): Refusal => `the header ${header} is missing`;
export const noMatch: Refusal = 'its signature is not made with the secret of this source';
