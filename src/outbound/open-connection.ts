/**
 * Opens one connection to one of the vetted addresses (never to a name), through the operator's
 * proxy by a CONNECT to that same address where there is one, with TLS verified against the name.
 * Fills in phase, address and timings as it goes. Nothing of the request is sent here.
 */
import net from 'node:net';
import tls from 'node:tls';
import { portOf } from './address-guard.ts';
import { type Exchange, ExchangeFailure, hostAndPort, msSince } from './exchange.ts';
import { certificateFailure, codeOf } from './failures.ts';

/** `authorization` is the header's value. */
export type OutboundProxy = { host: string; port: number; authorization: string | null };

const addressesTriedMax = 3;
const proxyAnswerBytesMax = 16 * 1024;
/** No connection came about, so the next address may have better luck. */
const tryNextCodes = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL']);

/** @throws the socket's error, or ExchangeFailure; the socket is destroyed on `exchange.signal` */
export async function openConnection(
  exchange: Exchange,
  options: { proxy: OutboundProxy | null; tlsCa: string | undefined },
): Promise<net.Socket> {
  const startedMs = performance.now();
  const plain =
    options.proxy === null
      ? await connectToFirst(exchange)
      : await connectThrough(options.proxy, exchange);
  exchange.timings.connectMs = msSince(startedMs);
  if (!exchange.target.secure) return plain;
  exchange.phase = 'tls';
  const handshakeMs = performance.now();
  const secure = await startTls(plain, exchange, options.tlsCa);
  exchange.timings.tlsMs = msSince(handshakeMs);
  return secure;
}

async function connectToFirst(exchange: Exchange): Promise<net.Socket> {
  exchange.phase = 'connect';
  const addresses = exchange.addresses.slice(0, addressesTriedMax);
  let failure: unknown = new ExchangeFailure(
    'connection_failed',
    'There is no address to connect to',
  );
  for (const address of addresses) {
    exchange.remoteAddress = address;
    try {
      return await connect(address, exchange.target.port, exchange.signal);
    } catch (error) {
      failure = error;
      if (!tryNextCodes.has(codeOf(error))) throw error;
    }
  }
  throw failure;
}

function connect(host: string, port: number, signal: AbortSignal): Promise<net.Socket> {
  const socket = net.connect({ host, port, noDelay: true });
  return settled(socket, signal, (resolve) => socket.once('connect', () => resolve(socket)));
}

/**
 * A step of a socket's life: `wait` resolves it, an error or an early end rejects it, an abort
 * destroys the socket.
 */
function settled<T>(
  socket: net.Socket,
  signal: AbortSignal,
  wait: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const finish = (act: () => void) => {
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', fail);
      socket.removeListener('close', onClose);
      act();
    };
    const fail = (error: unknown) => {
      // Stays: an error that comes after the step has failed would else end the process.
      socket.on('error', ignoreLateError);
      socket.destroy();
      finish(() => reject(error));
    };
    const onAbort = () => fail(signal.reason);
    const onClose = () => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    socket.once('error', fail);
    socket.once('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
    wait((value) => finish(() => resolve(value)), fail);
    if (signal.aborted) onAbort();
  });
}

function ignoreLateError(): void {}

async function startTls(
  plain: net.Socket,
  exchange: Exchange,
  ca: string | undefined,
): Promise<tls.TLSSocket> {
  const { serverName, hostname } = exchange.target;
  const own = exchange.clientCertificate;
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  const socket = tls.connect({
    socket: plain,
    // Judged right below, before anything is sent: only then is the certificate there to be named.
    rejectUnauthorized: false,
    ...(serverName === null ? { host: address } : { servername: serverName }),
    ...(ca === undefined ? {} : { ca }),
    ...(own === null ? {} : { cert: own.certificate, key: own.privateKey }),
  });
  await settled<void>(socket, exchange.signal, (resolve) =>
    socket.once('secureConnect', () => resolve()),
  );
  const certificate = socket.getPeerCertificate();
  const mismatch = tls.checkServerIdentity(serverName ?? address, certificate);
  if (socket.authorized === true && mismatch === undefined) return socket;
  socket.on('error', ignoreLateError);
  socket.destroy();
  const reason = socket.authorized === true ? mismatch : socket.authorizationError;
  throw certificateFailure(hostname, reason, certificate);
}

async function connectThrough(proxy: OutboundProxy, exchange: Exchange): Promise<net.Socket> {
  exchange.phase = 'proxy';
  const target = hostAndPort(exchange.addresses[0] ?? '', exchange.target.port);
  exchange.remoteAddress = exchange.addresses[0] ?? null;
  const socket = await connect(proxy.host, proxy.port, exchange.signal);
  const authorization =
    proxy.authorization === null ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`;
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization}\r\n`);
  const status = await settled<string>(socket, exchange.signal, (resolve, reject) =>
    readProxyAnswer(socket, resolve, reject),
  );
  if (/^2\d\d$/.test(status)) return socket;
  socket.on('error', ignoreLateError);
  socket.destroy();
  throw new ExchangeFailure(
    'connection_failed',
    `The outbound proxy refused a connection to ${target}: it answered ${status}`,
  );
}

/**
 * Reads up to the blank line. By 'readable', since a socket that was paused after 'data' stays
 * paused for whoever reads it next; what came after the blank line is put back for them.
 */
function readProxyAnswer(
  socket: net.Socket,
  resolve: (status: string) => void,
  reject: (error: unknown) => void,
): void {
  let head = '';
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    head += chunk.toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    if (end < 0 && head.length < proxyAnswerBytesMax) return;
    socket.removeListener('readable', onReadable);
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
    if (end < 0 || status === undefined) {
      reject(new ExchangeFailure('connection_failed', 'The outbound proxy does not speak HTTP'));
      return;
    }
    const rest = head.slice(end + 4);
    if (rest !== '') socket.unshift(Buffer.from(rest, 'latin1'));
    resolve(status);
  };
  socket.on('readable', onReadable);
}

/**
 * Takes `http://[user:password@]host:port`.
 * @throws Error for anything else
 */
export function parseOutboundProxy(text: string): OutboundProxy {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'http:') {
    throw new Error('the outbound proxy must be an http:// URL such as http://proxy.internal:3128');
  }
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: portOf(url),
    authorization:
      credentials === ':' ? null : `Basic ${Buffer.from(credentials).toString('base64')}`,
  };
}
