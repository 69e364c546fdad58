import { describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import {
  generateSecret,
  secretBytes,
  signContent,
  verifySignature,
} from '../../src/domain/signature.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** The example that other implementations of Standard Webhooks test against, too. */
const vector = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestampSeconds: 1_614_265_330,
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const secret = secretBytes(vector.secret);
const otherSecret = secretBytes(generateSecret());

const message = {
  id: vector.id,
  timestamp: String(vector.timestampSeconds),
  signature: vector.signature,
  body: vector.body,
  keys: [secret],
  nowSeconds: vector.timestampSeconds,
};

describe('secrets', () => {
  test('are whsec_ and the base64 of 32 bytes, a new one each time', () => {
    const made = Array.from({ length: 50 }, generateSecret);
    expect(made[0]).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made.map((text) => secretBytes(text).length)).toEqual(Array(50).fill(32));
    expect(new Set(made).size).toBe(50);
  });

  test('may lack the prefix', () => {
    expect(secretBytes(vector.secret.slice('whsec_'.length))).toEqual(secret);
  });

  test.each([
    '',
    'whsec_',
    'whsec_!!!!',
    `whsec_${'A'.repeat(28)}`,
    `whsec_${'A'.repeat(92)}`,
    'whsec_with space aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  ])('are refused unless they are base64 of 24 to 64 bytes: %j', (text) => {
    expect(() => secretBytes(text)).toThrow('secret: must be');
  });
});

describe('signing', () => {
  test('gives the fixed vector', () => {
    expect(signContent({ ...vector, keys: [secret] })).toBe(vector.signature);
  });

  test('signs with every secret, separated by spaces', () => {
    const [first, second, ...more] = signContent({ ...vector, keys: [otherSecret, secret] }).split(
      ' ',
    );
    expect(first).toBe(signContent({ ...vector, keys: [otherSecret] }));
    expect(second).toBe(vector.signature);
    expect(more).toEqual([]);
  });

  test('agrees with node:crypto on bodies of every kind (seeded)', () => {
    const random = seededRandom(42);
    for (let run = 0; run < 500; run += 1) {
      const body = Array.from({ length: random.below(300) }, () =>
        random.pick(['a', '"', '\\', 'é', '😀', '\n', '漢', '\u0001']),
      ).join('');
      const key = Buffer.from(
        Array.from({ length: 24 + random.below(41) }, () => random.below(256)),
      );
      const expected = createHmac('sha256', key).update(`e.${run}.${body}`).digest('base64');
      expect(signContent({ id: 'e', timestampSeconds: run, body, keys: [key] })).toBe(
        `v1,${expected}`,
      );
    }
  });
});

describe('verifying', () => {
  test('accepts the fixed vector, as text and as bytes', () => {
    expect(verifySignature(message)).toEqual({ ok: true });
    expect(verifySignature({ ...message, body: Buffer.from(vector.body) })).toEqual({ ok: true });
  });

  test('accepts any of several signatures by any of several secrets', () => {
    const signature = `v1,AAAA v1a,${'A'.repeat(86)}== x ${vector.signature}`;
    const keys = [otherSecret, secret];
    expect(verifySignature({ ...message, signature, keys })).toEqual({ ok: true });
  });

  test.each([
    ['missing_header', { id: null }],
    ['missing_header', { timestamp: '' }],
    ['missing_header', { signature: null }],
    ['bad_id', { id: 'msg.1' }],
    ['bad_timestamp', { timestamp: '1614265330.0' }],
    ['bad_timestamp', { timestamp: '-1' }],
    ['bad_timestamp', { timestamp: 'Infinity' }],
    ['too_old', { nowSeconds: vector.timestampSeconds + 301 }],
    ['too_new', { nowSeconds: vector.timestampSeconds - 301 }],
    ['too_old', { nowSeconds: vector.timestampSeconds + 11, toleranceSeconds: 10 }],
    ['no_match', { body: `${vector.body} ` }],
    ['no_match', { id: 'msg_other' }],
    ['no_match', { keys: [otherSecret] }],
    ['no_match', { keys: [] }],
    ['no_match', { signature: 'v1,' }],
    ['no_match', { signature: vector.signature.slice(0, -4) }],
    ['no_match', { signature: vector.signature.replace('v1,', 'v2,') }],
    ['no_match', { signature: vector.signature.replace('v1,', 'v1a,') }],
    ['no_match', { signature: vector.signature.replace('g0h', 'h0h') }],
    ['no_match', { signature: `${'x '.repeat(1000)}${vector.signature}` }],
  ] as const)('says %s for %j', (reason, change) => {
    expect(verifySignature({ ...message, ...change })).toEqual({ ok: false, reason });
  });

  test('takes a clock that is off by just the tolerance', () => {
    const at = (nowSeconds: number) => verifySignature({ ...message, nowSeconds }).ok;
    expect(at(vector.timestampSeconds + 300)).toBe(true);
    expect(at(vector.timestampSeconds - 300)).toBe(true);
  });
});

describe.each([
  ['standardwebhooks', StandardWebhook],
  ['svix', SvixWebhook],
])('the package %s', (_name, Webhook) => {
  const body = '{"name":"naïve 😀","n":1.0}';
  const text = generateSecret();
  const webhook = new Webhook(text);
  const nowSeconds = Math.floor(Date.now() / 1000);

  test('verifies what we sign, during a rotation too', () => {
    const keys = [otherSecret, secretBytes(text)];
    const signature = signContent({ id: 'e-1', timestampSeconds: nowSeconds, body, keys });
    const headers = {
      'webhook-id': 'e-1',
      'webhook-timestamp': String(nowSeconds),
      'webhook-signature': signature,
    };
    expect(() => webhook.verify(body, headers)).not.toThrow();
    expect(() => webhook.verify(`${body} `, headers)).toThrow();
  });

  test('signs what we verify', () => {
    const signature = webhook.sign('e-2', new Date(nowSeconds * 1000), body);
    const received = { id: 'e-2', timestamp: String(nowSeconds), signature, nowSeconds };
    const keys = [secretBytes(text)];
    expect(verifySignature({ ...received, body, keys })).toEqual({ ok: true });
    expect(verifySignature({ ...received, body: '{}', keys }).ok).toBe(false);
  });
});
