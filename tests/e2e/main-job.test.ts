/** The main job, end to end: one file in an empty folder; an event in, its bytes out, signed. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { secretBytes, verifySignature } from '../../src/domain/signature.ts';
import { cleanUp, eventually, makeFolder, type Service, startService } from '../support/binary.ts';
import { type ReceivedRequest, type Receiver, startReceiver } from '../support/receiver.ts';
import {
  askDatabase,
  bootstrapClient,
  type Client,
  readMetric,
} from '../support/service-client.ts';
import { findTestTool } from '../support/test-tools.ts';

/** Each of these changes when a parser and a serializer lie between the ways in and out. */
const payload = '{"n":12345678901234567890,"x":1.0,"e":"\\u00e9"}';
const secretWord = 'hushhush';
const promtool = findTestTool('promtool');

let receiver: Receiver;
let proxy: Receiver;
let service: Service;
let client: Client;
let endpoint: { id: string; secret: string };
let eventId: string;
let received: ReceivedRequest;

beforeAll(async () => {
  receiver = startReceiver();
  proxy = startReceiver();
  const cwd = makeFolder();
  // Were it read, the service would listen elsewhere, or not start for the last line.
  await Bun.write(join(cwd, '.env'), 'METRICS_TOKEN=from-dot-env\nLOG_LEVEL=nonsense\n');
  const proxies = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY'];
  service = await startService({
    cwd,
    dataDir: join(cwd, 'data'),
    env: {
      LOG_LEVEL: 'trace',
      ...Object.fromEntries(proxies.map((name) => [name, proxy.url])),
    },
  });
  client = await bootstrapClient(service);
  endpoint = await client.endpoint(receiver.url, { headers: { 'x-own': secretWord } });
  const body = `{"type":"invoice.paid","payload":${payload},"metadata":{"note":"${secretWord}"}}`;
  const answer = await client.post('/api/v1/webhooks', body);
  expect(answer.status).toBe(202);
  expect(answer.body).toMatchObject({ deliveries: 1, duplicate: false, type: 'invoice.paid' });
  eventId = String(answer.body['id']);
  const [first] = await receiver.waitFor(1);
  if (first === undefined) throw new Error('nothing was received');
  received = first;
});

afterAll(async () => {
  await receiver.stop();
  await proxy.stop();
  await cleanUp();
});

describe('an event of an installation that was just started', () => {
  test('reaches the receiver byte for byte', () => {
    expect(received.body.toString('latin1')).toBe(payload);
    expect(received.method).toBe('POST');
    expect(received.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': eventId,
      'opsforge-attempt': '1',
      'opsforge-hops': '1',
      'x-own': secretWord,
    });
    expect(received.headers['user-agent']).toMatch(/^opsforge\/\d+\.\d+\.\d+/);
  });

  test('bears a signature that the libraries of Standard Webhooks and of Svix accept', () => {
    const body = received.body.toString();
    const named = (prefix: string) =>
      Object.fromEntries(
        ['id', 'timestamp', 'signature'].map((name) => [
          `${prefix}-${name}`,
          received.headers[`webhook-${name}`] ?? '',
        ]),
      );
    const standard = new StandardWebhook(endpoint.secret);
    const svix = new SvixWebhook(endpoint.secret);
    expect(standard.verify(body, named('webhook'))).toEqual(JSON.parse(payload));
    expect(() => standard.verify(`${body} `, named('webhook'))).toThrow();
    for (const prefix of ['webhook', 'svix']) {
      expect(() => svix.verify(body, named(prefix))).not.toThrow();
      expect(() => svix.verify(`${body} `, named(prefix))).toThrow();
    }
    const ours = (text: string) =>
      verifySignature({
        id: received.headers['webhook-id'] ?? null,
        timestamp: received.headers['webhook-timestamp'] ?? null,
        signature: received.headers['webhook-signature'] ?? null,
        body: text,
        keys: [secretBytes(endpoint.secret)],
        nowSeconds: Date.now() / 1_000,
      });
    expect(ours(body)).toEqual({ ok: true });
    expect(ours(`${body} `)).toEqual({ ok: false, reason: 'no_match' });
  });

  test('is told alike by its event, its delivery, its attempt and the metrics', async () => {
    const [delivery] = await client.settled(`eventId=${eventId}`, 1);
    expect(delivery).toMatchObject({
      id: received.headers['opsforge-delivery-id'],
      eventId,
      eventType: 'invoice.paid',
      endpointId: endpoint.id,
      status: 'delivered',
      attempts: 1,
      lastStatusCode: 204,
      lastError: null,
      nextAttemptAt: null,
    });
    expect(await client.attempts(delivery?.['id'])).toMatchObject([
      {
        attempt: 1,
        outcome: 'delivered',
        statusCode: 204,
        error: null,
        remoteAddress: '127.0.0.1',
      },
    ]);
    const event = await client.get(`/api/v1/events/${eventId}`);
    expect(event.body).toMatchObject({
      type: 'invoice.paid',
      metadata: { note: secretWord },
      deliveries: { pending: 0, delivered: 1, failed: 0, cancelled: 0 },
    });
    expect(await readMetric(service.url, 'webhook_events_accepted_total')).toBe(1);
    const attempts = 'webhook_delivery_attempts_total{outcome="delivered"}';
    expect(await readMetric(service.url, attempts)).toBe(1);
    const latency = `event_delivery_latency_seconds_count{endpoint_id="${endpoint.id}",status="delivered"}`;
    expect(await readMetric(service.url, latency)).toBe(1);
    expect(await readMetric(service.url, 'worker_shards_led')).toBe(64);
  });

  test('keeps its bytes in the answer of the events API', async () => {
    const response = await fetch(new URL(`/api/v1/events/${eventId}`, service.url), {
      headers: { authorization: `Bearer ${client.apiKey}` },
    });
    expect(await response.text()).toContain(`"payload":${payload}`);
  });
});

