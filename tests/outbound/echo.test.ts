/** The built-in echo: answered here, with a bounded body, and nobody else's request is. */
import { expect, test } from 'bun:test';
import { echoUrl } from '../../src/domain/echo.ts';
import { withEcho } from '../../src/outbound/echo.ts';
import type { OutboundRequest, OutboundResult } from '../../src/outbound/exchange.ts';

const sent: string[] = [];
const send = withEcho((request) => {
  sent.push(request.url);
  return Promise.resolve<OutboundResult>({
    kind: 'error',
    ...{ error: { code: 'connection_refused', message: 'sent on' }, statusCode: null },
    timings: { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null },
    ...{ durationMs: 0, remoteAddress: null },
  });
});
const request = (url: string, body: string): OutboundRequest => ({
  ...{ method: 'POST', url, body, timeoutMs: 1_000, phases: false },
  headers: { 'content-type': 'application/json' },
});

test('the echo answers 200 with what it got, and no request leaves', async () => {
  const answer = await send(request(echoUrl, '{"a":1}'));
  expect(answer).toMatchObject({ kind: 'answer', statusCode: 200, body: '{"a":1}' });
  expect(sent).toEqual([]);
});

test('the echo keeps no more of a body than is kept of any answer', async () => {
  const answer = await send(request(echoUrl, 'x'.repeat(100_000)));
  expect(answer.kind === 'answer' && answer.body.length).toBe(16_384);
});

test.each(['http://echo.invalid.example.com/', 'http://example.com/?echo.invalid', 'nonsense'])(
  'a request to %s is sent as ever',
  async (url) => {
    expect((await send(request(url, ''))).kind).toBe('error');
    expect(sent.splice(0)).toEqual([url]);
  },
);
