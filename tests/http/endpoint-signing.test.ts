/** How an endpoint's deliveries are signed and how opsforge shows itself, as its owner sets it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createPublicKey } from 'node:crypto';
import { startApi, type TestApi } from '../support/api.ts';
import { expired, forGoodTest, forLoopback } from '../support/certificates.ts';
import { testSecretBox } from '../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const endpoints = '/api/v1/endpoints';
const url = 'https://example.com/hooks';

async function newEndpoint(body: object = {}) {
  const tenant = await api.newTenant();
  const { key } = tenant;
  const made = await api.send('POST', endpoints, { key, body: { url, ...body } });
  const id = made.string('id');
  return { key, made, id, path: `${endpoints}/${id}`, keys: `/.well-known/webhook-keys/${id}` };
}

describe('an endpoint that signs with ed25519', () => {
  test('tells the public key only, and anybody may ask for it', async () => {
    const { key, made, path, keys, id } = await newEndpoint({ signing: 'ed25519' });
    const publicKey = made.string('secret');
    expect(made.body).toMatchObject({ signing: 'ed25519' });
    expect(publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
    const shown = await api.send('GET', `${path}/secret`, { key });
    expect(shown.body).toEqual({ secret: publicKey });

    const answer = await api.send('GET', keys);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    const [published, ...others] = Object(answer.body).keys;
    expect(others).toEqual([]);
    expect(published).toMatchObject({ algorithm: 'ed25519', publicKey, expiresAt: null });
    const { x } = createPublicKey({ key: published, format: 'jwk' }).export({ format: 'jwk' });
    const bytes = Buffer.from(publicKey.slice('whpk_'.length), 'base64');
    expect(x).toBe(bytes.toString('base64url'));

    const [row] = await api.db.admin.sql`
      select secret_encrypted as sealed from endpoint_secrets where endpoint_id = ${id}`;
    const stored = testSecretBox.open(row?.['sealed']);
    expect(stored).toMatch(/^whsk_/);
    expect(answer.text + made.text + shown.text).not.toContain(stored.slice('whsk_'.length, 60));
  });

  test('publishes the old key through a rotation, and no longer than its overlap', async () => {
    const { key, made, path, keys } = await newEndpoint({ signing: 'ed25519' });
    const rotate = (overlapSeconds: number) =>
      api.send('POST', `${path}/rotate-secret`, { key, body: { overlapSeconds } });
    const second = await rotate(3_600);
    const published = async () =>
      Object((await api.send('GET', keys)).body).keys.map((one: object) => ({
        publicKey: Object(one).publicKey,
        expiresAt: Object(one).expiresAt,
      }));
    expect(await published()).toEqual([
      { publicKey: made.string('secret'), expiresAt: second.string('previousExpiresAt') },
      { publicKey: second.string('secret'), expiresAt: null },
    ]);
    const third = await rotate(0);
    expect(await published()).toEqual([{ publicKey: third.string('secret'), expiresAt: null }]);
  });

  test('is changed to and back, the key before staying valid for a day', async () => {
    const { key, path, keys, id, made } = await newEndpoint();
    expect((await api.send('GET', keys)).status).toBe(404);
    const changed = await api.send('PATCH', path, { key, body: { signing: 'ed25519' } });
    expect(changed.body).toMatchObject({ signing: 'ed25519' });
    expect((await api.send('GET', keys)).status).toBe(200);
    const shown = await api.send('GET', `${path}/secret`, { key });
    expect(shown.string('secret')).toMatch(/^whpk_/);
    const valid = () => api.db.admin.sql`
      select kind, secret_encrypted as sealed, expires_at - now() > interval '86300 s' as day
      from endpoint_secrets where endpoint_id = ${id} order by id`;
    const [before, after] = await valid();
    expect([before?.['kind'], before?.['day']]).toEqual(['hmac', true]);
    expect(testSecretBox.open(before?.['sealed'])).toBe(made.string('secret'));
    expect([after?.['kind'], after?.['day']]).toEqual(['ed25519', null]);
    // What it is already makes no key.
    await api.send('PATCH', path, { key, body: { signing: 'ed25519' } });
    expect(await valid()).toHaveLength(2);
    await api.send('PATCH', path, { key, body: { signing: 'hmac' } });
    const back = await api.send('GET', `${path}/secret`, { key });
    expect(back.string('secret')).toMatch(/^whsec_/);
    expect(back.string('secret')).not.toBe(made.string('secret'));
  });

  test('keeps its public key for a day after it is deleted', async () => {
    const { key, path, keys } = await newEndpoint({ signing: 'ed25519' });
    await api.send('DELETE', path, { key });
    const answer = await api.send('GET', keys);
    const untilMs = Date.parse(answer.string('keys.0.expiresAt')) - Date.now();
    expect(untilMs).toBeGreaterThan(86_300_000);
    expect(untilMs).toBeLessThan(86_460_000);
  });

  test('is not found by an id that is none or belongs to no endpoint', async () => {
    for (const id of ['no-uuid', Bun.randomUUIDv7()]) {
      const answer = await api.send('GET', `/.well-known/webhook-keys/${id}`);
      expect(answer.status).toBe(404);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });
});

const pair = { certificate: forGoodTest.cert, privateKey: forGoodTest.key };

describe('credentials for the receiver', () => {
  test.each([
    [
      { kind: 'bearer', token: 'very-secret' },
      { kind: 'bearer', token: '[masked]' },
    ],
    [
      { kind: 'basic', username: 'anna', password: 'very-secret' },
      { kind: 'basic', username: 'anna', password: '[masked]' },
    ],
    [
      { kind: 'mtls', ...pair },
      { kind: 'mtls', ...pair, privateKey: '[masked]' },
    ],
  ])('are stored encrypted and shown masked: %j', async (auth, shown) => {
    const { key, made, path, id } = await newEndpoint({ auth });
    expect(made.body).toMatchObject({ auth: shown });
    const stored = async () => {
      const [row] = await api.db.admin.sql`
        select auth_encrypted as sealed, row_to_json(e)::text as text
        from endpoints e where id = ${id}`;
      expect(row?.['text']).not.toContain('very-secret');
      return JSON.parse(testSecretBox.open(row?.['sealed']));
    };
    expect(await stored()).toEqual(auth);
    // Sent back as it is shown, it stays as it is stored.
    const kept = await api.send('PATCH', path, { key, body: { auth: shown } });
    expect(kept.body).toMatchObject({ auth: shown });
    expect(await stored()).toEqual(auth);
    await api.send('PATCH', path, { key, body: { description: 'other' } });
    expect(await stored()).toEqual(auth);
    const none = { auth: { kind: 'none' } };
    expect((await api.send('PATCH', path, { key, body: none })).body).toMatchObject(none);
  });

  test.each([
    ['auth.kind', { auth: { kind: 'digest' } }],
    ['auth.token', { auth: { kind: 'bearer' } }],
    ['auth.token', { auth: { kind: 'bearer', token: 'a b' } }],
    ['auth.token', { auth: { kind: 'bearer', token: '[masked]' } }],
    ['auth.username', { auth: { kind: 'basic', username: 'a:b', password: '' } }],
    ['auth.password', { auth: { kind: 'basic', username: 'a', password: '[masked]' } }],
    ['auth', { auth: { kind: 'bearer', token: 'a' }, headers: { Authorization: 'b' } }],
    ['auth', { auth: { kind: 'mtls', ...pair }, url: 'http://example.com/' }],
    ['auth.certificate', { auth: { kind: 'mtls', ...pair, certificate: 'nonsense' } }],
    ['auth.privateKey', { auth: { kind: 'mtls', ...pair, privateKey: forLoopback.key } }],
    [
      'auth.certificate',
      { auth: { kind: 'mtls', certificate: expired.cert, privateKey: expired.key } },
    ],
  ])('are refused where they do not fit: %s', async (path, body) => {
    const { key } = await api.newTenant();
    const answer = await api.send('POST', endpoints, { key, body: { url, ...body } });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ path }] });
  });

  test('are held against the rest when the rest changes', async () => {
    const { key, path } = await newEndpoint({ auth: { kind: 'bearer', token: 'a' } });
    const own = { headers: { authorization: 'b' } };
    expect((await api.send('PATCH', path, { key, body: own })).status).toBe(422);
    const instead = { ...own, auth: { kind: 'none' } };
    expect((await api.send('PATCH', path, { key, body: instead })).status).toBe(200);
    const mtls = { auth: { kind: 'mtls', ...pair } };
    expect((await api.send('PATCH', path, { key, body: mtls })).status).toBe(200);
    const plain = { url: 'http://example.com/' };
    expect((await api.send('PATCH', path, { key, body: plain })).status).toBe(422);
  });
});