describe('the service around it', () => {
  test('answers its probes, with no .env read and no proxy of the environment used', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/swagger/json']) {
      expect([path, (await fetch(new URL(path, service.url))).status]).toEqual([path, 200]);
    }
    expect(proxy.requests).toEqual([]);
  });

  test('keeps its key and its pid in the data folder, readable by nobody else', () => {
    const mode = (name: string) => statSync(join(service.dataDir, name)).mode & 0o777;
    expect(mode('secret.key')).toBe(0o600);
    expect(mode('embedded.json')).toBe(0o600);
    expect(readFileSync(join(service.dataDir, 'opsforge.pid'), 'utf8')).toBe(`${service.pid}\n`);
    expect(readdirSync(join(service.dataDir, '..')).sort()).toEqual(['.env', 'data']);
  });

  test('stores the endpoint’s secret and headers encrypted', async () => {
    const { adminPassword } = await Bun.file(join(service.dataDir, 'embedded.json')).json();
    const host = encodeURIComponent(join(service.dataDir, 'postgres'));
    const url = `postgresql://opsforge:${adminPassword}@/opsforge?host=${host}&port=5432`;
    const [row] = await askDatabase(
      url,
      'select e::text || s::text as text from endpoints e, endpoint_secrets s',
    );
    const text = String(row?.['text']);
    const hex = (value: string) => Buffer.from(value).toString('hex');
    expect(text).toContain(endpoint.id);
    for (const word of [secretWord, endpoint.secret, endpoint.secret.slice('whsec_'.length)]) {
      expect(text).not.toContain(word);
      expect(text).not.toContain(hex(word));
    }
  });

  test.skipIf(promtool === null)(
    'shows metrics that promtool finds no fault with [needs promtool]',
    async () => {
      const text = await (await fetch(new URL('/metrics', service.url))).text();
      const child = Bun.spawn([promtool ?? '', 'check', 'metrics'], {
        stdin: Buffer.from(text),
        stdout: 'pipe',
        stderr: 'pipe',
      });
      const said = (await child.stdout.text()) + (await child.stderr.text());
      expect(said).toBe('');
      expect(await child.exited).toBe(0);
    },
  );

  test('lets a key of another tenant see nothing of this one', async () => {
    const stranger = await bootstrapClient(service, { tenant: 'stranger' });
    expect((await stranger.get(`/api/v1/events/${eventId}`)).status).toBe(404);
    expect(await stranger.deliveries('status=delivered')).toEqual([]);
  });

  test('logs JSON lines without payloads, secrets or keys, also at level trace', async () => {
    // A failure is where texts slip out: an endpoint that is gone, a request that is refused.
    const gone = startReceiver();
    await gone.stop();
    const dead = await client.endpoint(gone.url, { retrySchedule: [], eventTypes: ['dead.end'] });
    await client.send('dead.end', { note: secretWord });
    await client.settled(`endpointId=${dead.id}`, 1);
    await client.post('/api/v1/webhooks', `{"type":"!","payload":"${secretWord}"}`);
    await client.get('/api/v1/events?q=hushhush');
    expect(await service.stop()).toBe(0);
    const log = service.stderr();
    const lines = log.trimEnd().split('\n');
    const ready = lines.findIndex((line) => line.includes('"msg":"ready"'));
    expect(ready).toBeGreaterThan(0);
    const fromReady = lines.slice(ready);
    expect(fromReady.filter((line) => !line.startsWith('{'))).toEqual([]);
    const { adminPassword, servicePassword } = await Bun.file(
      join(service.dataDir, 'embedded.json'),
    ).json();
    const key = readFileSync(join(service.dataDir, 'secret.key'), 'utf8').trim();
    const secret = endpoint.secret.slice('whsec_'.length);
    const words = [secretWord, '12345678901234567890', secret, client.apiKey, key];
    for (const word of [...words, adminPassword, servicePassword]) {
      expect(log).not.toContain(word);
    }
    expect(service.stdout()).toBe('');
    const isPidFileThere = () => existsSync(join(service.dataDir, 'opsforge.pid'));
    await eventually('the pid file is gone', () => (isPidFileThere() ? null : true));
  });
});
