/**
 * `opsforge listen`, from a folder of its own against an opsforge that may reach no private
 * address: what comes is forwarded as to any receiver, and nothing is left behind.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import {
  cleanUp,
  eventually,
  launch,
  makeFolder,
  run,
  type Service,
  type Started,
  startService,
} from '../support/binary.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { bootstrapClient, type Client } from '../support/service-client.ts';

const payload = '{"n":12345678901234567890,"e":"\\u00e9 é"}';
const noPrivateAddresses = { OPSFORGE_ALLOWED_CIDRS: '' };

let service: Service;
let client: Client;
beforeAll(async () => {
  service = await startService({ env: noPrivateAddresses });
  client = await bootstrapClient(service);
});
afterAll(cleanUp);

type Listening = Started & { secret: string };

async function listen(forward: string, ...more: string[]): Promise<Listening> {
  const dataDir = join(makeFolder(), 'data');
  const args = ['listen', '--url', service.url, '--api-key', client.apiKey, '--forward', forward];
  const started = await launch({ args: [...args, ...more], dataDir });
  const secret = await eventually('it listens', () => {
    return /The signing secret is (whsec_\S+)\n/.exec(started.stderr())?.[1] ?? null;
  });
  return { ...started, secret };
}

const post = (type: string) =>
  client.post('/api/v1/webhooks', `{"type":"${type}","payload":${payload}}`);

const lineOf = (listening: Started, words: string) =>
  eventually(`a line with ${words}`, () => {
    const lines = listening.stdout().split('\n').slice(0, -1);
    return lines.find((line) => line.includes(words)) ?? null;
  });

async function endpoints() {
  return (await client.get('/api/v1/endpoints')).body['data'];
}

async function deliveryOf(eventId: unknown) {
  const [delivery] = await client.deliveries(`eventId=${eventId}`);
  return delivery ?? {};
}

describe('opsforge listen', () => {
  test('forwards what its types name, byte for byte and signed, and says so', async () => {
    const receiver = startReceiver(() => new Response('thanks'));
    const url = `${receiver.url}/hooks?from=opsforge`;
    const listening = await listen(url, '--types', 'invoice.*,customer.**', '--types', 'ping');
    expect(await endpoints()).toMatchObject([
      { eventTypes: ['invoice.*', 'customer.**', 'ping'], statusReason: 'listening' },
    ]);
    await post('order.made');
    const { body } = await post('invoice.paid');
    const [received] = await receiver.waitFor(1);
    expect(received?.body.toString()).toBe(payload);
    expect(received).toMatchObject({ method: 'POST', path: '/hooks?from=opsforge' });
    expect(received?.headers).toMatchObject({
      ...{ 'webhook-id': String(body['id']), 'opsforge-attempt': '1', 'opsforge-hops': '1' },
      ...{ 'content-type': 'application/json' },
    });
    const headers = received?.headers ?? {};
    expect(headers['user-agent']).toMatch(/^opsforge\/\d/);
    const webhook = new Webhook(listening.secret);
    expect(webhook.verify(received?.body.toString() ?? '', headers)).toEqual(JSON.parse(payload));
    expect(() => webhook.verify(`${payload} `, headers)).toThrow();

    const line = await lineOf(listening, String(body['id']));
    expect(line).toMatch(/^\d{4}-\S+Z {2}invoice\.paid {2}\S+ {2}200 in \d+ ms$/);
    const [delivery] = await client.settled(`eventId=${body['id']}`, 1);
    expect(delivery).toMatchObject({ status: 'delivered', lastStatusCode: 200 });
    expect(delivery?.['id']).toBe(headers['opsforge-delivery-id']);
    expect(await client.attempts(delivery?.['id'])).toMatchObject([
      { outcome: 'delivered', responseBody: 'thanks', remoteAddress: '127.0.0.1' },
    ]);
    expect(receiver.requests).toHaveLength(1);
    await end(listening, receiver);
  });

  test('says that nobody is there, and goes on when somebody is', async () => {
    const first = startReceiver();
    await first.stop();
    const listening = await listen(first.url);
    const { body } = await post('invoice.paid');
    const line = await lineOf(listening, String(body['id']));
    expect(line).toMatch(/ {2}connection_refused in \d+ ms \(.+\), attempt 1: again at \S+Z$/);
    const delivery = await deliveryOf(body['id']);
    expect(delivery).toMatchObject({ status: 'pending', attempts: 1 });

    const receiver = startReceiver(undefined, { port: first.port });
    await client.post(`/api/v1/deliveries/${delivery['id']}/retry`, {});
    const [received] = await receiver.waitFor(1);
    expect(received?.headers['opsforge-attempt']).toBe('2');
    await lineOf(listening, '204 in');
    expect(await deliveryOf(body['id'])).toMatchObject({ status: 'delivered', attempts: 2 });
    await end(listening, receiver);
  });

  test('leaves nothing behind, whatever was under way', async () => {
    const receiver = startReceiver(() => new Promise(() => {}));
    const listening = await listen(receiver.url);
    const { body } = await post('invoice.paid');
    await receiver.waitFor(1);
    await end(listening, receiver);
    expect(await deliveryOf(body['id'])).toMatchObject({
      ...{ status: 'cancelled', reason: 'endpoint_deleted', attempts: 0 },
    });
  });

  test('waits for an opsforge that is away, and goes on with the same endpoint', async () => {
    const receiver = startReceiver();
    const listening = await listen(receiver.url);
    const { url, dataDir } = service;
    expect(await service.stop()).toBe(0);
    await eventually('it is missed', () => /does not answer/.exec(listening.stderr()));
    const env = { ...noPrivateAddresses, PORT: new URL(url).port };
    service = await startService({ dataDir, env });
    await eventually('it is heard again', () => /answers again/.exec(listening.stderr()));
    await post('invoice.paid');
    await receiver.waitFor(1);
    await end(listening, receiver);
  });

  test('ends when its endpoint is no listener any more', async () => {
    const receiver = startReceiver(() => new Response(null, { status: 410 }));
    const listening = await listen(receiver.url);
    await post('invoice.paid');
    expect(await listening.exited).toBe(1);
    expect(listening.stdout()).toMatch(/ 410 in \d+ ms, attempt 1: failed, no more attempts\n$/);
    expect(listening.stderr().trimEnd().split('\n').at(-1)).toContain('disabled (gone)');
    expect(await endpoints()).toEqual([]);
    await receiver.stop();
  });

  test('names the remedy for a wrong key, address or flag', async () => {
    const to = ['--forward', 'http://127.0.0.1:9'];
    const key = ['--api-key', client.apiKey];
    const ended = await Promise.all([
      run(['listen', '--url', service.url, '--api-key', 'ofk_wrong', ...to]),
      run(['listen', '--url', `${service.url}/elsewhere`, ...key, ...to]),
      run(['listen', '--url', service.url, ...key]),
      run(['listen', '--url', service.url, ...key, '--forward', 'localhost:9']),
      run(['listen', '--url', service.url, ...key, ...to, '--types', 'in voice']),
    ]);
    const words = ['opsforge bootstrap', 'Check --url', 'needs --forward', '--forward', '--types'];
    expect(ended.map(({ code }) => code)).toEqual([1, 1, 2, 2, 2]);
    for (const [index, { lastLine, stdout }] of ended.entries()) {
      expect(stdout).toBe('');
      expect(lastLine).toContain(words[index] ?? '');
    }
  });
});

/** As Ctrl-C does it. */
async function end(listening: Listening, receiver: Receiver): Promise<void> {
  listening.signalGroup('SIGINT');
  expect(await listening.exited).toBe(0);
  expect(await endpoints()).toEqual([]);
  expect(existsSync(listening.dataDir)).toBe(false);
  await receiver.stop();
}
