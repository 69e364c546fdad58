/** Receivers that misbehave, through the whole product: a named error each, nobody else waits. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { bad, type RawReceiver, startRawReceiver } from '../support/bad-receivers.ts';
import { cleanUp, type Service, startService } from '../support/binary.ts';
import { selfSigned } from '../support/certificates.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { bootstrapClient, type Client } from '../support/service-client.ts';

const timeoutMs = 600;
const eventsEach = 3;

/** What becomes of an attempt: its error's code, or the status that was no error by itself. */
const outcomes: Record<string, { receiver: keyof typeof bad; error: string; said?: string }> = {
  hangs: { receiver: 'hang', error: 'timeout', said: 'No answer within 600 ms' },
  'drips its headers': { receiver: 'dripHeaders', error: 'timeout' },
  'drips its body': { receiver: 'dripChunked', error: 'timeout', said: 'did not end' },
  'sends endless headers': { receiver: 'endlessHeaders', error: 'invalid_answer' },
  'resets before it answers': { receiver: 'resetBeforeAnswer', error: 'connection_reset' },
  'resets within its body': { receiver: 'resetInBody', error: 'connection_reset' },
  'speaks no HTTP': { receiver: 'notHttp', error: 'invalid_answer' },
};

let healthy: Receiver;
let metadata: RawReceiver;
let service: Service;
let client: Client;
const raw: RawReceiver[] = [];

beforeAll(async () => {
  healthy = startReceiver();
  metadata = await startRawReceiver(bad.emptyBody);
  // Only one address of this machine is open: 127.0.0.2 stands for what must not be reached.
  service = await startService({ env: { OPSFORGE_ALLOWED_CIDRS: '127.0.0.1/32' } });
  client = await bootstrapClient(service);
});

afterAll(async () => {
  for (const receiver of [...raw, metadata]) await receiver.stop();
  await healthy.stop();
  await cleanUp();
});

/** An endpoint with one attempt for each event of its own type. */
async function endpointFor(url: string, type: string): Promise<string> {
  const settings = { timeoutMs, retrySchedule: [], eventTypes: [type] };
  return (await client.endpoint(url, settings)).id;
}

async function onlyAttempt(endpointId: string): Promise<Record<string, unknown>> {
  const [delivery] = await client.settled(`endpointId=${endpointId}`, 1);
  const attempts = await client.attempts(delivery?.['id']);
  expect(attempts).toHaveLength(1);
  return { status: delivery?.['status'], ...attempts[0] };
}

