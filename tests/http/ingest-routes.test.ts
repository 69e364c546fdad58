/** The routes that Bun's router takes before the application is asked. */
import { afterAll, expect, test } from 'bun:test';
import { ingestRoutes } from '../../src/controllers/api/webhooks.ts';
import { AppError } from '../../src/domain/errors.ts';
import { createLog } from '../../src/lib/log.ts';

const observed: unknown[][] = [];
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  routes: ingestRoutes({
    acceptWebhook: async () => Response.json({ took: 'one' }, { status: 202 }),
    async acceptWebhookBatch() {
      throw new AppError('unavailable', 'Too many events wait.', { retryAfterMs: 1_500 });
    },
    log: createLog('silent'),
    publicUrl: () => 'http://localhost:3000',
    httpRequest: (...measured) => void observed.push(measured.slice(0, 3)),
  }),
  fetch: () => new Response('the application'),
});
afterAll(() => server.stop(true));

test('each path has its own handler, with the headers and measures of every answer', async () => {
  const post = (path: string) =>
    fetch(new URL(path, server.url), { method: 'POST', headers: { 'x-request-id': 'mine' } });
  const one = await post('/api/v1/webhooks');
  expect([one.status, await one.json()]).toEqual([202, { took: 'one' }]);
  const batch = await post('/api/v1/webhooks/batch');
  expect([batch.status, batch.headers.get('retry-after')]).toEqual([503, '2']);
  expect(await batch.json()).toMatchObject({ status: 503, instance: 'mine' });
  for (const answer of [one, batch]) {
    expect(answer.headers.get('x-request-id')).toBe('mine');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  }
  expect(observed).toEqual([
    ['POST', '/api/v1/webhooks', 202],
    ['POST', '/api/v1/webhooks/batch', 503],
  ]);
  expect(await (await post('/api/v1/webhooks/other')).text()).toBe('the application');
});
