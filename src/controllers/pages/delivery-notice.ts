/** Why a delivery stands where it stands, in words: what happened, what it means, what to do. */
import type { DeliveryReason } from '../../domain/deliveries.ts';
import type { Attempt, Delivery } from '../../usecases/deliveries/schemas.ts';
import type { Endpoint } from '../../usecases/endpoints/schemas.ts';

export type Notice = { tone: 'bad' | 'warn' | undefined; title: string; text: string };

type Known = {
  delivery: Delivery;
  /** Null for a deleted one. */
  endpoint: Endpoint | null;
  last: Attempt | undefined;
};

/** Null where the state says it all. */
export function noticeOf(known: Known): Notice | null {
  switch (known.delivery.status) {
    case 'delivered':
      return null;
    case 'failed':
    case 'cancelled':
      return endedNotice(known);
    case 'pending':
      return pausedNotice(known) ?? retryNotice(known);
  }
}

const clock = (at: string) => `${at.slice(11, 19)} UTC`;

function endedNotice({ delivery, last }: Known): Notice {
  const again = 'Retry now sends it once more.';
  const bad = (title: string, text: string): Notice => ({ tone: 'bad', title, text });
  const quiet = (title: string, text: string): Notice => ({ tone: undefined, title, text });
  // Safe for what this version writes; the default is for what a later one wrote.
  const reason = delivery.reason as DeliveryReason | null;
  switch (reason) {
    case 'retries_exhausted':
      return bad(
        `Given up after ${delivery.attempts} failed ${delivery.attempts === 1 ? 'attempt' : 'attempts'}`,
        `${answerWords(last, delivery)} ${again}`,
      );
    case 'endpoint_gone':
      return bad(
        'The receiver answered 410, gone',
        'Its endpoint was disabled with that answer. Correct it, enable it, then retry.',
      );
    case 'aborted_by_receiver':
      return bad(
        'The receiver asked for no more of it',
        `It answered with webhook-delivery: abort-message. ${again}`,
      );
    case 'endpoint_disabled':
      return quiet('Cancelled: its endpoint was disabled', `Enable the endpoint first. ${again}`);
    case 'endpoint_deleted':
      return quiet('Cancelled: its endpoint was deleted', 'It cannot be sent any more.');
    case 'cancelled_by_request':
      return quiet('Cancelled by request', again);
    case null:
      return bad('Given up', `${answerWords(last, delivery)} ${again}`);
    default:
      return quiet(laterTitle(delivery, reason), again);
  }
}

/** The reason as it is called. `never`: each that this version writes has a case above. */
function laterTitle({ status }: Delivery, reason: never): string {
  const word = status === 'cancelled' ? 'Cancelled' : 'Given up';
  return `${word}: ${String(reason).replaceAll('_', ' ')}`;
}

/** What keeps it from being sent, whatever its own time says. */
function pausedNotice({ delivery, endpoint, last }: Known): Notice | null {
  if (endpoint === null) {
    return {
      tone: undefined,
      title: 'Its endpoint was deleted',
      text: 'It is cancelled as soon as the engine meets it.',
    };
  }
  const { statusReason, pausedUntil } = endpoint;
  if (pausedUntil !== null && statusReason === 'circuit_breaker') {
    return {
      tone: 'warn',
      title: `${answerWords(last, delivery)} Its endpoint's breaker is open.`,
      text:
        'Attempts failed in a row, so nothing is sent but one request ' +
        `at ${clock(pausedUntil)}. A retry now sends one at once, past the breaker.`,
    };
  }
  if (pausedUntil !== null) {
    return {
      tone: 'warn',
      title: `The receiver asked to be left alone until ${clock(pausedUntil)}`,
      text: 'It answered with Retry-After. Everything for this endpoint waits with it.',
    };
  }
  if (endpoint.status === 'active') return null;
  const words = endpoint.status === 'paused' ? 'paused' : 'disabled';
  return {
    tone: undefined,
    title:
      statusReason === 'listening'
        ? 'Somebody listens on this endpoint'
        : `Its endpoint is ${words}`,
    text:
      statusReason === 'listening'
        ? 'Deliveries are fetched by opsforge listen and not sent to its address.'
        : 'It waits, and is sent when the endpoint is resumed.',
  };
}

function retryNotice({ delivery, last }: Known): Notice | null {
  if (delivery.attempts === 0) return null;
  const code = last?.error?.code;
  const advice = code === undefined ? adviceForStatus(last?.statusCode ?? 0) : adviceFor(code);
  return { tone: 'warn', title: answerWords(last, delivery), text: advice };
}

/** A sentence about the last attempt. */
function answerWords(last: Attempt | undefined, { lastError, lastStatusCode }: Delivery): string {
  const statusCode = last?.statusCode ?? lastStatusCode;
  const words = last?.error?.message ?? lastError ?? `The endpoint answered ${statusCode}`;
  return /[.!?]$/.test(words) ? words : `${words}.`;
}

function adviceForStatus(statusCode: number): string {
  if (statusCode >= 500) return 'A fault on the receiver: it is tried again by the schedule.';
  if (statusCode === 429) return 'Give the endpoint a rate limit that the receiver can take.';
  if (statusCode === 401 || statusCode === 403) {
    return 'The receiver refuses the sender: compare its signing secret and its credentials.';
  }
  if (statusCode === 404) return "Nothing answers at this path: correct the endpoint's URL.";
  if (statusCode >= 300 && statusCode < 400) return "Correct the endpoint's URL, then retry.";
  return 'The receiver refuses what it is sent: its answer below may say why.';
}

/** Codes of outbound/failures.ts, of the address guard, and of the sender. */
function adviceFor(code: string): string {
  switch (code) {
    case 'timeout':
      return 'Answer first and work later, or give the endpoint a longer timeout.';
    case 'dns_failed':
      return "The name has no address: look for a slip in the endpoint's URL, or in its zone.";
    case 'connection_refused':
    case 'connection_failed':
      return 'Nothing takes connections there: look whether the receiver runs and is reachable.';
    case 'connection_reset':
      return 'The receiver, or a proxy before it, closes connections: its log may say why.';
    case 'tls_failed':
      return 'Renew or correct the certificate of the receiver; no other is accepted.';
    case 'address_forbidden':
      return 'Its name leads to a private or reserved address, where nothing is sent.';
    case 'invalid_answer':
      return 'What answers there does not speak HTTP: look at the port of the URL.';
    case 'internal_error':
      return "Not the receiver's fault: opsforge could not send it, and its log tells why.";
    default:
      return 'It is tried again by the schedule.';
  }
}
