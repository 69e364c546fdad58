/** A body that drips in holds its connection for a while, and no longer. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { readBytes, readText } from '../../src/controllers/api/request-body.ts';
import { ingestRoutes } from '../../src/controllers/api/webhooks.ts';
import { createLog } from '../../src/lib/log.ts';

const timeMsMax = 150;
const bytesMax = 1_000;

/** The plain routes of ingest, each reading a body as all routes do. */
const routes = ingestRoutes({
  acceptWebhook: async (request) => new Response(await readText(request, bytesMax, timeMsMax)),
  acceptWebhookBatch: async (request) =>
    new Response(`${(await readBytes(request, bytesMax, timeMsMax)).length}`),
  httpRequest: () => {},
  publicUrl: () => 'https://opsforge.test',
  log: createLog('silent'),
});

let server: Bun.Server<undefined>;
beforeAll(() => {
  server = Bun.serve({ hostname: '127.0.0.1', port: 0, routes, fetch: () => new Response() });
});
afterAll(() => server.stop(true));

/** Sends so many bytes, one each 20 ms, and answers what came back until the other end closed. */
async function drip(path: string, announced: number, sent: number): Promise<string> {
  const answer: string[] = [];
  const closed = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port: server.port ?? 0,
    socket: {
      data: (_socket, bytes) => void answer.push(bytes.toString()),
      close: () => closed.resolve(),
      error: (_socket, error) => closed.reject(error),
    },
  });
  socket.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${announced}\r\n\r\n`);
  let left = sent;
  const dripping = setInterval(() => {
    if (left > 0) socket.write('x');
    left -= 1;
    if (left === 0 && sent === announced) socket.shutdown();
  }, 20);
  await closed.promise.finally(() => clearInterval(dripping));
  return answer.join('');
}

test.each(['/api/v1/webhooks', '/api/v1/webhooks/batch'])(
  'a body that drips into %s is a 408 after the limit, and its connection is closed',
  async (path) => {
    const startedMs = performance.now();
    const answer = await drip(path, 900, 900);
    const tookMs = performance.now() - startedMs;
    expect(answer).toStartWith('HTTP/1.1 408 ');
    expect(answer).toMatch(/^connection: close\r$/im);
    expect(answer).toContain('urn:opsforge:problem:timed_out');
    expect(tookMs).toBeGreaterThan(timeMsMax - 10);
    // Dripping on, it would have taken 18 s.
    expect(tookMs).toBeLessThan(5_000);
  },
);

test('a body that is slow, but within the limit, is read', async () => {
  const answer = await drip('/api/v1/webhooks', 3, 3);
  expect(answer).toStartWith('HTTP/1.1 200 ');
  expect(answer).toEndWith('\r\n\r\nxxx');
});

test('no other code reads a body', async () => {
  const readings: string[] = [];
  const root = join(import.meta.dir, '../../src/controllers');
  for await (const path of new Bun.Glob('**/*.ts').scan(root)) {
    const text = await Bun.file(join(root, path)).text();
    const found = /request\.(?:json|text|bytes|arrayBuffer|formData|blob|body)\b/.test(text);
    if (found) readings.push(path);
  }
  // delivery.ts: what a delivery has sent, which is not the request that is answered.
  expect(readings.toSorted()).toEqual(['api/request-body.ts', 'pages/delivery.ts']);
});
