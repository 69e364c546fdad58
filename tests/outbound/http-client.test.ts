/** One suite over both transports: what a caller gets may not depend on which one carried it. */
import { afterEach, describe, expect, test } from 'bun:test';
import { parseCidr } from '../../src/domain/addresses.ts';
import { createAddressGuard } from '../../src/outbound/address-guard.ts';
import {
  createHttpClient,
  type HttpClient,
  type OutboundRequest,
  type OutboundResult,
} from '../../src/outbound/http-client.ts';
import { bad, type RawReceiver, startRawReceiver } from '../support/bad-receivers.ts';
import {
  authority,
  expired,
  forGoodTest,
  forLoopback,
  selfSigned,
} from '../support/certificates.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

const loopback = parseCidr('127.0.0.0/8');
const stops: (() => Promise<void>)[] = [];

/** Names resolve to what the test says, `good.test` and all others to 127.0.0.1. */
function startClient(options: { names?: Record<string, string[]>; maxInFlight?: number } = {}) {
  const guard = createAddressGuard({
    allowed: loopback === null ? [] : [loopback],
    resolve: async (host) => options.names?.[host] ?? ['127.0.0.1'],
    ownAddresses: () => null,
    nowMs: () => performance.now(),
  });
  const client = createHttpClient({
    guard,
    maxInFlight: options.maxInFlight ?? 64,
    outboundProxy: null,
    tlsCa: authority,
  });
  stops.push(() => client.close());
  return client;
}

async function raw(behaviour: Parameters<typeof startRawReceiver>[0]): Promise<RawReceiver> {
  const receiver = await startRawReceiver(behaviour);
  stops.push(() => receiver.stop());
  return receiver;
}

function receiving(...args: Parameters<typeof startReceiver>): Receiver {
  const receiver = startReceiver(...args);
  stops.push(() => receiver.stop());
  return receiver;
}

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function errorOf(result: OutboundResult) {
  if (result.kind !== 'error') throw new Error(`answered ${result.statusCode}`);
  return result.error;
}

