/**
 * The senders' own libraries against our sources: what they sign and verify is accepted, what they
 * refuse is refused. Each message is put to both, so that neither verdict is taken on trust.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { verify as cryptoVerify } from 'node:crypto';
import { sign, verify, verifyWithFallback } from '@octokit/webhooks-methods';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import { signContent } from '../../src/domain/signature.ts';
import { makeSigningSecret, openSigningKey } from '../../src/domain/signing-secrets.ts';
import { startApi, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

type Headers = Record<string, string>;
type Message = { body: string; headers: Headers };

type Library = {
  name: string;
  kind: 'github' | 'stripe' | 'standard';
  secrets: [string, string];
  sign(body: string, secret: string, atSeconds: number): Promise<Headers> | Headers;
  verify(message: Message, secret: string): Promise<boolean> | boolean;
  /** Where the signature stands. */
  header: string;
  signsTime: boolean;
};

const accepts = async (verifies: () => unknown): Promise<boolean> => {
  try {
    await verifies();
    return true;
  } catch (error) {
    if (error instanceof TypeError) throw error;
    return false;
  }
};

const standardSecrets: [string, string] = [
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  `whsec_${Buffer.alloc(32, 2).toString('base64')}`,
];
/** A key is wanted to make the client, and used for nothing that is asked here. */
const { webhooks } = new Stripe('sk_test_none');
/** Under Bun it signs by SubtleCrypto, hence by the asynchronous names. */
const stripeHeader = webhooks.generateTestHeaderStringAsync;
/** The README's tolerance, and ours. */
const windowSeconds = 300;

function standardLibrary(name: string, prefix: string, Webhook: typeof StandardWebhook): Library {
  return {
    ...{ name, kind: 'standard', secrets: standardSecrets, signsTime: true },
    header: `${prefix}-signature`,
    sign: (body, secret, at) => ({
      [`${prefix}-id`]: `msg_${at}`,
      [`${prefix}-timestamp`]: String(at),
      [`${prefix}-signature`]: new Webhook(secret).sign(`msg_${at}`, new Date(at * 1_000), body),
    }),
    verify: ({ body, headers }, secret) => accepts(() => new Webhook(secret).verify(body, headers)),
  };
}

const libraries: Library[] = [
  {
    ...{ name: '@octokit/webhooks-methods', kind: 'github', signsTime: false },
    ...{ secrets: ['mysecret', "It's a Secret to Everybody"], header: 'x-hub-signature-256' },
    sign: async (body, secret) => ({
      'x-github-event': 'push',
      'x-hub-signature-256': await sign(secret, body),
    }),
    verify: ({ body, headers }, secret) =>
      verify(secret, body, headers['x-hub-signature-256'] ?? 'none'),
  },
  {
    ...{ name: 'stripe', kind: 'stripe', signsTime: true, header: 'stripe-signature' },
    secrets: ['whsec_test_secret', 'whsec_other'],
    sign: async (payload, secret, timestamp) => ({
      'stripe-signature': await stripeHeader({ payload, secret, timestamp }),
    }),
    verify: ({ body, headers }, secret) =>
      accepts(() => webhooks.constructEventAsync(body, headers['stripe-signature'] ?? '', secret)),
  },
  standardLibrary('standardwebhooks', 'webhook', StandardWebhook),
  // Safe because what is called here is the same in both.
  standardLibrary('svix', 'svix', SvixWebhook as unknown as typeof StandardWebhook),
];

async function newSource(kind: string, secret: string) {
  const { key } = await api.newTenant();
  const made = await api.send('POST', '/api/v1/sources', {
    key,
    body: { name: 'a', kind, secret },
  });
  expect(made.status).toBe(201);
  return { key, path: `/api/v1/sources/${made.string('id')}` };
}

async function statusOf(path: string, { body, headers }: Message): Promise<number> {
  const sent = { 'content-type': 'application/json', ...headers };
  return (await api.send('POST', path, { rawBody: body, headers: sent })).status;
}

const nowSeconds = () => Math.floor(Date.now() / 1_000);
const bodies = [
  '{"id":"evt_test_webhook","object":"event","type":"invoice.paid"}',
  '{"id":"é \\u00e9 \\ud83d\\ude00 😀","type":"a.b", "n": 12345678901234567890}',
  JSON.stringify({ id: 'evt_long', object: 'event', text: 'x'.repeat(100_000) }),
];

describe.each(libraries)('$name', (library) => {
  const [secret, otherSecret] = library.secrets;

  test.each(bodies)('signs what is accepted: %#', async (body) => {
    const { path } = await newSource(library.kind, secret);
    const message = { body, headers: await library.sign(body, secret, nowSeconds()) };
    expect(await library.verify(message, secret)).toBe(true);
    expect(await statusOf(path, message)).toBe(202);
  });

  test('and we refuse the same: another body, another secret, a bent signature', async () => {
    const { path } = await newSource(library.kind, secret);
    const [body = ''] = bodies;
    const headers = await library.sign(body, secret, nowSeconds());
    const signature = headers[library.header] ?? '';
    const bent = [
      signature.slice(0, -4),
      signature.replace(/[A-Za-z0-9+/]{4}(=?)$/, '0000$1'),
      signature.replace(/^(.*)(v1|sha256)/, '$1v0'),
      signature.toUpperCase(),
    ];
    const messages: Message[] = [
      { body: `${body} `, headers },
      { body: body.replace('paid', 'void'), headers },
      { body, headers: await library.sign(body, otherSecret, nowSeconds()) },
      ...bent.map((text) => ({ body, headers: { ...headers, [library.header]: text } })),
    ];
    for (const message of messages) {
      expect([message, await library.verify(message, secret)]).toEqual([message, false]);
      expect([message, await statusOf(path, message)]).toEqual([message, 401]);
    }
  });
});