describe('a receiver that', () => {
  const endpointIds = new Map<string, string>();

  beforeAll(async () => {
    for (const [index, [what, { receiver }]] of Object.entries(outcomes).entries()) {
      const started = await startRawReceiver(bad[receiver]);
      raw.push(started);
      endpointIds.set(what, await endpointFor(started.url, `bad.n${index}`));
    }
    const quick = await client.endpoint(healthy.url, { eventTypes: ['bad.*'] });
    endpointIds.set('healthy', quick.id);
    for (let n = 0; n < eventsEach; n += 1) {
      await Promise.all(
        Object.keys(outcomes).map((_, index) => client.send(`bad.n${index}`, { n })),
      );
    }
  });

  test('behaves still gets all its events, and soon', async () => {
    const expected = eventsEach * Object.keys(outcomes).length;
    const requests = await healthy.waitFor(expected, 5_000);
    const sentAtMs = requests.map(({ headers }) => Number(headers['webhook-timestamp']) * 1_000);
    const lagsMs = requests.map(({ atMs }, index) => atMs - (sentAtMs[index] ?? 0));
    // The timestamp is in whole seconds.
    expect(Math.max(...lagsMs)).toBeLessThan(2_000);
  });

  test.each(Object.entries(outcomes))('%s ends in a named error', async (what, expected) => {
    const id = endpointIds.get(what) ?? '';
    const found = await client.settled(`endpointId=${id}`, eventsEach);
    for (const delivery of found) {
      expect(delivery).toMatchObject({ status: 'failed', attempts: 1 });
      const [attempt] = await client.attempts(delivery['id']);
      expect(attempt).toMatchObject({ outcome: 'failed', error: { code: expected.error } });
      const { message } = Object(attempt?.['error']);
      expect(message).toContain(expected.said ?? '');
      expect(Number(attempt?.['durationMs'])).toBeLessThan(timeoutMs + 1_000);
    }
  });

  test('sends an endless body with status 200 is a success, read to its bound only', async () => {
    const endless = await startRawReceiver(bad.hugeBody);
    raw.push(endless);
    const id = await endpointFor(endless.url, 'endless.body');
    await client.send('endless.body', {});
    const attempt = await onlyAttempt(id);
    expect(attempt).toMatchObject({ status: 'delivered', outcome: 'delivered', statusCode: 200 });
    expect(String(attempt['responseBody'])).toBe('a'.repeat(16_384));
    await endless.allClosed();
    expect(endless.bytesWritten()).toBeLessThan(64 * 1024 * 1024);
  });

  test('shows a certificate that nobody signed gets nothing', async () => {
    const forger = startReceiver(undefined, { tls: selfSigned });
    try {
      const id = await endpointFor(forger.url, 'bad.certificate');
      await client.send('bad.certificate', {});
      expect(await onlyAttempt(id)).toMatchObject({
        status: 'failed',
        error: { code: 'tls_failed' },
        statusCode: null,
      });
      expect(forger.requests).toEqual([]);
    } finally {
      await forger.stop();
    }
  });

  test('sends on to another address is not followed, even to one that is open', async () => {
    const target = `http://127.0.0.1:${metadata.port}/latest/meta-data`;
    const mover = startReceiver(
      () => new Response(null, { status: 301, headers: { location: target } }),
    );
    try {
      const id = await endpointFor(mover.url, 'moved.away');
      await client.send('moved.away', {});
      expect(await onlyAttempt(id)).toMatchObject({ status: 'failed', statusCode: 301 });
      expect(mover.requests).toHaveLength(1);
      expect(metadata.connections()).toBe(0);
    } finally {
      await mover.stop();
    }
  });
});

describe('an endpoint’s URL', () => {
  const port = 8080;
  const spellings = [
    `http://127.0.0.2:${port}/`,
    `http://2130706434:${port}/`,
    `http://0x7f000002:${port}/`,
    `http://0177.0.0.2:${port}/`,
    `http://127.2:${port}/`,
    `http://[::1]:${port}/`,
    `http://[::ffff:127.0.0.2]:${port}/`,
    `http://[::ffff:7f00:2]:${port}/`,
    `http://[64:ff9b::7f00:2]:${port}/`,
    `http://①②⑦.0.0.2:${port}/`,
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.1/',
    'http://192.168.1.1/',
    'http://0.0.0.0/',
    'http://[fe80::1]/',
    'http://[fd00::1]/',
  ];

  test.each(spellings)('%s is refused when it is saved', async (url) => {
    const { status, body } = await client.post('/api/v1/endpoints', { url });
    expect([status, body['errors']]).toMatchObject([422, [{ path: 'url' }]]);
    expect(String(Object(body['errors'])[0].message)).toContain('may not be reached');
  });

  test.each([
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'http://user:pass@127.0.0.1/',
    '//127.0.0.1/',
    'http://',
    'nonsense',
  ])('%s is refused as none', async (url) => {
    const { status, body } = await client.post('/api/v1/endpoints', { url });
    expect([status, body['errors']]).toMatchObject([422, [{ path: 'url' }]]);
  });

  test('that leads to opsforge itself is refused', async () => {
    const url = `${service.url}/api/v1/webhooks`;
    const { status, body } = await client.post('/api/v1/endpoints', { url });
    expect(status).toBe(422);
    expect(JSON.stringify(body['errors'])).toContain('opsforge itself');
  });

  test('that was saved while its range was open is refused when something is sent', async () => {
    const held = await startRawReceiver(bad.emptyBody);
    raw.push(held);
    const id = await endpointFor(held.url, 'closed.later');
    expect(await service.stop()).toBe(0);
    const { dataDir } = service;
    const env = { OPSFORGE_ALLOWED_CIDRS: '', PORT: new URL(service.url).port };
    service = await startService({ dataDir, env });
    await client.send('closed.later', {});
    expect(await onlyAttempt(id)).toMatchObject({
      status: 'failed',
      error: { code: 'address_forbidden' },
    });
    expect(held.connections()).toBe(0);
  });
});
