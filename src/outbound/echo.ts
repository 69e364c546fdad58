/**
 * Answers for the built-in echo what a receiver that works would: 200 with the body that it got. No
 * connection is made, so nothing of the address guard is loosened for it.
 */
import { isEcho } from '../domain/echo.ts';
import { bodyText } from './bounded-answer.ts';
import type { OutboundRequest, OutboundResult } from './exchange.ts';
import type { HttpClient } from './http-client.ts';

export function withEcho(send: HttpClient['send']): HttpClient['send'] {
  return (request) => (isEcho(request.url) ? Promise.resolve(echoed(request)) : send(request));
}

function echoed({ body, headers }: OutboundRequest): OutboundResult {
  const type = headers['content-type'];
  return {
    kind: 'answer',
    statusCode: 200,
    headers: type === undefined ? {} : { 'content-type': type },
    body: bodyText(Buffer.from(body ?? '')),
    durationMs: 0,
    timings: { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null },
    remoteAddress: 'echo',
  };
}