describe.each([
  ['fetch', false],
  ['node', true],
])('by %s', (_, phases) => {
  function post(client: HttpClient, url: string, more: Partial<OutboundRequest> = {}) {
    return client.send({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', 'webhook-id': '0191' },
      body: '{"a":1}',
      timeoutMs: 5_000,
      phases,
      ...more,
    });
  }

  /** To a raw receiver, with a deadline that is short enough to wait for. */
  async function postTo(
    behaviour: Parameters<typeof startRawReceiver>[0],
    more: Partial<OutboundRequest> = {},
  ) {
    const receiver = await raw(behaviour);
    const result = await post(startClient(), receiver.url, { timeoutMs: 300, ...more });
    return { receiver, result };
  }

  describe('what is sent', () => {
    test('goes out byte for byte, with the name as host, every header there', async () => {
      const receiver = receiving();
      const body = '{"b" : 1e2, "a":"\\u00e9é😀"}';
      const result = await post(startClient(), `http://good.test:${receiver.port}/hook?x=%20y`, {
        body,
      });
      expect(result).toMatchObject({ kind: 'answer', statusCode: 204, remoteAddress: '127.0.0.1' });
      const [request] = receiver.requests;
      expect(request?.method).toBe('POST');
      expect(request?.path).toBe('/hook?x=%20y');
      expect(request?.body.toString()).toBe(body);
      const { connection, ...headers } = request?.headers ?? {};
      expect(connection).toBe(phases ? 'close' : 'keep-alive');
      expect(headers).toEqual({
        accept: '*/*',
        'accept-encoding': 'identity',
        'content-length': String(Buffer.byteLength(body)),
        'content-type': 'application/json',
        host: `good.test:${receiver.port}`,
        'user-agent': 'opsforge',
        'webhook-id': '0191',
      });
    });

    test('headers that frame or route the request are never taken from the caller', async () => {
      const receiver = receiving();
      const headers = {
        Host: 'evil.test',
        'Content-Length': '3',
        Connection: 'x',
        'User-Agent': 'me',
      };
      await post(startClient(), `http://good.test:${receiver.port}/`, { headers, body: 'hello' });
      const [request] = receiver.requests;
      expect(request?.headers['host']).toBe(`good.test:${receiver.port}`);
      expect(request?.headers['user-agent']).toBe('me');
      expect(request?.headers['connection']).toBe(phases ? 'close' : 'keep-alive');
      expect(request?.body.toString()).toBe('hello');
    });

    test.each(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PUT', 'PATCH'] as const)(
      '%s without a body',
      async (method) => {
        const receiver = receiving(() => new Response('hello'));
        const result = await post(startClient(), receiver.url, { method, body: null });
        expect(result).toMatchObject({ statusCode: 200, body: method === 'HEAD' ? '' : 'hello' });
        expect(receiver.requests[0]?.method).toBe(method);
      },
    );

    test('GET with a body, which fetch alone would refuse', async () => {
      const receiver = receiving(({ body }) => new Response(body.toString()));
      const result = await post(startClient(), receiver.url, { method: 'GET', body: 'q' });
      expect(result).toMatchObject({ statusCode: 200 });
    });

    test('a header value that HTTP cannot carry is an error, not a crash', async () => {
      const { receiver, result } = await postTo(bad.noContent, {
        headers: { 'x-a': 'b\r\nx-c: d' },
      });
      expect(errorOf(result).code).toBe('connection_failed');
      await receiver.allClosed();
    });
  });

  describe('answers', () => {
    test('status, headers and body come back, with the times that can be told', async () => {
      const receiver = receiving(
        () => new Response('thank you', { status: 201, headers: { 'X-Some': 'Thing' } }),
      );
      const result = await post(startClient(), receiver.url);
      expect(result).toMatchObject({ kind: 'answer', statusCode: 201, body: 'thank you' });
      expect(result.kind === 'answer' && result.headers['x-some']).toBe('Thing');
      const { dnsMs, connectMs, tlsMs, firstByteMs } = result.timings;
      expect(dnsMs).toBeGreaterThanOrEqual(0);
      expect(firstByteMs).toBeGreaterThan(0);
      expect(connectMs === null).toBe(!phases);
      expect(tlsMs).toBeNull();
      expect(Number.isInteger(result.durationMs)).toBe(true);
    });

    test.each([
      ['noContent', 204, ''],
      ['emptyBody', 200, ''],
      ['notModified', 304, ''],
      ['untilClose', 200, 'until close'],
      ['continueFirst', 200, 'ok'],
      ['earlyHints', 200, 'ok'],
      ['trailers', 200, 'ok'],
      ['answerFirst', 200, 'ok'],
    ] as const)('%s is an answer', async (name, statusCode, body) => {
      const { result } = await postTo(bad[name], { timeoutMs: 3_000 });
      expect(result).toMatchObject({ kind: 'answer', statusCode, body });
    });

    test('an answer that comes before a large request is read counts', async () => {
      const { result } = await postTo(bad.answerFirst, {
        body: 'x'.repeat(1_000_000),
        timeoutMs: 3_000,
      });
      expect(result).toMatchObject({ kind: 'answer', statusCode: 200, body: 'ok' });
    });

    test('a redirect to a forbidden address is an answer and is not followed', async () => {
      const { result } = await postTo(bad.redirect);
      expect(result).toMatchObject({
        kind: 'answer',
        statusCode: 301,
        headers: { location: 'http://169.254.169.254/' },
      });
    });

    test('what is not UTF-8 and U+0000 become U+FFFD, which PostgreSQL takes', async () => {
      const { result } = await postTo(bad.oddBytes);
      expect(result).toMatchObject({ body: 'A\ufffd\ufffdéB', headers: { 'x-latin': 'café' } });
    });

    test.each(['hugeBody', 'hugeChunked'] as const)(
      '%s: 16 KiB are kept, little more is read, it is an answer',
      async (name) => {
        const { receiver, result } = await postTo(bad[name], { timeoutMs: 3_000 });
        expect(result).toMatchObject({ kind: 'answer', statusCode: 200 });
        expect(result.kind === 'answer' && result.body).toMatch(/^a{16384}$/);
        await receiver.allClosed();
        // Socket buffers of the system take some; a gigabyte they do not.
        expect(receiver.bytesWritten()).toBeLessThan(32 * 1024 * 1024);
      },
    );

    test('a body of exactly 64 KiB is read whole, and cut between characters', async () => {
      const receiver = receiving(() => new Response(`a${'é'.repeat(32_767)}b`));
      const result = await post(startClient(), receiver.url);
      expect(result.kind === 'answer' && result.body).toBe(`a${'é'.repeat(8_191)}`);
    });

    test('a header called __proto__ is one like any other', async () => {
      const { result } = await postTo(bad.protoHeader);
      const headers = result.kind === 'answer' ? Object.entries(result.headers) : [];
      expect(headers).toContainEqual(['__proto__', 'polluted']);
    });

    test('a gzip bomb is never unpacked', async () => {
      const { result } = await postTo(bad.gzipBomb, { timeoutMs: 3_000 });
      expect(result).toMatchObject({
        kind: 'answer',
        statusCode: 200,
        headers: { 'content-encoding': 'gzip' },
      });
      const body = result.kind === 'answer' ? result.body : '';
      expect(body).toStartWith('\x1f\ufffd');
      expect(body.length).toBeLessThanOrEqual(16 * 1024);
    });

    test('of many headers 64 are kept, of long ones 4 KiB each, 16 KiB in all', async () => {
      const { result: many } = await postTo(bad.sixtyFiveHeaders);
      expect(many.kind === 'answer' && Object.keys(many.headers)).toHaveLength(64);
      const receiver = receiving(
        () =>
          new Response('', {
            headers: Object.fromEntries([1, 2, 3, 4, 5].map((i) => [`x-${i}`, 'v'.repeat(6_000)])),
          }),
      );
      const long = await post(startClient(), receiver.url);
      const values = long.kind === 'answer' ? Object.values(long.headers) : [];
      expect(Math.max(...values.map((value) => value.length))).toBe(4096);
      expect(values.join('').length).toBeLessThanOrEqual(16 * 1024);
    });
  });

  describe('the deadline', () => {
    test('a receiver that never answers', async () => {
      const { receiver, result } = await postTo(bad.hang);
      expect(result).toMatchObject({ statusCode: null, remoteAddress: '127.0.0.1' });
      expect(errorOf(result)).toEqual({ code: 'timeout', message: 'No answer within 300 ms' });
      expect(result.durationMs).toBeGreaterThanOrEqual(295);
      expect(result.durationMs).toBeLessThan(1_500);
      await receiver.allClosed();
    });

    test('a head that never ends', async () => {
      const { result } = await postTo(bad.dripHeaders);
      expect(errorOf(result).code).toBe('timeout');
    });

    test.each(['dripChunked', 'dripWithLength'] as const)(
      '%s: a body that never ends keeps its status',
      async (name) => {
        const { receiver, result } = await postTo(bad[name]);
        expect(result).toMatchObject({ kind: 'error', statusCode: 200 });
        expect(errorOf(result)).toEqual({
          code: 'timeout',
          message: 'The answer (status 200) did not end within 300 ms',
        });
        await receiver.allClosed();
      },
    );

    test('a name that is never resolved', async () => {
      const guard = createAddressGuard({
        allowed: [],
        resolve: () => new Promise(() => {}),
        ownAddresses: () => null,
        nowMs: () => performance.now(),
      });
      const client = createHttpClient({ guard, maxInFlight: 1, outboundProxy: null });
      stops.push(() => client.close());
      const result = await post(client, 'http://slow.test/', { timeoutMs: 100 });
      expect(errorOf(result)).toEqual({
        code: 'timeout',
        message: 'slow.test was not resolved within 100 ms',
      });
    });

    test('does not run while the request waits for its turn', async () => {
      const client = startClient({ maxInFlight: 1 });
      const hanging = await raw(bad.hang);
      const receiver = receiving();
      const results = await Promise.all([
        post(client, hanging.url, { timeoutMs: 700 }),
        post(client, receiver.url, { timeoutMs: 500 }),
      ]);
      expect(errorOf(results[0]).code).toBe('timeout');
      expect(results[1]).toMatchObject({ kind: 'answer', statusCode: 204 });
      expect(results[1].durationMs).toBeLessThan(500);
    });

    test('an abort ends it at once, before and while it is sent', async () => {
      const hanging = await raw(bad.hang);
      const client = startClient({ maxInFlight: 1 });
      const stop = new AbortController();
      const running = post(client, hanging.url, { signal: stop.signal });
      const waiting = post(client, hanging.url, { signal: stop.signal });
      stop.abort();
      for (const result of await Promise.all([running, waiting])) {
        expect(errorOf(result).code).toBe('aborted');
      }
      expect(errorOf(await post(client, hanging.url, { signal: stop.signal })).code).toBe(
        'aborted',
      );
    });
  });

  describe('connections that fail', () => {
    test.each([
      ['resetBeforeAnswer', null, 'before it answered'],
      ['endBeforeAnswer', null, 'before it answered'],
      ['endInBody', 200, 'before the answer ended'],
      ['endInChunk', 200, 'before the answer ended'],
    ] as const)('%s', async (name, statusCode, words) => {
      const { receiver, result } = await postTo(bad[name]);
      expect(result).toMatchObject({ kind: 'error', statusCode });
      expect(errorOf(result)).toEqual({
        code: 'connection_reset',
        message: `127.0.0.1:${receiver.port} closed the connection ${words}`,
      });
    });

    test('resetInBody', async () => {
      const { result } = await postTo(bad.resetInBody);
      expect(errorOf(result).code).toBe('connection_reset');
    });

    test.each([
      'notHttp',
      'badStatus',
      'badChunk',
      'nulInHeader',
      'twoLengths',
      'lengthAndChunks',
      'switchProtocols',
      'manyHeaders',
      'longHeader',
      'endlessHeaders',
      'endlessHeader',
    ] as const)('%s is no answer', async (name) => {
      const { receiver, result } = await postTo(bad[name], { timeoutMs: 3_000 });
      expect(errorOf(result).code).toBe('invalid_answer');
      await receiver.allClosed();
      expect(receiver.bytesWritten()).toBeLessThan(32 * 1024 * 1024);
    });

    test('interim answers without end never become one', async () => {
      const { receiver, result } = await postTo(bad.interimForEver, { timeoutMs: 600 });
      // Bun's fetch passes over them in silence, so there only the deadline ends it.
      expect(errorOf(result).code).toBe(phases ? 'invalid_answer' : 'timeout');
      await receiver.allClosed();
    });

    test('a port where nobody listens', async () => {
      const receiver = receiving();
      await receiver.stop();
      const result = await post(startClient(), receiver.url);
      expect(errorOf(result)).toEqual({
        code: 'connection_refused',
        message: `Connection refused by 127.0.0.1:${receiver.port}`,
      });
      expect(result.remoteAddress).toBe('127.0.0.1');
    });

    test('the next address is tried when the first refuses, and is the one named', async () => {
      const receiver = receiving(undefined, { hostname: '127.0.0.3' });
      const client = startClient({
        names: { 'several.test': ['127.0.0.1', '127.0.0.2', '127.0.0.3'] },
      });
      const result = await post(client, `http://several.test:${receiver.port}/`);
      expect(result).toMatchObject({ kind: 'answer', statusCode: 204, remoteAddress: '127.0.0.3' });
      expect(receiver.requests).toHaveLength(1);
    });

    test('no more than three addresses are tried', async () => {
      const receiver = receiving(undefined, { hostname: '127.0.0.4' });
      const client = startClient({
        names: { 'several.test': ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'] },
      });
      const result = await post(client, `http://several.test:${receiver.port}/`);
      expect(errorOf(result).code).toBe('connection_refused');
    });

    test('a forbidden address is refused when sending, whatever was saved', async () => {
      const client = startClient({ names: { 'evil.test': ['127.0.0.1', '169.254.169.254'] } });
      const result = await post(client, 'http://evil.test/');
      expect(errorOf(result)).toMatchObject({ code: 'address_forbidden' });
      expect(result.remoteAddress).toBeNull();
      expect(errorOf(await post(client, 'file:///etc/passwd')).code).toBe('address_forbidden');
    });
  });

  describe('TLS', () => {
    const secured = (tls: { key: string; cert: string }) =>
      receiving(() => new Response('ok'), { tls });

    test('a certificate for the name is taken, connected by the address', async () => {
      const receiver = secured(forGoodTest);
      const result = await post(startClient(), `https://good.test:${receiver.port}/`);
      expect(result).toMatchObject({ kind: 'answer', body: 'ok', remoteAddress: '127.0.0.1' });
      expect(result.timings.tlsMs === null).toBe(!phases);
    });

    test('a certificate for the address is taken when the URL names the address', async () => {
      const receiver = secured(forLoopback);
      expect(await post(startClient(), receiver.url)).toMatchObject({ kind: 'answer', body: 'ok' });
    });

    test.each([
      ['another name', 'other.test', forGoodTest, 'is for good.test, not for other.test'],
      ['a name, not the address', '127.0.0.1', forGoodTest, 'is for good.test, not for 127.0.0.1'],
      ['the past', 'good.test', expired, 'of good.test expired on 2020-02-01'],
      ['the right name, self-signed,', 'good.test', selfSigned, 'of good.test is self-signed'],
    ] as const)('a certificate for %s at %s is refused and nothing is sent', async (...row) => {
      const [, host, certificate, words] = row;
      const receiver = secured(certificate);
      const result = await post(startClient(), `https://${host}:${receiver.port}/`);
      expect(errorOf(result)).toEqual({ code: 'tls_failed', message: `The certificate ${words}` });
      expect(receiver.requests).toEqual([]);
    });

    test('a kept connection of one name does not serve another name there', async () => {
      const receiver = secured(forGoodTest);
      const client = startClient();
      const statuses: string[] = [];
      for (const host of ['good.test', 'other.test', 'good.test', 'other.test']) {
        statuses.push((await post(client, `https://${host}:${receiver.port}/`)).kind);
      }
      expect(statuses).toEqual(['answer', 'error', 'answer', 'error']);
      expect(receiver.requests).toHaveLength(2);
    });

    test('a port that does not speak TLS', async () => {
      const receiver = receiving();
      const result = await post(startClient(), `https://good.test:${receiver.port}/`);
      expect(errorOf(result)).toMatchObject({ code: 'tls_failed' });
      expect(errorOf(result).message).toContain('does not speak TLS');
    });

    test('a handshake that hangs ends with the deadline', async () => {
      const hanging = await raw((socket) => socket.resume());
      const result = await post(startClient(), `https://good.test:${hanging.port}/`, {
        timeoutMs: 300,
      });
      expect(errorOf(result).code).toBe('timeout');
      await hanging.allClosed();
    });
  });

  test('no more than maxInFlight run at once, however many wait, time and again', async () => {
    const client = startClient({ maxInFlight: 3 });
    for (const wave of ['first', 'second']) {
      const gate = Promise.withResolvers<void>();
      let atOnce = 0;
      let atOnceMax = 0;
      const receiver = receiving(async () => {
        atOnce += 1;
        atOnceMax = Math.max(atOnceMax, atOnce);
        await gate.promise;
        atOnce -= 1;
        return new Response('ok');
      });
      const sent = Array.from({ length: 20 }, () => post(client, receiver.url));
      await receiver.waitFor(3);
      // A fourth would have come along with this one, which waits for nobody.
      await post(startClient(), receiving().url);
      expect([wave, receiver.requests.length]).toEqual([wave, 3]);
      gate.resolve();
      for (const result of await Promise.all(sent)) expect(result.kind).toBe('answer');
      expect([wave, atOnceMax]).toEqual([wave, 3]);
    }
  });

  test('300 hanging receivers do not make a healthy one time out', async () => {
    const hanging = await raw(bad.hang);
    const healthy = receiving();
    const client = startClient({ maxInFlight: 200 });
    const hung = Array.from({ length: 300 }, () => post(client, hanging.url, { timeoutMs: 1_000 }));
    const well = await post(client, healthy.url, { timeoutMs: 900 });
    expect(well).toMatchObject({ kind: 'answer', statusCode: 204 });
    for (const result of await Promise.all(hung)) expect(errorOf(result).code).toBe('timeout');
  });

  test('close stops what runs and waits, refuses what comes, leaves no connection', async () => {
    const hanging = await raw(bad.hang);
    const client = startClient({ maxInFlight: 2 });
    const sent = Array.from({ length: 4 }, () => post(client, hanging.url));
    await client.close();
    for (const result of await Promise.all(sent)) expect(errorOf(result).code).toBe('aborted');
    expect(errorOf(await post(client, hanging.url)).code).toBe('aborted');
    await hanging.allClosed();
  });

  test('close waits for what is still running', async () => {
    const vetting = Promise.withResolvers<{ addresses: string[]; dnsMs: number }>();
    const client = createHttpClient({
      guard: { vet: () => vetting.promise },
      maxInFlight: 1,
      outboundProxy: null,
    });
    const sent = post(client, 'http://good.test/');
    let closed = false;
    const closing = client.close().then(() => {
      closed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(false);
    vetting.resolve({ addresses: [], dnsMs: 0 });
    await closing;
    expect(errorOf(await sent).code).toBe('aborted');
  });

  test('close closes the connections that were kept for later', async () => {
    const receiver = await raw(bad.keepAlive);
    const client = startClient();
    expect(await post(client, receiver.url)).toMatchObject({ kind: 'answer', body: 'ok' });
    await client.close();
    await receiver.allClosed();
  });
});
