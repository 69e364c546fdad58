/**
 * One attempt, whoever makes it: the headers of its request with the signatures, and the record
 * that an answer becomes. Pure: time, chance and the attempt's id are passed in.
 */
import { maskHeaders } from '../endpoint-headers.ts';
import type { AttemptId } from '../ids.ts';
import { signContent } from '../signature.ts';
import { storableHeaders, storableText } from '../storable-text.ts';
import type { AttemptRecord, NextStep } from './attempt-record.ts';
import type { Verdict } from './circuit-breaker.ts';
import type { EndpointSettings } from './endpoint-settings.ts';
import { type Decided, decideNextStep } from './next-step.ts';
import type { ReadyDelivery } from './ready-delivery.ts';

type Timings = AttemptRecord['timings'];

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

export type Sent = {
  record: AttemptRecord;
  /** For how long the endpoint gets nothing; null: it may go on. */
  pauseMs: number | null;
  /** What it says of the endpoint. */
  verdict: Verdict;
  /** It is disabled by this attempt, once that is recorded. */
  isGone: boolean;
};

/** Why nothing could be sent, in words for the endpoint's owner. */
export class SendProblem extends Error {}

type Signed = Pick<ReadyDelivery, 'id' | 'eventId' | 'payload' | 'attempts' | 'hops'>;

/**
 * Own headers may change content-type and user-agent, nothing else of ours.
 * @throws SendProblem when the settings have no key to sign with
 */
export function requestHeaders(
  delivery: Signed,
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

/** Also for the answer 410: until that is recorded, nothing more goes to the endpoint. */
const goneHoldMs = 2_000;

type Attempted = Pick<ReadyDelivery, 'id' | 'tenantId' | 'endpointId' | 'attempts' | 'manual'>;
type Attempt = {
  id: AttemptId;
  /** Database times. */
  startedAtMs: number;
  endedAtMs: number;
  /** What was sent. */
  headers: Record<string, string>;
  answer: SendAnswer;
  /** Stopped by the sender: it says nothing about the receiver. */
  isInterrupted: boolean;
  /** In [0, 1). */
  random: number;
};

export function concludeAttempt(
  delivery: Attempted,
  settings: EndpointSettings,
  attempt: Attempt,
): Sent {
  const { answer, headers } = attempt;
  const decided: Decided = attempt.isInterrupted
    ? { step: { kind: 'interrupted' }, pauseMs: null, verdict: 'unknown' }
    : decideNextStep({
        result: answer,
        attemptsBefore: delivery.attempts,
        manual: delivery.manual,
        retrySchedule: settings.retrySchedule,
        nowMs: attempt.endedAtMs,
        random: attempt.random,
      });
  const { step } = decided;
  const ownNames = Object.keys(settings.headers);
  if (settings.authorization !== null) ownNames.push('authorization');
  const shown = ownNames.length === 0 ? headers : maskHeaders(headers, ownNames);
  const isGone = 'disablesEndpoint' in step && step.disablesEndpoint;
  return {
    record: makeRecord(delivery, step, attempt, storableHeaders(shown)),
    pauseMs: isGone ? goneHoldMs : decided.pauseMs,
    verdict: decided.verdict,
    isGone,
  };
}

const smallintMax = 32_767;
/** What is kept of one text, whatever the transport promised. */
const textLengthMax = 16_384;

function makeRecord(
  delivery: Attempted,
  step: NextStep,
  { id, startedAtMs, endedAtMs, answer }: Attempt,
  requested: string,
): AttemptRecord {
  const isAnswer = answer.kind === 'answer';
  const { statusCode } = answer;
  return {
    id,
    tenantId: delivery.tenantId,
    deliveryId: delivery.id,
    endpointId: delivery.endpointId,
    attemptsBefore: delivery.attempts,
    step: storableStep(step),
    startedAtMs,
    endedAtMs,
    durationMs: Math.max(0, Math.round(answer.durationMs)),
    timings: answer.timings,
    statusCode: statusCode !== null && statusCode <= smallintMax ? statusCode : null,
    error: isAnswer ? null : { code: answer.error.code, message: storable(answer.error.message) },
    requestHeaders: requested,
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
