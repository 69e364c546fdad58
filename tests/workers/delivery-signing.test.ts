/** What a receiver gets of signing keys and credentials, and what is recorded of it. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { Webhook } from 'standardwebhooks';
import { endpointSecrets } from '../../db/schema/webhooks.ts';
import type { EndpointId } from '../../src/domain/ids.ts';
import type { ReceiverAuth } from '../../src/domain/receiver-auth.ts';
import { verifySignature } from '../../src/domain/signature.ts';
import { makeSigningSecret, openPublicKey } from '../../src/domain/signing-secrets.ts';
import type { SendRequest } from '../../src/workers/delivery/sender.ts';
import { forGoodTest } from '../support/certificates.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  findAttempts,
  findDeliveries,
  queueDeliveries,
  startEngine,
} from '../support/delivery-engine.ts';
import { startReceiver } from '../support/receiver.ts';
import {
  createEndpointRow,
  createTenant,
  type TestTenant,
  testEndpointSecret,
  testSecretBox,
} from '../support/tenants.ts';

let db: TestDatabase;
let tenant: TestTenant;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await db.admin.sql`delete from delivery_queue`;
});

async function arrange(values: Parameters<typeof createEndpointRow>[3] = {}) {
  tenant = await createTenant(db.database);
  const receiver = startReceiver();
  stops.push(() => receiver.stop());
  const endpointId = await createEndpointRow(db.database, tenant, `${receiver.url}/hook`, values);
  return { receiver, endpointId };
}

async function addKey(endpointId: EndpointId, expiresAt: Date | null): Promise<string> {
  const { secret, publicKey } = makeSigningSecret('ed25519');
  await db.database.withTenant(tenant.tenantId, (tx) =>
    tx.run(
      'insertEndpointSecret',
      tx.db.insert(endpointSecrets).values({
        ...{ id: Bun.randomUUIDv7(), tenantId: tenant.tenantId, endpointId, kind: 'ed25519' },
        ...{ secretEncrypted: testSecretBox.seal(secret), publicKey, expiresAt },
      }),
    ),
  );
  return publicKey ?? '';
}

const sealAuth = (auth: ReceiverAuth) => testSecretBox.seal(JSON.stringify(auth));

test('every valid key signs, of either kind; an expired one does not', async () => {
  const { receiver, endpointId } = await arrange({ signing: 'ed25519' });
  const current = await addKey(endpointId, null);
  const former = await addKey(endpointId, new Date(Date.now() + 60_000));
  await addKey(endpointId, new Date(Date.now() - 60_000));
  const payload = '{"b": 1.0,\n "a":"\\u00e9"}';
  await queueDeliveries(db.database, tenant, endpointId, [payload]);
  const engine = startEngine(db);
  stops.push(() => engine.stop());
  await engine.attempted(1);

  const [request] = receiver.requests;
  const headers = request?.headers ?? {};
  const signature = headers['webhook-signature'] ?? '';
  expect(signature.split(' ').map((one) => one.split(',')[0])).toEqual(
    expect.arrayContaining(['v1', 'v1a', 'v1a']),
  );
  expect(signature.split(' ')).toHaveLength(3);
  new Webhook(testEndpointSecret).verify(payload, headers);
  for (const publicKey of [current, former]) {
    const verified = verifySignature({
      id: headers['webhook-id'] ?? null,
      timestamp: headers['webhook-timestamp'] ?? null,
      ...{ signature, body: request?.body ?? '', keys: [openPublicKey(publicKey)] },
      nowSeconds: Math.floor(Date.now() / 1_000),
    });
    expect(verified).toEqual({ ok: true });
  }
});

test.each([
  [{ kind: 'bearer', token: 'very-secret' }, 'Bearer very-secret'],
  [
    { kind: 'basic', username: 'Aladdin', password: 'open sesame' },
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
  ],
] as [ReceiverAuth, string][])(
  'credentials are sent and recorded masked: %j',
  async (auth, sent) => {
    const { receiver, endpointId } = await arrange({ authEncrypted: sealAuth(auth) });
    const [delivery] = await queueDeliveries(db.database, tenant, endpointId, ['1']);
    const engine = startEngine(db);
    stops.push(() => engine.stop());
    await engine.attempted(1);
    expect(receiver.requests[0]?.headers['authorization']).toBe(sent);
    if (!delivery) throw new Error('nothing was queued');
    const [attempt] = await findAttempts(db, delivery.id);
    expect(attempt?.requestHeaders['authorization']).toBe('[masked]');
  },
);

test('a client certificate is handed to the transport, and is in no record', async () => {
  const pair = { certificate: forGoodTest.cert, privateKey: forGoodTest.key };
  const { endpointId } = await arrange({ authEncrypted: sealAuth({ kind: 'mtls', ...pair }) });
  const [delivery] = await queueDeliveries(db.database, tenant, endpointId, ['1']);
  const certificates: unknown[] = [];
  const send: SendRequest = async ({ clientCertificate }) => {
    certificates.push(clientCertificate);
    return {
      ...{ kind: 'answer', statusCode: 204, headers: {}, body: '', durationMs: 1 },
      timings: { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null },
      remoteAddress: '127.0.0.1',
    };
  };
  const engine = startEngine(db, { send });
  stops.push(() => engine.stop());
  await engine.attempted(1);
  expect(certificates).toEqual([pair]);
  if (!delivery) throw new Error('nothing was queued');
  expect(JSON.stringify(await findAttempts(db, delivery.id))).not.toContain('PRIVATE KEY');
});

test('credentials that do not open fail the attempt in words, nothing is sent', async () => {
  const authEncrypted = new Uint8Array(60).fill(1);
  const { receiver, endpointId } = await arrange({ authEncrypted, retrySchedule: [] });
  await queueDeliveries(db.database, tenant, endpointId, ['1']);
  const engine = startEngine(db);
  stops.push(() => engine.stop());
  await engine.attempted(1);
  expect(receiver.requests).toEqual([]);
  const [delivery] = await findDeliveries(db, endpointId);
  expect(delivery?.lastError).toContain("credentials do not open under this installation's key");
});
