/**
 * Makes one attempt: headers, signatures, the request, and what the answer means. Never rejects:
 * what throws for one delivery fails that one attempt as `internal_error` and leaves the others
 * alone.
 */
import type { AttemptRecord, NextStep } from '../../domain/dispatch/attempt-record.ts';
import type { Verdict } from '../../domain/dispatch/circuit-breaker.ts';
import type { EndpointSettings } from '../../domain/dispatch/endpoint-settings.ts';
import {
  type Decided,
  decideNextStep,
  internalErrorCode,
} from '../../domain/dispatch/next-step.ts';
import type { ReadyDelivery } from '../../domain/dispatch/ready-delivery.ts';
import { maskHeaders } from '../../domain/endpoint-headers.ts';
import { type AttemptId, newId } from '../../domain/ids.ts';
import type { ClientCertificate } from '../../domain/receiver-auth.ts';
import { signContent } from '../../domain/signature.ts';
import { storableHeaders, storableText } from '../../domain/storable-text.ts';
import { testEventType } from '../../domain/test-events.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';

type Timings = AttemptRecord['timings'];

/** outbound/http-client.ts, by shape. Never rejects. */
export type SendRequest = (request: {
  method: 'POST';
  url: string;
  headers: Record<string, string>;
  body: string;
  timeoutMs: number;
  phases: boolean;
  clientCertificate: ClientCertificate | null;
  signal: AbortSignal;
}) => Promise<SendAnswer>;

export type SendAnswer =
  | {
      kind: 'answer';
      statusCode: number;
      headers: Record<string, string>;
      body: string;
      durationMs: number;
      timings: Timings;
      remoteAddress: string;
    }
  | {
      kind: 'error';
      error: { code: string; message: string };
      statusCode: number | null;
      durationMs: number;
      timings: Timings;
      remoteAddress: string | null;
    };

export type SenderOptions = {
  send: SendRequest;
  clock: Clock;
  version: string;
  log: Log;
  random: () => number;
};

export type Sent = {
  record: AttemptRecord;
  /** For how long the endpoint gets nothing; null: it may go on. */
  pauseMs: number | null;
  /** What it says of the endpoint. */
  verdict: Verdict;
  /** It is disabled by this attempt, once that is recorded. */
  isGone: boolean;
};

/** Also for the answer 410: until that is recorded, nothing more goes to the endpoint. */
const goneHoldMs = 2_000;

type Attempt = {
  startedAtMs: number;
  headers: Record<string, string>;
  answer: SendAnswer;
};

export async function sendAttempt(
  options: SenderOptions,
  delivery: ReadyDelivery,
  settings: EndpointSettings,
  signal: AbortSignal,
): Promise<Sent> {
  const startedMs = options.clock.monotonicMs();
  const startedAtMs = options.clock.databaseNow();
  try {
    const headers = requestHeaders(delivery, settings, options.version, startedAtMs);
    const answer = await options.send({
      method: 'POST',
      url: settings.url,
      headers,
      body: delivery.payload,
      timeoutMs: settings.timeoutMs,
      phases: delivery.attempts > 0 || delivery.manual || delivery.eventType === testEventType,
      clientCertificate: settings.clientCertificate,
      signal,
    });
    const attempt = { startedAtMs, headers, answer };
    return concludeAttempt(options, delivery, settings, signal, attempt);
  } catch (error) {
    if (!(error instanceof SendProblem)) {
      options.log.error(
        { err: error, deliveryId: delivery.id },
        'an attempt failed inside opsforge',
      );
    }
    const answer = internalError(error, options.clock.monotonicMs() - startedMs);
    const attempt = { startedAtMs, headers: {}, answer };
    return concludeAttempt(options, delivery, settings, signal, attempt);
  }
}

