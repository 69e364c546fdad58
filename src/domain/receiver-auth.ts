/**
 * How opsforge shows itself to a receiver beside the signature: a bearer token, a user and a
 * password, or a client certificate. One of them, and never beside an own `authorization` header,
 * so that what is sent is never a matter of order. Secrets of it are shown nowhere, only masked.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { maskedValue } from './endpoint-headers.ts';
import { invalidField } from './errors.ts';

export type ReceiverAuth =
  | { kind: 'none' }
  | { kind: 'bearer'; token: string }
  | { kind: 'basic'; username: string; password: string }
  | { kind: 'mtls'; certificate: string; privateKey: string };

/** PEM; the certificate may bring its chain. */
export type ClientCertificate = { certificate: string; privateKey: string };

/** The header's value, null where there is none to send. */
export function authorizationOf(auth: ReceiverAuth): string | null {
  if (auth.kind === 'bearer') return `Bearer ${auth.token}`;
  if (auth.kind !== 'basic') return null;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
}

export function clientCertificateOf(auth: ReceiverAuth): ClientCertificate | null {
  if (auth.kind !== 'mtls') return null;
  return { certificate: auth.certificate, privateKey: auth.privateKey };
}

/** As the endpoint's owner sees it: a certificate is public, the rest is not. */
export function maskAuth(auth: ReceiverAuth): ReceiverAuth {
  switch (auth.kind) {
    case 'none':
      return auth;
    case 'bearer':
      return { ...auth, token: maskedValue };
    case 'basic':
      return { ...auth, password: maskedValue };
    case 'mtls':
      return { ...auth, privateKey: maskedValue };
  }
}

/**
 * What is stored when `given` replaces `stored`: a client that sends back what it was shown must
 * not overwrite a secret with the mask. @throws AppError `invalid` when there is nothing to keep
 */
export function unmaskAuth(given: ReceiverAuth, stored: ReceiverAuth): ReceiverAuth {
  switch (given.kind) {
    case 'none':
      return given;
    case 'bearer':
      if (given.token !== maskedValue) return given;
      if (stored.kind === 'bearer') return { ...given, token: stored.token };
      throw nothingStored('token');
    case 'basic':
      if (given.password !== maskedValue) return given;
      if (stored.kind === 'basic') return { ...given, password: stored.password };
      throw nothingStored('password');
    case 'mtls':
      if (given.privateKey !== maskedValue) return given;
      if (stored.kind === 'mtls') return { ...given, privateKey: stored.privateKey };
      throw nothingStored('privateKey');
  }
}

const nothingStored = (member: string) =>
  invalidField(`auth.${member}`, 'is masked, and none is stored');

/** @throws AppError `invalid` naming the member that does not fit the rest of the endpoint */
export function checkReceiverAuth(
  auth: ReceiverAuth,
  endpoint: { url: string; headerNames: readonly string[] },
): void {
  const ownHeader = endpoint.headerNames.find((name) => name.toLowerCase() === 'authorization');
  if (ownHeader !== undefined && authorizationOf(auth) !== null) {
    throw invalidField('auth', `is set, and so is the own header ${ownHeader}: keep one of them`);
  }
  if (auth.kind === 'mtls' && !/^https:/i.test(endpoint.url)) {
    throw invalidField('auth', 'a client certificate needs an https URL');
  }
}

/** @throws AppError `invalid` unless it is a pair that belongs together and is still valid */
export function checkCertificate(
  { certificate, privateKey }: ClientCertificate,
  nowMs: number,
): void {
  const parsed = readPem('auth.certificate', 'certificate', () => new X509Certificate(certificate));
  const key = readPem('auth.privateKey', 'private key without a passphrase', () =>
    createPrivateKey(privateKey),
  );
  if (!parsed.checkPrivateKey(key)) {
    throw invalidField('auth.privateKey', 'does not belong to the certificate');
  }
  if (parsed.validToDate.getTime() <= nowMs) {
    throw invalidField('auth.certificate', `expired at ${parsed.validToDate.toISOString()}`);
  }
}

function readPem<Parsed>(path: string, what: string, read: () => Parsed): Parsed {
  try {
    return read();
  } catch {
    // The library's words name its source lines and nothing that a user could mend.
    throw invalidField(path, `is not a PEM ${what}`);
  }
}
