/**
 * The way out: one request to one vetted address, one deadline over all of it, no redirect
 * followed, a bounded part of the answer kept. `send` never rejects; whatever happens is a result.
 * At most `maxInFlight` run at once, so that Bun's own limit never queues a request unseen while
 * its deadline runs (fetch takes BUN_CONFIG_MAX_HTTP_REQUESTS at once and queues the rest in
 * silence).
 */
import type { Log } from '../lib/log.ts';
import type { AddressGuard } from './address-guard.ts';
import { Deadline } from './deadline.ts';
import {
  type Answer,
  type Exchange,
  ExchangeFailure,
  type OutboundError,
  type OutboundRequest,
  type OutboundResult,
  type Timings,
} from './exchange.ts';
import { codeOf, describeFailure } from './failures.ts';
import { createFetchSession, sendByFetch } from './fetch-request.ts';
import { sendByNode } from './node-request.ts';
import { parseOutboundProxy } from './open-connection.ts';
import { createSlots } from './slots.ts';
import { createTargets, type Target } from './target.ts';

export type {
  OutboundRequest,
  OutboundResult,
} from './exchange.ts';

export type HttpClient = {
  send(request: OutboundRequest): Promise<OutboundResult>;
  /** Refuses new requests, stops running ones (`aborted`), resolves when all have ended. */
  close(): Promise<void>;
};

/** Callers keep their own bounded queues; this only stops a caller that does not. */
const waitingMax = 10_000;

/** Set here or by the connection; a caller's value would break the framing or the pinning. */
const connectionHeaders = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
  'expect',
  'te',
  'trailer',
  'upgrade',
]);

/** @throws Error when `outboundProxy` is not an http:// URL */
export function createHttpClient(options: {
  guard: Pick<AddressGuard, 'vet'>;
  /** Below BUN_CONFIG_MAX_HTTP_REQUESTS (256 unless set at start). */
  maxInFlight: number;
  /** `http://[user:password@]host:port`; the guard vets targets, not this. */
  outboundProxy: string | null;
  /** PEM; these authorities alone are then trusted. */
  tlsCa?: string;
  log?: Log;
}): HttpClient {
  const { guard, log } = options;
  const slots = createSlots(options.maxInFlight, waitingMax);
  const proxy = options.outboundProxy === null ? null : parseOutboundProxy(options.outboundProxy);
  const connecting = { proxy, tlsCa: options.tlsCa };
  const session = createFetchSession();
  const targetOf = createTargets();
  const running = new Set<Deadline>();
  const drained = Promise.withResolvers<void>();
  let closing = false;

  async function send(request: OutboundRequest): Promise<OutboundResult> {
    if (closing) return notSent('opsforge is shutting down');
    if (!slots.tryAcquire()) {
      const got = await slots.acquire(request.signal);
      if (got === 'full') return notSent(`More than ${waitingMax} requests wait to be sent`);
      if (got === 'aborted') return notSent('Stopped before it was sent');
      // Each running request that close() stops lets the next waiter in, to leave at once.
      if (closing) {
        slots.release();
        return notSent('opsforge is shutting down');
      }
    }
    const deadline = new Deadline(request.timeoutMs, request.signal);
    running.add(deadline);
    try {
      return await run(request, deadline);
    } finally {
      deadline.end();
      running.delete(deadline);
      slots.release();
      if (closing && running.size === 0) drained.resolve();
    }
  }

  async function run(request: OutboundRequest, deadline: Deadline): Promise<OutboundResult> {
    const startedMs = performance.now();
    const target = targetOf(request.url);
    if ('error' in target) return notSent(`The URL ${target.error}`, 'address_forbidden');
    const exchange: Exchange = {
      method: request.method,
      target,
      addresses: [],
      headers: requestHeaders(request.headers, target),
      body: request.body,
      clientCertificate: request.clientCertificate ?? null,
      signal: deadline.signal,
      timings: noTimings(),
      phase: 'resolve',
      remoteAddress: null,
      statusCode: null,
    };
    try {
      const vetted = await guard.vet(target.url, deadline.signal);
      if ('error' in vetted) {
        const error =
          deadline.stopped === null
            ? vetted.error
            : describeFailure(null, exchange, deadline.stopped, request.timeoutMs);
        return failed(exchange, error, startedMs);
      }
      exchange.timings.dnsMs = Math.round(vetted.dnsMs * 100) / 100;
      exchange.addresses = vetted.addresses;
      return answered(exchange, await transport(request, exchange), startedMs);
    } catch (cause) {
      const error = describeFailure(cause, exchange, deadline.stopped, request.timeoutMs);
      // Without a code it is none of the network's failures, so someone should look at it. Its text
      // may quote headers or the query, so it is not logged.
      const odd = !(cause instanceof ExchangeFailure) && codeOf(cause) === '';
      if (deadline.stopped === null && odd) {
        const name = cause instanceof Error ? cause.name : typeof cause;
        log?.warn({ error: name, phase: exchange.phase }, 'outbound request failed oddly');
      }
      return failed(exchange, error, startedMs);
    }
  }

  async function transport(request: OutboundRequest, exchange: Exchange): Promise<Answer> {
    const fetchTakesBody = request.body === null || !['GET', 'HEAD'].includes(request.method);
    if (!request.phases && proxy === null && fetchTakesBody) {
      const answer = await sendByFetch(exchange, session, options.tlsCa);
      if (answer !== null) return answer;
    }
    return sendByNode(exchange, connecting);
  }

  async function close(): Promise<void> {
    closing = true;
    for (const deadline of running) deadline.stop('aborted');
    if (running.size === 0) drained.resolve();
    await drained.promise;
    session.close();
  }

  return { send, close };
}

/** `identity`: the body is kept as text, and a compressed one would tell people nothing. */
function requestHeaders(
  given: Readonly<Record<string, string>>,
  target: Target,
): Record<string, string> {
  const headers: Record<string, string> = {
    accept: '*/*',
    'accept-encoding': 'identity',
    'user-agent': 'opsforge',
  };
  for (const name in given) {
    const lowerCaseName = name.toLowerCase();
    const value = given[name];
    if (value !== undefined && !connectionHeaders.has(lowerCaseName))
      headers[lowerCaseName] = value;
  }
  headers['host'] = target.host;
  return headers;
}

function noTimings(): Timings {
  return { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null };
}

function notSent(message: string, code: OutboundError['code'] = 'aborted'): OutboundResult {
  return {
    kind: 'error',
    error: { code, message },
    statusCode: null,
    durationMs: 0,
    timings: noTimings(),
    remoteAddress: null,
  };
}

function answered(exchange: Exchange, answer: Answer, startedMs: number): OutboundResult {
  return {
    kind: 'answer',
    statusCode: answer.statusCode,
    headers: answer.headers,
    body: answer.body,
    durationMs: Math.round(performance.now() - startedMs),
    timings: exchange.timings,
    remoteAddress: exchange.remoteAddress ?? '',
  };
}

function failed(exchange: Exchange, error: OutboundError, startedMs: number): OutboundResult {
  return {
    kind: 'error',
    error,
    statusCode: exchange.statusCode,
    durationMs: Math.round(performance.now() - startedMs),
    timings: exchange.timings,
    remoteAddress: exchange.remoteAddress,
  };
}