function concludeAttempt(
  options: SenderOptions,
  delivery: ReadyDelivery,
  settings: EndpointSettings,
  signal: AbortSignal,
  { startedAtMs, headers, answer }: Attempt,
): Sent {
  const endedAtMs = options.clock.databaseNow();
  const decided: Decided = isInterrupted(answer, signal)
    ? { step: { kind: 'interrupted' }, pauseMs: null, verdict: 'unknown' }
    : decideNextStep({
        result: answer,
        attemptsBefore: delivery.attempts,
        manual: delivery.manual,
        retrySchedule: settings.retrySchedule,
        nowMs: endedAtMs,
        random: options.random(),
      });
  const { step } = decided;
  const ownNames = Object.keys(settings.headers);
  if (settings.authorization !== null) ownNames.push('authorization');
  const shown = ownNames.length === 0 ? headers : maskHeaders(headers, ownNames);
  const requested = storableHeaders(shown);
  const isGone = 'disablesEndpoint' in step && step.disablesEndpoint;
  return {
    record: makeRecord(delivery, step, answer, { startedAtMs, endedAtMs, requested }),
    pauseMs: isGone ? goneHoldMs : decided.pauseMs,
    verdict: decided.verdict,
    isGone,
  };
}

/** Stopped from here: it says nothing about the receiver. */
function isInterrupted(answer: SendAnswer, signal: AbortSignal): boolean {
  return answer.kind === 'error' && (answer.error.code === 'aborted' || signal.aborted);
}

/** Own headers may change content-type and user-agent, nothing else of ours. */
function requestHeaders(
  delivery: ReadyDelivery,
  settings: EndpointSettings,
  version: string,
  nowMs: number,
): Record<string, string> {
  if (settings.problem !== null) throw new SendProblem(settings.problem);
  const timestampSeconds = Math.floor(nowMs / 1_000);
  const keys = settings.secrets
    .filter((secret) => secret.expiresAtMs === null || secret.expiresAtMs > nowMs)
    .map((secret) => secret.key);
  if (keys.length === 0) throw new SendProblem('The endpoint has no valid secret.');
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'user-agent': `opsforge/${version}`,
  };
  for (const [name, value] of Object.entries(settings.headers)) headers[name.toLowerCase()] = value;
  if (settings.authorization !== null) headers['authorization'] = settings.authorization;
  headers['webhook-id'] = delivery.eventId;
  headers['webhook-timestamp'] = String(timestampSeconds);
  headers['webhook-signature'] = signContent({
    id: delivery.eventId,
    timestampSeconds,
    body: delivery.payload,
    keys,
  });
  headers['opsforge-delivery-id'] = delivery.id;
  headers['opsforge-attempt'] = String(delivery.attempts + 1);
  headers['opsforge-hops'] = String(delivery.hops + 1);
  return headers;
}

/** Why nothing could be sent, in words for the endpoint's owner. */
class SendProblem extends Error {}

function internalError(error: unknown, durationMs: number): SendAnswer {
  const message =
    error instanceof SendProblem
      ? error.message
      : 'The attempt failed inside opsforge; its log tells why.';
  return {
    kind: 'error',
    error: { code: internalErrorCode, message },
    statusCode: null,
    durationMs,
    timings: { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null },
    remoteAddress: null,
  };
}

const smallintMax = 32_767;
/** What is kept of one text, whatever the transport promised. */
const textLengthMax = 16_384;

function makeRecord(
  delivery: ReadyDelivery,
  step: NextStep,
  answer: SendAnswer,
  times: { startedAtMs: number; endedAtMs: number; requested: string },
): AttemptRecord {
  const isAnswer = answer.kind === 'answer';
  const { statusCode } = answer;
  return {
    id: newId<AttemptId>(times.startedAtMs),
    tenantId: delivery.tenantId,
    deliveryId: delivery.id,
    endpointId: delivery.endpointId,
    attemptsBefore: delivery.attempts,
    step: storableStep(step),
    startedAtMs: times.startedAtMs,
    endedAtMs: times.endedAtMs,
    durationMs: Math.max(0, Math.round(answer.durationMs)),
    timings: answer.timings,
    statusCode: statusCode !== null && statusCode <= smallintMax ? statusCode : null,
    error: isAnswer ? null : { code: answer.error.code, message: storable(answer.error.message) },
    requestHeaders: times.requested,
    responseHeaders: isAnswer ? storableHeaders(answer.headers) : null,
    responseBody: isAnswer ? storable(answer.body) : null,
    remoteAddress: answer.remoteAddress,
    endpointChange: null,
  };
}

const storable = (text: string) => storableText(text.slice(0, textLengthMax));

function storableStep(step: NextStep): NextStep {
  if (!('lastError' in step) || step.lastError === null) return step;
  return { ...step, lastError: storable(step.lastError) };
}
