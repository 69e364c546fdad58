/**
 * The transport that tells every phase: a connection of its own to a vetted address, then node:http
 * over it. Also the one that speaks through the operator's proxy.
 */
import http from 'node:http';
import type net from 'node:net';
import { createBodyCollector, createHeaderCollector, headersBytesMax } from './bounded-answer.ts';
import { type Answer, type Exchange, ExchangeFailure, msSince } from './exchange.ts';
import { type OutboundProxy, openConnection } from './open-connection.ts';

/** 100, 102 and 103 are legal before the answer; a stream of them is not an answer. */
const interimAnswersMax = 16;

/** @throws the socket's or parser's error, or ExchangeFailure */
export async function sendByNode(
  exchange: Exchange,
  options: { proxy: OutboundProxy | null; tlsCa: string | undefined },
): Promise<Answer> {
  const socket = await openConnection(exchange, options);
  exchange.phase = 'answer';
  try {
    return await exchangeOver(socket, exchange);
  } finally {
    socket.destroy();
  }
}

function exchangeOver(socket: net.Socket, exchange: Exchange): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    const sentMs = performance.now();
    const request = http.request({
      createConnection: () => socket,
      method: exchange.method,
      path: exchange.target.path,
      headers: requestHeaders(exchange),
      setHost: false,
      maxHeaderSize: headersBytesMax,
    });
    const onAbort = () => fail(exchange.signal.reason);
    const settle = (act: () => void) => {
      exchange.signal.removeEventListener('abort', onAbort);
      act();
      request.destroy();
    };
    const fail = (error: unknown) => settle(() => reject(error));
    exchange.signal.addEventListener('abort', onAbort, { once: true });
    // Stays attached: errors that come after the end are of no interest, but must have a listener.
    request.on('error', fail);
    let interim = 0;
    request.on('information', () => {
      interim += 1;
      if (interim > interimAnswersMax) fail(invalidAnswer('sends interim answers without end'));
    });
    request.on('upgrade', () => fail(invalidAnswer('switches to another protocol')));
    request.on('response', (response) => {
      exchange.timings.firstByteMs = msSince(sentMs);
      exchange.statusCode = response.statusCode ?? 0;
      exchange.phase = 'body';
      collect(response, (answer) => settle(() => resolve(answer)), fail);
    });
    request.end(exchange.body ?? undefined);
    if (exchange.signal.aborted) onAbort();
  });
}

function requestHeaders(exchange: Exchange): Record<string, string> {
  const framed = exchange.body !== null || ['POST', 'PUT', 'PATCH'].includes(exchange.method);
  if (!framed) return exchange.headers;
  return { ...exchange.headers, 'content-length': String(Buffer.byteLength(exchange.body ?? '')) };
}

function invalidAnswer(what: string): ExchangeFailure {
  return new ExchangeFailure('invalid_answer', `The receiver ${what}`);
}

function collect(
  response: http.IncomingMessage,
  done: (answer: Answer) => void,
  fail: (error: unknown) => void,
): void {
  const headers = createHeaderCollector();
  try {
    for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
      headers.add((response.rawHeaders[i] ?? '').toLowerCase(), response.rawHeaders[i + 1] ?? '');
    }
  } catch (error) {
    fail(error);
    return;
  }
  const body = createBodyCollector();
  const finish = () =>
    done({ statusCode: response.statusCode ?? 0, headers: headers.kept, body: body.text() });
  response.on('data', (chunk: Buffer) => {
    if (!body.add(chunk)) finish();
  });
  response.on('end', () => (response.complete ? finish() : fail(cutShort())));
  response.on('error', fail);
}

function cutShort(): Error {
  return Object.assign(new Error('closed'), { code: 'ECONNRESET' });
}
