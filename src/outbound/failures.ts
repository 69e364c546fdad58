/**
 * What went wrong, in the user's words: which thing, and the figure. One closed list of codes, the
 * same for both transports; the raw error's own text (stack, runtime advice) never gets out.
 */
import type tls from 'node:tls';
import type { Stopped } from './deadline.ts';
import { type Exchange, ExchangeFailure, hostAndPort, type OutboundError } from './exchange.ts';

/** @param stopped why the exchange was cut short from our side; it wins over what was thrown */
export function describeFailure(
  error: unknown,
  exchange: Exchange,
  stopped: Stopped,
  timeoutMs: number,
): OutboundError {
  if (stopped === 'timeout')
    return { code: 'timeout', message: timeoutMessage(exchange, timeoutMs) };
  if (stopped === 'aborted') return { code: 'aborted', message: 'Stopped before it ended' };
  if (error instanceof ExchangeFailure) return { code: error.code, message: error.message };
  const code = codeOf(error);
  const peer = peerOf(exchange);
  if (code === 'ECONNREFUSED') {
    return { code: 'connection_refused', message: `Connection refused by ${peer}` };
  }
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED') {
    return { code: 'connection_reset', message: `${peer} closed the connection ${when(exchange)}` };
  }
  if (exchange.phase === 'tls' || code === 'EPROTO') {
    return { code: 'tls_failed', message: `No TLS connection to ${peer}: ${tlsReason(code)}` };
  }
  if (exchange.phase === 'connect' || exchange.phase === 'proxy') {
    return {
      code: 'connection_failed',
      message: `No connection to ${peer}: ${networkReason(code)}`,
    };
  }
  if (invalidAnswerCode.test(code)) {
    return { code: 'invalid_answer', message: `The answer of ${peer} is not valid HTTP (${code})` };
  }
  const reason = code === '' ? 'the request could not be made' : code;
  return { code: 'connection_failed', message: `The exchange with ${peer} failed: ${reason}` };
}

/** The `code` of a system, TLS or parser error; '' when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Node's HTTP parser, and what Bun's fetch calls the same. */
const invalidAnswerCode =
  /^(HPE_|Malformed|Invalid|Unrequested|Unsupported|Unexpected|ResponseHeaders|TooMany|ERR_HTTP)/i;

function peerOf(exchange: Exchange): string {
  if (exchange.phase === 'proxy') return 'the outbound proxy';
  return hostAndPort(exchange.remoteAddress ?? exchange.target.hostname, exchange.target.port);
}

function timeoutMessage(exchange: Exchange, timeoutMs: number): string {
  const within = `within ${durationText(timeoutMs)}`;
  switch (exchange.phase) {
    case 'resolve':
      return `${exchange.target.hostname} was not resolved ${within}`;
    case 'connect':
    case 'proxy':
      return `No connection to ${peerOf(exchange)} ${within}`;
    case 'tls':
      return `No TLS connection to ${peerOf(exchange)} ${within}`;
    case 'answer':
      return `No answer ${within}`;
    case 'body':
      return `The answer (status ${exchange.statusCode}) did not end ${within}`;
  }
}

function durationText(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}

function when(exchange: Exchange): string {
  switch (exchange.phase) {
    case 'body':
      return 'before the answer ended';
    case 'tls':
      return 'during the TLS handshake';
    default:
      return 'before it answered';
  }
}

function tlsReason(code: string): string {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO') {
    return 'the port does not speak TLS';
  }
  return code === '' ? 'the handshake failed' : `the handshake failed (${code})`;
}

const networkReasons: Record<string, string> = {
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'the host does not answer',
  EADDRNOTAVAIL: 'this machine has no free port or no address of that kind',
  EMFILE: 'this machine has no free file descriptors',
  ENOTFOUND: 'its name cannot be resolved',
};

function networkReason(code: string): string {
  return networkReasons[code] ?? (code === '' ? 'unknown failure' : code);
}

/** OpenSSL's verification failures as Node and Bun name them. */
const certificateCode = new RegExp(
  '^(CERT_|ERR_TLS_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|INVALID_(CA|PURPOSE)|CRL_|' +
    'PATH_LENGTH)',
);

export function isCertificateCode(code: string): boolean {
  return certificateCode.test(code);
}

/**
 * @param reason the verification's error (its `code`, or OpenSSL's name as a string)
 * @param certificate what the receiver showed; its dates and names go into the message
 */
export function certificateFailure(
  host: string,
  reason: unknown,
  certificate: tls.PeerCertificate,
): ExchangeFailure {
  const code = codeOf(reason) || String(reason);
  return new ExchangeFailure('tls_failed', certificateMessage(host, code, certificate));
}

function certificateMessage(host: string, code: string, certificate: tls.PeerCertificate): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return `The certificate of ${host} expired on ${dayOf(certificate.valid_to)}`;
    case 'CERT_NOT_YET_VALID':
      return `The certificate of ${host} is not valid before ${dayOf(certificate.valid_from)}`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `The certificate is for ${namesOf(certificate)}, not for ${host}`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return `The certificate of ${host} is self-signed`;
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return `The certificate of ${host} was signed by an authority that is not trusted here`;
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return (
        `The certificate of ${host} was signed by an authority that is not trusted here, ` +
        'or the receiver does not send its intermediate certificate'
      );
    default:
      return `The certificate of ${host} was refused (${code})`;
  }
}

/** OpenSSL's "Feb  1 00:00:00 2020 GMT" as 2020-02-01. */
function dayOf(text: string | undefined): string {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? 'an unknown day' : new Date(time).toISOString().slice(0, 10);
}

const namesLengthMax = 200;

function namesOf(certificate: tls.PeerCertificate): string {
  const names = (certificate.subjectaltname ?? '').replaceAll(/(DNS|IP Address):/g, '');
  if (names === '') return 'no host name';
  return names.length > namesLengthMax ? `${names.slice(0, namesLengthMax)}…` : names;
}
