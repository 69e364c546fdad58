/**
 * The fast transport: Bun's pooled fetch, to the vetted address itself with the name in `host` and
 * in the TLS server name (the certificate is checked against that name). Tells no phases.
 * Never follows a redirect, never decompresses, never asks the environment for a proxy.
 */
import {
  bodyReadBytesMax,
  bodyText,
  createBodyCollector,
  createHeaderCollector,
} from './bounded-answer.ts';
import { type Answer, type Exchange, ExchangeFailure, hostAndPort, msSince } from './exchange.ts';
import { isCertificateCode } from './failures.ts';
import type { Target } from './target.ts';

/**
 * Bun's default is 300 s, longer than load balancers (AWS 60 s) and nginx (75 s) keep theirs: a
 * connection that they close just as we write is a failed attempt.
 */
const idleTimeoutSeconds = 15;

export function createFetchSession(): Bun.FetchSession {
  return new Bun.FetchSession({ proxy: false, keepAlive: { idleTimeout: idleTimeoutSeconds } });
}

/**
 * Sends to the first address. Null when no connection came about, so that nothing was sent: the
 * other transport then tries every address and can say what failed.
 * @throws what fetch throws after that, and on abort
 */
export async function sendByFetch(
  exchange: Exchange,
  session: Bun.FetchSession,
  tlsCa: string | undefined,
): Promise<Answer | null> {
  const address = exchange.addresses[0];
  if (address === undefined) return null;
  exchange.remoteAddress = address;
  exchange.phase = 'answer';
  const sentMs = performance.now();
  let response: Response;
  try {
    response = await session.fetch(pinnedUrl(exchange.target, address), fetchInit(exchange, tlsCa));
  } catch (error) {
    if (neverConnected(error)) return null;
    throw error;
  }
  exchange.timings.firstByteMs = msSince(sentMs);
  exchange.statusCode = response.status;
  const headers = createHeaderCollector();
  try {
    response.headers.forEach((value, name) => {
      headers.add(name, value);
    });
    refuseTwoLengths(response.headers);
  } catch (error) {
    await response.body?.cancel();
    throw error;
  }
  exchange.phase = 'body';
  return { statusCode: response.status, headers: headers.kept, body: await readBody(response) };
}

function pinnedUrl(target: Target, address: string): string {
  const scheme = target.secure ? 'https' : 'http';
  return `${scheme}://${hostAndPort(address, target.port)}${target.path}`;
}

function fetchInit(exchange: Exchange, ca: string | undefined): BunFetchRequestInit {
  const init: BunFetchRequestInit = {
    method: exchange.method,
    headers: exchange.headers,
    redirect: 'manual',
    decompress: false,
    signal: exchange.signal,
  };
  if (exchange.body !== null) init.body = exchange.body;
  if (exchange.target.secure) {
    const tls: BunFetchRequestInitTLS = {};
    const { serverName } = exchange.target;
    if (serverName !== null) tls.serverName = serverName;
    if (ca !== undefined) tls.ca = ca;
    // Bun keeps connections apart by these (tests/outbound/client-certificate.test.ts).
    if (exchange.clientCertificate !== null) {
      tls.cert = exchange.clientCertificate.certificate;
      tls.key = exchange.clientCertificate.privateKey;
    }
    init.tls = tls;
  }
  return init;
}

/**
 * Bun verifies certificates within the handshake, so none of these has sent a byte of the request.
 */
function neverConnected(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  const code = String(error.code);
  return (
    code === 'ECONNREFUSED' ||
    code === 'FailedToOpenSocket' ||
    (code === 'EPROTO' && error.message.includes('handshake')) ||
    isCertificateCode(code)
  );
}

/**
 * RFC 9112 6.3: an answer whose end can be read in two ways may be an attack; node:http refuses it.
 */
function refuseTwoLengths(headers: Headers): void {
  if (headers.has('transfer-encoding') && headers.has('content-length')) {
    throw new ExchangeFailure(
      'invalid_answer',
      'The answer has both content-length and transfer-encoding',
    );
  }
}

async function readBody(response: Response): Promise<string> {
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  if (length === 0) return '';
  // Before `body` is touched: making the stream costs a third of the whole request.
  if (length <= bodyReadBytesMax) return bodyText(new Uint8Array(await response.arrayBuffer()));
  const stream = response.body;
  if (stream === null) return '';
  const collector = createBodyCollector();
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return collector.text();
    if (!collector.add(value)) {
      await reader.cancel();
      return collector.text();
    }
  }
}
