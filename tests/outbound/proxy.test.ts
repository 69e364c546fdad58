/** The operator's proxy is used where it is set, and nothing else is ever taken for one. */
import { afterEach, describe, expect, test } from 'bun:test';
import { parseCidr } from '../../src/domain/addresses.ts';
import { createAddressGuard } from '../../src/outbound/address-guard.ts';
import { createHttpClient } from '../../src/outbound/http-client.ts';
import { bad, startRawReceiver } from '../support/bad-receivers.ts';
import { authority, forGoodTest } from '../support/certificates.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { startReceiver } from '../support/receiver.ts';

const loopback = parseCidr('127.0.0.0/8');
const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function keep<T extends { stop(): Promise<void> }>(thing: T): T {
  stops.push(() => thing.stop());
  return thing;
}

function clientThrough(outboundProxy: string) {
  const client = createHttpClient({
    guard: createAddressGuard({
      allowed: loopback === null ? [] : [loopback],
      resolve: async (host) => (host === 'evil.test' ? ['10.0.0.1'] : ['127.0.0.1']),
      ownAddresses: () => null,
      nowMs: () => performance.now(),
    }),
    maxInFlight: 4,
    outboundProxy,
    tlsCa: authority,
  });
  stops.push(() => client.close());
  return (url: string, phases: boolean, timeoutMs = 3_000) =>
    client.send({ method: 'POST', url, headers: {}, body: 'hello', timeoutMs, phases });
}

describe.each([false, true])('with a proxy, phases %p', (phases) => {
  test('http goes through a tunnel to the judged address, with the name as host', async () => {
    const proxy = keep(await startConnectProxy());
    const receiver = keep(startReceiver());
    const send = clientThrough(proxy.url);
    const result = await send(`http://good.test:${receiver.port}/hook`, phases);
    expect(result).toMatchObject({ kind: 'answer', statusCode: 204, remoteAddress: '127.0.0.1' });
    expect(receiver.requests[0]?.headers['host']).toBe(`good.test:${receiver.port}`);
    expect(receiver.requests[0]?.body.toString()).toBe('hello');
    expect(proxy.heads).toEqual([
      `CONNECT 127.0.0.1:${receiver.port} HTTP/1.1\r\nHost: 127.0.0.1:${receiver.port}\r\n\r\n`,
    ]);
  });

  test('https is verified against the name, end to end', async () => {
    const proxy = keep(await startConnectProxy());
    const receiver = keep(startReceiver(() => new Response('ok'), { tls: forGoodTest }));
    const send = clientThrough(proxy.url);
    expect(await send(`https://good.test:${receiver.port}/`, phases)).toMatchObject({ body: 'ok' });
    expect(await send(`https://other.test:${receiver.port}/`, phases)).toMatchObject({
      error: { code: 'tls_failed' },
    });
    expect(receiver.requests).toHaveLength(1);
  });

  test('the target is judged all the same, before the proxy is asked', async () => {
    const proxy = keep(await startConnectProxy());
    const send = clientThrough(proxy.url);
    expect(await send('http://evil.test/', phases)).toMatchObject({
      error: { code: 'address_forbidden' },
    });
    expect(proxy.heads).toEqual([]);
  });

  test('credentials of the proxy URL go to the proxy and not to the receiver', async () => {
    const proxy = keep(await startConnectProxy());
    const receiver = keep(startReceiver());
    const send = clientThrough(`http://us%40er:p%3Aw@127.0.0.1:${proxy.port}`);
    await send(receiver.url, phases);
    const credentials = Buffer.from('us@er:p:w').toString('base64');
    expect(proxy.heads[0]).toContain(`\r\nProxy-Authorization: Basic ${credentials}\r\n`);
    expect(receiver.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  test("a proxy's refusal is no answer of the receiver", async () => {
    const proxy = keep(await startConnectProxy('HTTP/1.1 403 Forbidden\r\n\r\n'));
    const result = await clientThrough(proxy.url)('http://good.test/', phases);
    expect(result).toMatchObject({
      kind: 'error',
      statusCode: null,
      error: {
        code: 'connection_failed',
        message: 'The outbound proxy refused a connection to 127.0.0.1:80: it answered 403',
      },
    });
  });

  test('bytes that come along with the end of the proxy’s answer are not lost', async () => {
    const both = 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
    const proxy = keep(await startConnectProxy(both));
    const result = await clientThrough(proxy.url)('http://good.test/', phases);
    expect(result).toMatchObject({ kind: 'answer', statusCode: 200, body: 'ok' });
  });

  test('a proxy that is not there, that hangs, or that speaks something else', async () => {
    const gone = await startConnectProxy();
    await gone.stop();
    expect(await clientThrough(gone.url)('http://good.test/', phases)).toMatchObject({
      error: { code: 'connection_refused', message: 'Connection refused by the outbound proxy' },
    });
    const hanging = keep(await startRawReceiver(bad.hang));
    expect(await clientThrough(hanging.url)('http://good.test/', phases, 200)).toMatchObject({
      error: { code: 'timeout', message: 'No connection to the outbound proxy within 200 ms' },
    });
    const odd = keep(await startRawReceiver(bad.notHttp));
    expect(await clientThrough(odd.url)('http://good.test/', phases)).toMatchObject({
      error: { code: 'connection_failed', message: 'The outbound proxy does not speak HTTP' },
    });
  });
});

test('a proxy URL that is not http is refused when the client is made', () => {
  for (const outboundProxy of ['socks5://127.0.0.1:1080', 'proxy.internal:3128', '']) {
    expect(() => clientThrough(outboundProxy)).toThrow('must be an http:// URL');
  }
});

test.each([false, true])('proxies of the environment are ignored, phases %p', async (phases) => {
  const trap = keep(await startRawReceiver(bad.noContent));
  const receiver = keep(startReceiver(() => new Response('direct')));
  const names = [
    'HTTP_PROXY',
    'http_proxy',
    'HTTPS_PROXY',
    'https_proxy',
    'ALL_PROXY',
    'all_proxy',
  ];
  const child = Bun.spawn(
    [
      process.execPath,
      `${import.meta.dir}/../support/send-once.ts`,
      `http://good.test:${receiver.port}/`,
      String(phases),
    ],
    {
      env: {
        PATH: process.env['PATH'],
        ...Object.fromEntries(names.map((name) => [name, trap.url])),
      },
      stdout: 'pipe',
    },
  );
  expect(JSON.parse(await child.stdout.text())).toMatchObject({ kind: 'answer', body: 'direct' });
  expect(await child.exited).toBe(0);
  expect(trap.connections()).toBe(0);
  expect(receiver.requests).toHaveLength(1);
});
