/**
 * The states of a delivery, and what a receiver's answer means for it. Both are pure tables: who
 * writes the new state (guarded by the old one) and who pauses or disables the endpoint is
 * elsewhere.
 */
import { parseRetryAfter } from './retry-schedule.ts';

/**
 * | what happens       | pending   | delivered | failed    | cancelled |
 * | attempt_succeeded  | delivered | -         | -         | -         |
 * | attempt_failed     | pending   | -         | -         | -         |
 * | given_up           | failed    | -         | -         | -         |
 * | cancelled          | cancelled | -         | -         | -         |
 * | manual_succeeded   | delivered | delivered | delivered | delivered |
 * | manual_failed      | pending   | delivered | failed    | cancelled |
 *
 * `-`: it came too late; nothing changes, and an attempt is kept as `superseded`.
 */
export const deliveryStatuses = ['pending', 'delivered', 'failed', 'cancelled'] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** Why a delivery ended other than by success. */
export type DeliveryReason =
  | 'retries_exhausted'
  | 'endpoint_gone'
  | 'aborted_by_receiver'
  | 'endpoint_disabled'
  | 'endpoint_deleted'
  | 'cancelled_by_request';

export type DeliveryChange =
  | 'attempt_succeeded'
  | 'attempt_failed'
  | 'given_up'
  | 'cancelled'
  | 'manual_succeeded'
  | 'manual_failed';

/** The state after the change; null when the change comes too late to count. */
export function nextStatus(status: DeliveryStatus, change: DeliveryChange): DeliveryStatus | null {
  if (change === 'manual_succeeded') return 'delivered';
  if (change === 'manual_failed') return status;
  if (status !== 'pending') return null;
  switch (change) {
    case 'attempt_succeeded':
      return 'delivered';
    case 'attempt_failed':
      return 'pending';
    case 'given_up':
      return 'failed';
    case 'cancelled':
      return 'cancelled';
  }
}

/** What sending came to; header names in lower case. A body that came too late is an error. */
export type SendResult =
  | { kind: 'answer'; statusCode: number; headers: Record<string, string> }
  | { kind: 'error'; error: { code: string; message: string } };

/** `lastError` is for the endpoint's owner. */
export type Judgement =
  | { kind: 'delivered' }
  | { kind: 'retry'; lastError: string }
  /** A retry, and the endpoint gets nothing for `pauseMs` (null: until this delivery's next). */
  | { kind: 'pause'; pauseMs: number | null; lastError: string }
  /** This delivery is given up, whatever is left of its schedule. */
  | { kind: 'aborted'; lastError: string }
  /** This delivery is given up and the endpoint disabled. */
  | { kind: 'gone'; lastError: string };

/**
 * 2xx is success, whatever the headers say. Else 410 weighs more than `webhook-delivery:
 * abort-message`, and that more than a pause.
 */
export function judgeAnswer(result: SendResult, nowMs: number): Judgement {
  if (result.kind === 'error') {
    const { code, message } = result.error;
    return { kind: 'retry', lastError: `${code}: ${message}` };
  }
  const { statusCode, headers } = result;
  if (statusCode >= 200 && statusCode <= 299) return { kind: 'delivered' };
  const answered = `The endpoint answered ${statusCode}`;
  if (statusCode === 410) {
    return { kind: 'gone', lastError: `${answered} (gone), which disables it.` };
  }
  if (headers['webhook-delivery']?.trim().toLowerCase() === 'abort-message') {
    const lastError = `${answered} and asked for no more (webhook-delivery: abort-message).`;
    return { kind: 'aborted', lastError };
  }
  const pauseMs = parseRetryAfter(headers['retry-after'], nowMs);
  if (statusCode === 429 || (statusCode === 503 && pauseMs !== null)) {
    return { kind: 'pause', pauseMs, lastError: pauseText(answered, pauseMs) };
  }
  if (statusCode >= 300 && statusCode <= 399) {
    return { kind: 'retry', lastError: redirectText(answered, headers['location']) };
  }
  return { kind: 'retry', lastError: `${answered}.` };
}

function pauseText(answered: string, pauseMs: number | null): string {
  if (pauseMs === null) return `${answered} (too many requests).`;
  return `${answered} and asked to be left alone for ${Math.ceil(pauseMs / 1000)} s.`;
}

/** A receiver's own words, so only so many of them. */
const locationLengthMax = 200;

function redirectText(answered: string, location: string | undefined): string {
  const target = location ? ` to ${location.slice(0, locationLengthMax)}` : '';
  return `${answered}, a redirect${target}; none is followed: correct the endpoint's URL.`;
}
