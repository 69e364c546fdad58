/**
 * Each kind of source against what its sender publishes, or against the formula of its manual
 * written once more here, and against everything that is nearly right.
 */
import { describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { signContent } from '../../../src/domain/signature.ts';
import { makeSigningSecret, openSigningKey } from '../../../src/domain/signing-secrets.ts';
import { answerCrc } from '../../../src/domain/sources/hmac.ts';
import { sourceRules } from '../../../src/domain/sources/kinds.ts';
import {
  type SourceKind,
  type SourceRequest,
  sourceKinds,
} from '../../../src/domain/sources/source.ts';

const nowSeconds = 1_531_420_618;
const json = '{"type":"invoice.paid","id":"evt_1","n":1.0}';

function request(
  body: string,
  headers: Record<string, string>,
  more: Partial<SourceRequest> = {},
): SourceRequest {
  return {
    url: 'https://opsforge.test/api/v1/sources/1',
    headers: new Headers(headers),
    body: Buffer.from(body),
    contentType: headers['content-type'] ?? 'application/json',
    nowSeconds,
    settings: {},
    ...more,
  };
}

const mac = (algorithm: string, secret: string, text: string) =>
  createHmac(algorithm, secret).update(text);

/** How each kind signs, by its manual. */
const signed: Record<SourceKind, (secret: string, body: string, atSeconds?: number) => HeadersOf> =
  {
    alertmanager: (secret) => ({ authorization: `Bearer ${secret}` }),
    github: (secret, body) => ({
      'x-hub-signature-256': `sha256=${mac('sha256', secret, body).digest('hex')}`,
    }),
    gitlab: (secret) => ({ 'x-gitlab-token': secret }),
    hmac: (secret, body) => ({ 'x-signature': mac('sha256', secret, body).digest('hex') }),
    shopify: (secret, body) => ({
      'x-shopify-hmac-sha256': mac('sha256', secret, body).digest('base64'),
    }),
    slack: (secret, body, at = nowSeconds) => ({
      'x-slack-request-timestamp': String(at),
      'x-slack-signature': `v0=${mac('sha256', secret, `v0:${at}:${body}`).digest('hex')}`,
    }),
    standard: (secret, body, at = nowSeconds) => ({
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(at),
      'webhook-signature': new StandardWebhook(secret).sign('msg_1', new Date(at * 1_000), body),
    }),
    stripe: (secret, body, at = nowSeconds) => ({
      'stripe-signature': `t=${at},v1=${mac('sha256', secret, `${at}.${body}`).digest('hex')},v0=ab`,
    }),
    twilio: (secret) => ({
      'x-twilio-signature': mac('sha1', secret, 'https://opsforge.test/api/v1/sources/1').digest(
        'base64',
      ),
    }),
  };
type HeadersOf = Record<string, string>;

const [one, two, other] = [
  `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  `whsec_${Buffer.alloc(32, 2).toString('base64')}`,
  `whsec_${Buffer.alloc(32, 3).toString('base64')}`,
] as const;

describe.each(sourceKinds.map((kind) => [kind] as const))('%s', (kind) => {
  const rules = sourceRules[kind];
  const verify = (headers: HeadersOf, secrets: readonly string[], body = json) =>
    rules.verify(request(body, headers), secrets);

  test('takes what its sender signed with any of the valid secrets', () => {
    expect(verify(signed[kind](one, json), [one])).toBe(null);
    expect(verify(signed[kind](two, json), [one, two])).toBe(null);
  });

  test('refuses another secret, none at all, and a request without a signature', () => {
    expect(verify(signed[kind](other, json), [one, two])).not.toBe(null);
    expect(verify(signed[kind](one, json), [])).not.toBe(null);
    expect(verify({}, [one])).toContain('missing');
  });

  test('refuses a signature that is cut, empty or not one', () => {
    for (const broken of ['', 'x', 'sha256=', 'v0=', 't=,v1=', 'v1,', `${'0'.repeat(64)}`]) {
      const headers = Object.fromEntries(
        Object.keys(signed[kind](one, json)).map((name) => [name, broken]),
      );
      expect(verify(headers, [one])).not.toBe(null);
    }
  });

  test('takes a secret that it can use, and makes one that it takes', () => {
    expect(rules.checkSecret(one)).toBe(null);
    expect(rules.checkSecret('')).not.toBe(null);
    if (rules.makeSecret === null) return;
    const made = rules.makeSecret();
    expect(rules.checkSecret(made)).toBe(null);
    expect(made).not.toBe(rules.makeSecret());
    expect(verify(signed[kind](made, json), [made])).toBe(null);
  });
});

const signsBody = ['github', 'hmac', 'shopify', 'slack', 'standard', 'stripe'] as const;
test.each(signsBody)('%s refuses a body that differs by one byte', (kind) => {
  const headers = signed[kind](one, json);
  expect(sourceRules[kind].verify(request(`${json} `, headers), [one])).not.toBe(null);
  expect(sourceRules[kind].verify(request('', headers), [one])).not.toBe(null);
});

test.each(['slack', 'standard', 'stripe'] as const)(
  '%s takes 5 min either way, no more',
  (kind) => {
    const verifyAt = (offset: number) =>
      sourceRules[kind].verify(request(json, signed[kind](one, json, nowSeconds + offset)), [one]);
    expect(verifyAt(-300)).toBe(null);
    expect(verifyAt(300)).toBe(null);
    expect(verifyAt(-301)).toBe('it was signed more than 5 min ago');
    expect(verifyAt(301)).toBe('it was signed more than 5 min in the future');
  },
);

test('github verifies the example of its manual', () => {
  const headers = {
    'x-hub-signature-256':
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
  };
  const secret = "It's a Secret to Everybody";
  expect(sourceRules.github.verify(request('Hello, World!', headers), [secret])).toBe(null);
});

test('slack verifies the example of its manual', () => {
  const body =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow' +
    '&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner' +
    '&command=%2Fwebhook-collect&text=' +
    '&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554' +
    '%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.' +
    '803a0bc887a14d10d2c447fce8b6703c';
  const headers = {
    'x-slack-request-timestamp': '1531420618',
    'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  };
  const secret = '8f742231b10e8888abcd99yyyzzz85a5';
  expect(sourceRules.slack.verify(request(body, headers), [secret])).toBe(null);
});

describe('stripe', () => {
  test('takes any of several v1, as while a secret is rolled', () => {
    const first = signed.stripe(other, json)['stripe-signature'] ?? '';
    const [, second] = (signed.stripe(one, json)['stripe-signature'] ?? '').split(',');
    const headers = { 'stripe-signature': `${first}, ${second}` };
    expect(sourceRules.stripe.verify(request(json, headers), [one])).toBe(null);
  });

  test('does not take v0 for v1', () => {
    const header = (signed.stripe(one, json)['stripe-signature'] ?? '').replace('v1=', 'v0=');
    const headers = { 'stripe-signature': header };
    expect(sourceRules.stripe.verify(request(json, headers), [one])).not.toBe(null);
  });
});

describe('standard', () => {
  test("takes what Svix's library signs, under Svix's names too", () => {
    const signature = new SvixWebhook(one).sign('msg_2', new Date(nowSeconds * 1_000), json);
    const headers = {
      ...{ 'svix-id': 'msg_2', 'svix-timestamp': String(nowSeconds) },
      'svix-signature': signature,
    };
    expect(sourceRules.standard.verify(request(json, headers), [one])).toBe(null);
  });

  test('verifies v1a by a public key', () => {
    const { secret, shown } = makeSigningSecret('ed25519');
    const keys = [openSigningKey('ed25519', secret)];
    const content = { id: 'msg_3', timestampSeconds: nowSeconds, body: json, keys };
    const headers = {
      ...{ 'webhook-id': 'msg_3', 'webhook-timestamp': String(nowSeconds) },
      'webhook-signature': signContent(content),
    };
    expect(sourceRules.standard.checkSecret(shown)).toBe(null);
    expect(sourceRules.standard.verify(request(json, headers), [shown])).toBe(null);
    expect(sourceRules.standard.verify(request('{}', headers), [shown])).not.toBe(null);
  });

  test('wants a secret that is one', () => {
    for (const secret of ['whsec_', 'plain text', 'whpk_AAAA', `whsec_${'A'.repeat(28)}`]) {
      expect(sourceRules.standard.checkSecret(secret)).toContain('must be');
    }
  });
});

describe('hmac', () => {
  test.each([
    [{ algorithm: 'sha1', prefix: 'sha1=' }, 'sha1=', 'sha1', 'hex'],
    [{ algorithm: 'sha512', encoding: 'base64' }, '', 'sha512', 'base64'],
    [{ signatureHeader: 'x-my-mac' }, '', 'sha256', 'hex'],
  ] as const)('does as its settings say: %j', (settings, prefix, algorithm, encoding) => {
    const name = 'signatureHeader' in settings ? settings.signatureHeader : 'x-signature';
    const headers = { [name]: prefix + mac(algorithm, one, json).digest(encoding) };
    expect(sourceRules.hmac.verify(request(json, headers, { settings }), [one])).toBe(null);
    const plain = request(json, signed.hmac(one, json), { settings });
    expect(sourceRules.hmac.verify(plain, [one])).not.toBe(null);
  });

  test('answers the challenge of X, of sane tokens, by the current secret', () => {
    const expected = mac('sha256', one, 'abc-123').digest('base64');
    expect(answerCrc('abc-123', { crc: true }, [one, two])).toEqual({
      contentType: 'application/json',
      body: `{"response_token":"sha256=${expected}"}`,
    });
    expect(answerCrc('abc-123', {}, [one])).toBe(null);
    expect(answerCrc('abc-123', { crc: true }, [])).toBe(null);
    for (const token of ['', '{"a":1}', 'a b', 'a'.repeat(257)]) {
      expect(answerCrc(token, { crc: true }, [one])).toBe(null);
    }
  });

  test('takes no body that the challenge would have signed for anybody', () => {
    const headers = signed.hmac(one, 'true');
    const settings = { crc: true };
    expect(sourceRules.hmac.verify(request('true', headers), [one])).toBe(null);
    expect(sourceRules.hmac.verify(request('true', headers, { settings }), [one])).not.toBe(null);
  });
});

describe('twilio', () => {
  const contentType = 'application/x-www-form-urlencoded';

  test('verifies the example of its libraries', () => {
    const fields = new URLSearchParams({
      ...{ Digits: '1234', To: '+18005551212', From: '+14158675309' },
      ...{ Caller: '+14158675309', CallSid: 'CA1234567890ABCDE' },
    });
    const headers = { 'x-twilio-signature': 'RSOYDt4T1cUTdK1PDd93/VVr8B8=' };
    const url = 'https://mycompany.com/myapp.php?foo=1&bar=2';
    const message = request(fields.toString(), headers, { url, contentType });
    expect(sourceRules.twilio.verify(message, ['12345'])).toBe(null);
    const changed = request(fields.toString().replace('1234', '1235'), headers, {
      ...{ url, contentType },
    });
    expect(sourceRules.twilio.verify(changed, ['12345'])).not.toBe(null);
    const elsewhere = request(fields.toString(), headers, { url: `${url}&a=1`, contentType });
    expect(sourceRules.twilio.verify(elsewhere, ['12345'])).not.toBe(null);
  });

  test('verifies a JSON body by its hash in the query', () => {
    const hash = new Bun.CryptoHasher('sha256').update(json).digest('hex');
    const url = `https://opsforge.test/api/v1/sources/1?bodySHA256=${hash}`;
    const headers = { 'x-twilio-signature': mac('sha1', one, url).digest('base64') };
    expect(sourceRules.twilio.verify(request(json, headers, { url }), [one])).toBe(null);
    const changed = request(`${json} `, headers, { url });
    expect(sourceRules.twilio.verify(changed, [one])).toContain('bodySHA256');
  });
});