describe.each(libraries.filter(({ signsTime }) => signsTime))('$name', (library) => {
  const [secret] = library.secrets;

  test('and we refuse what is too old', async () => {
    const { path } = await newSource(library.kind, secret);
    const [body = ''] = bodies;
    const signedAt = async (at: number) => ({
      body,
      headers: await library.sign(body, secret, at),
    });
    // A margin for the seconds that pass in between.
    const young = await signedAt(nowSeconds() - windowSeconds + 20);
    const old = await signedAt(nowSeconds() - windowSeconds - 1);
    expect([await library.verify(young, secret), await statusOf(path, young)]).toEqual([true, 202]);
    expect([await library.verify(old, secret), await statusOf(path, old)]).toEqual([false, 401]);
  });
});

describe('vectors', () => {
  test('of @octokit/webhooks-methods', async () => {
    const { path, key } = await newSource('github', 'mysecret');
    const message = {
      body: '{"foo":"bar"}',
      headers: {
        'x-github-event': 'push',
        'x-hub-signature-256':
          'sha256=4864d2759938a15468b5df9ade20bf161da9b4f737ea61794142f3484236bda3',
      },
    };
    const { body, headers } = message;
    expect(await sign('mysecret', body)).toBe(headers['x-hub-signature-256']);
    expect(await statusOf(path, message)).toBe(202);
    // While a secret is changed: verifyWithFallback, and our overlap.
    const change = { secret: 'newsecret', overlapSeconds: 60 };
    await api.send('PATCH', path, { key, body: change });
    const signature = headers['x-hub-signature-256'];
    expect(await verifyWithFallback('newsecret', body, signature, ['mysecret'])).toBe(true);
    expect(await statusOf(path, message)).toBe(202);
  });

  test('of stripe: several schemes and secrets in one header', async () => {
    const [secret, rolled] = ['whsec_test_secret', 'whsec_rolled'];
    const { path } = await newSource('stripe', secret);
    const [body = ''] = bodies;
    const timestamp = nowSeconds();
    const header = (by: string, scheme: string) =>
      stripeHeader({ payload: body, secret: by, timestamp, scheme });
    const signatureOf = async (by: string, scheme: string) =>
      (await header(by, scheme)).split(',')[1];
    const [v1, v0, other] = await Promise.all([
      signatureOf(secret, 'v1'),
      signatureOf(secret, 'v0'),
      signatureOf(rolled, 'v1'),
    ]);
    const cases: [string, number][] = [
      [`t=${timestamp},${other},${v1}`, 202],
      [`t=${timestamp},${v0},${v1}`, 202],
      [`t=${timestamp},${v0}`, 401],
      [`t=${timestamp}`, 401],
      [`${v1}`, 401],
      ['', 401],
    ];
    for (const [text, status] of cases) {
      const library = await accepts(() => webhooks.constructEventAsync(body, text, secret));
      expect([text, library]).toEqual([text, status === 202]);
      const message = { body, headers: { 'stripe-signature': text } };
      expect([text, await statusOf(path, message)]).toEqual([text, status]);
    }
  });
});

/**
 * Neither `standardwebhooks` 1.1.1 nor `svix` 2.5.0 verifies `v1a` (they pass over all but `v1`),
 * so it is node:crypto that does, from the key as it is published, by the specification's formula.
 */
describe('ed25519', () => {
  test('of a delivery is verified by node:crypto with the published key', async () => {
    const { key } = await api.newTenant();
    const settings = { url: 'https://example.com/', signing: 'ed25519' };
    const made = await api.send('POST', '/api/v1/endpoints', { key, body: settings });
    const published = await api.send('GET', `/.well-known/webhook-keys/${made.string('id')}`);
    const [jwk] = Object(published.body).keys;
    const [row] = await api.db.admin.sql`
      select secret_encrypted as sealed from endpoint_secrets
      where endpoint_id = ${made.string('id')}`;
    const sealed = api.deps.secretBox.open(row?.['sealed']);
    const message = { id: 'msg_1', timestampSeconds: nowSeconds(), body: '{"é": 1.0}' };
    const signature = signContent({ ...message, keys: [openSigningKey('ed25519', sealed)] });
    expect(signature).toStartWith('v1a,');
    const verifies = (body: string) =>
      cryptoVerify(
        null,
        Buffer.from(`${message.id}.${message.timestampSeconds}.${body}`),
        { key: jwk, format: 'jwk' },
        Buffer.from(signature.slice('v1a,'.length), 'base64'),
      );
    expect([verifies(message.body), verifies(`${message.body} `)]).toEqual([true, false]);
  });

  test('beside hmac leaves the libraries content: they pass over it', () => {
    const [secret] = standardSecrets;
    const pair = makeSigningSecret('ed25519');
    const message = { id: 'msg_1', timestampSeconds: nowSeconds(), body: '{"a":1}' };
    const keys = [openSigningKey('ed25519', pair.secret), openSigningKey('hmac', secret)];
    const headers = {
      ...{ 'webhook-id': message.id, 'webhook-timestamp': String(message.timestampSeconds) },
      'webhook-signature': signContent({ ...message, keys }),
    };
    for (const Webhook of [StandardWebhook, SvixWebhook]) {
      expect(() => new Webhook(secret).verify(message.body, headers)).not.toThrow();
    }
    const alone = signContent({ ...message, keys: keys.slice(0, 1) });
    const only = { ...headers, 'webhook-signature': alone };
    expect(() => new StandardWebhook(secret).verify(message.body, only)).toThrow();
  });
});
