import { describe, expect, test } from 'bun:test';
import {
  authorizationOf,
  checkCertificate,
  checkReceiverAuth,
  clientCertificateOf,
  maskAuth,
  type ReceiverAuth,
  unmaskAuth,
} from '../../src/domain/receiver-auth.ts';
import { expired, forGoodTest, forLoopback } from '../support/certificates.ts';

const bearer: ReceiverAuth = { kind: 'bearer', token: 'abc' };
const basic: ReceiverAuth = { kind: 'basic', username: 'Aladdin', password: 'open sesame' };
const pair = { certificate: forGoodTest.cert, privateKey: forGoodTest.key };
const mtls: ReceiverAuth = { kind: 'mtls', ...pair };
const nowMs = Date.UTC(2026, 10, 23);

describe('credentials', () => {
  test('become the header that their RFCs give', () => {
    expect(authorizationOf(bearer)).toBe('Bearer abc');
    // RFC 7617 section 2.
    expect(authorizationOf(basic)).toBe('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==');
    expect(authorizationOf({ kind: 'basic', username: 'test', password: '123£' })).toBe(
      'Basic dGVzdDoxMjPCow==',
    );
    expect(authorizationOf(mtls)).toBe(null);
    expect(authorizationOf({ kind: 'none' })).toBe(null);
    expect(clientCertificateOf(mtls)).toEqual(pair);
    expect(clientCertificateOf(bearer)).toBe(null);
  });

  test('are shown without what is secret', () => {
    expect(maskAuth(bearer)).toEqual({ kind: 'bearer', token: '[masked]' });
    expect(maskAuth(basic)).toEqual({ ...basic, password: '[masked]' });
    expect(maskAuth(mtls)).toEqual({ ...mtls, privateKey: '[masked]' });
  });

  test.each([bearer, basic, mtls])('keep what is stored when the mask comes back: %j', (auth) => {
    expect(unmaskAuth(maskAuth(auth), auth)).toEqual(auth);
    expect(() => unmaskAuth(maskAuth(auth), { kind: 'none' })).toThrow('none is stored');
  });

  test('do not stand beside an own authorization header', () => {
    const at = (url: string, headerNames: string[]) => ({ url, headerNames });
    const own = at('https://a.test/', ['x-a', 'AUTHORIZATION']);
    expect(() => checkReceiverAuth(bearer, own)).toThrow('auth: is set, and so is the own header');
    expect(() => checkReceiverAuth(basic, own)).toThrow('auth: is set, and so is the own header');
    expect(() => checkReceiverAuth(mtls, own)).not.toThrow();
    expect(() => checkReceiverAuth({ kind: 'none' }, own)).not.toThrow();
    expect(() => checkReceiverAuth(bearer, at('http://a.test/', ['x-a']))).not.toThrow();
    expect(() => checkReceiverAuth(mtls, at('http://a.test/', []))).toThrow('needs an https URL');
  });
});

describe('a client certificate', () => {
  test('is taken with its key', () => {
    expect(() => checkCertificate(pair, nowMs)).not.toThrow();
    const chain = forGoodTest.cert + forLoopback.cert;
    expect(() => checkCertificate({ ...pair, certificate: chain }, nowMs)).not.toThrow();
  });

  test.each([
    ['auth.certificate: is not a PEM certificate', { certificate: 'nonsense' }],
    ['auth.certificate: is not a PEM certificate', { certificate: forGoodTest.key }],
    ['auth.privateKey: is not a PEM private key', { privateKey: 'nonsense' }],
    ['auth.privateKey: does not belong to the certificate', { privateKey: forLoopback.key }],
  ])('is refused: %s', (message, change) => {
    expect(() => checkCertificate({ ...pair, ...change }, nowMs)).toThrow(message);
  });

  test('is refused once it has expired', () => {
    const old = { certificate: expired.cert, privateKey: expired.key };
    expect(() => checkCertificate(old, nowMs)).toThrow('expired at 2020-02-01T00:00:00.000Z');
    expect(() => checkCertificate(old, Date.UTC(2020, 0, 15))).not.toThrow();
  });
});
