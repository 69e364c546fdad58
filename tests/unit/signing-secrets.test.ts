/** Keys that endpoints sign with, held against what other implementations publish. */
import { describe, expect, test } from 'bun:test';
import { createPublicKey, verify } from 'node:crypto';
import { signContent, verifySignature } from '../../src/domain/signature.ts';
import {
  makeSigningSecret,
  openPublicKey,
  openSigningKey,
  publicJwk,
} from '../../src/domain/signing-secrets.ts';

/** Svix's own for `v1a`; ed25519 is deterministic, so the very bytes must come out. */
const vector = {
  secret:
    'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==',
  publicKey: 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestampSeconds: 1_614_265_330,
  body: '{"test": 2432232314}',
  signature:
    'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
};
const privateKey = openSigningKey('ed25519', vector.secret);
const publicKey = openPublicKey(vector.publicKey);

const message = {
  id: vector.id,
  timestamp: String(vector.timestampSeconds),
  signature: vector.signature,
  body: vector.body,
  keys: [publicKey],
  nowSeconds: vector.timestampSeconds,
};

describe('an ed25519 key', () => {
  test('gives the signature that other implementations publish, and verifies it', () => {
    expect(signContent({ ...vector, keys: [privateKey] })).toBe(vector.signature);
    expect(verifySignature(message)).toEqual({ ok: true });
  });

  test('refuses another body, time, key, and a signature that is cut or of another version', () => {
    const other = openPublicKey(makeSigningSecret('ed25519').publicKey ?? '');
    const refused = { ok: false, reason: 'no_match' } as const;
    expect(verifySignature({ ...message, body: `${vector.body} ` })).toEqual(refused);
    expect(verifySignature({ ...message, timestamp: '1614265331' })).toEqual(refused);
    expect(verifySignature({ ...message, keys: [other] })).toEqual(refused);
    const cut = vector.signature.slice(0, -8);
    expect(verifySignature({ ...message, signature: cut })).toEqual(refused);
    const asMac = vector.signature.replace('v1a,', 'v1,');
    expect(verifySignature({ ...message, signature: asMac })).toEqual(refused);
  });

  test('signs beside a shared secret, each verified by itself', () => {
    const mac = openSigningKey('hmac', makeSigningSecret('hmac').secret);
    const signature = signContent({ ...vector, keys: [privateKey, mac] });
    expect(signature).toMatch(/^v1a,[^ ]{88} v1,[^ ]{44}$/);
    expect(verifySignature({ ...message, signature }).ok).toBe(true);
    expect(verifySignature({ ...message, signature, keys: [mac] }).ok).toBe(true);
  });

  test('is made anew each time, in two halves that belong together', () => {
    const made = Array.from({ length: 20 }, () => makeSigningSecret('ed25519'));
    expect(new Set(made.map(({ secret }) => secret)).size).toBe(20);
    for (const { secret, publicKey: text, shown } of made) {
      expect(secret).toMatch(/^whsk_[A-Za-z0-9+/]{86}==$/);
      expect(text).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
      expect(shown).toBe(text ?? '');
      const signature = signContent({ ...vector, keys: [openSigningKey('ed25519', secret)] });
      const keys = [openPublicKey(text ?? '')];
      expect(verifySignature({ ...message, signature, keys }).ok).toBe(true);
    }
  });

  test('is a JWK that any library takes', () => {
    const key = createPublicKey({ key: publicJwk(vector.publicKey), format: 'jwk' });
    const signed = Buffer.from(`${vector.id}.${vector.timestampSeconds}.${vector.body}`);
    const signature = Buffer.from(vector.signature.slice('v1a,'.length), 'base64');
    expect(verify(null, signed, key, signature)).toBe(true);
  });
});

test('a shared secret is shown as it is', () => {
  const { kind, secret, publicKey: none, shown } = makeSigningSecret('hmac');
  expect([kind, none, shown]).toEqual(['hmac', null, secret]);
});

test.each(['whpk_', 'whpk_AAAA', vector.publicKey.slice('whpk_'.length), vector.secret])(
  'what is no public key is refused: %s',
  (text) => {
    expect(() => openPublicKey(text)).toThrow('secret: must be');
  },
);

test.each(['whsk_', 'whsk_AAAA', vector.publicKey])('nor is %s a private key', (text) => {
  expect(() => openSigningKey('ed25519', text)).toThrow('not an ed25519 private key');
});
