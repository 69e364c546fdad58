/** A receiver's credentials on their way into the database and out of it: sealed as one text. */
import {
  checkCertificate,
  checkReceiverAuth,
  type ReceiverAuth,
  unmaskAuth,
} from '../../domain/receiver-auth.ts';
import type { SecretBox } from '../../lib/secret-box.ts';
import type { Deps } from '../context.ts';

const none: ReceiverAuth = { kind: 'none' };

/** @throws Error when it was sealed under another installation key */
export function openAuth(sealed: Uint8Array | null, secretBox: SecretBox): ReceiverAuth {
  if (sealed === null) return none;
  // Safe because only sealAuth makes this text, from what checkAuth has seen.
  return JSON.parse(secretBox.open(sealed)) as ReceiverAuth;
}

export function sealAuth(auth: ReceiverAuth, secretBox: SecretBox): Uint8Array | null {
  return auth.kind === 'none' ? null : secretBox.seal(JSON.stringify(auth));
}

/**
 * What is to be stored, held against the whole endpoint as it will be: a change of the URL or the
 * headers alone can break it too. @throws AppError `invalid`
 */
export function checkAuth(
  deps: Pick<Deps, 'clock'>,
  endpoint: {
    url: string;
    headers: Readonly<Record<string, string>>;
    given: ReceiverAuth | undefined;
    stored: ReceiverAuth | null;
  },
): ReceiverAuth {
  const stored = endpoint.stored ?? none;
  const auth = endpoint.given === undefined ? stored : unmaskAuth(endpoint.given, stored);
  const headerNames = Object.keys(endpoint.headers);
  checkReceiverAuth(auth, { url: endpoint.url, headerNames });
  // Only when it is given: one that has expired since must not stand in the way of other changes.
  if (endpoint.given !== undefined && auth.kind === 'mtls') {
    checkCertificate(auth, deps.clock.databaseNow());
  }
  return auth;
}
