/**
 * From a receiver's answer to what happens next: with the delivery (its `NextStep`) and with its
 * endpoint (`pauseMs`, for which it is left alone, null for not at all; `verdict`).
 */
import { type Judgement, judgeAnswer, type SendResult } from '../deliveries.ts';
import { honouredRetryAfterMs, nextAttemptDelayMs } from '../retry-schedule.ts';
import type { NextStep } from './attempt-record.ts';
import type { Verdict } from './circuit-breaker.ts';

/** Nothing was sent, through no fault of the receiver. */
export const internalErrorCode = 'internal_error';

type Ended = {
  result: SendResult;
  attemptsBefore: number;
  manual: boolean;
  /** Seconds. */
  retrySchedule: readonly number[];
  /** Database time at which the attempt ended. */
  nowMs: number;
  /** In [0, 1). */
  random: number;
};

export type Decided = { step: NextStep; pauseMs: number | null; verdict: Verdict };

export function decideNextStep(ended: Ended): Decided {
  const judged = judgeAnswer(ended.result, ended.nowMs);
  return { ...decide(ended, judged), verdict: verdictOf(ended.result, judged) };
}

function verdictOf(result: SendResult, judged: Judgement): Verdict {
  if (result.kind === 'error' && result.error.code === internalErrorCode) return 'unknown';
  switch (judged.kind) {
    case 'delivered':
      return 'success';
    case 'retry':
      return 'failure';
    case 'pause':
    case 'aborted':
    case 'gone':
      return 'deliberate';
  }
}

function decide(ended: Ended, judged: Judgement): Omit<Decided, 'verdict'> {
  const attempt = { attempt: ended.attemptsBefore + 1, schedule: ended.retrySchedule };
  if (judged.kind === 'delivered') {
    const step: NextStep = ended.manual
      ? { kind: 'manual', delivered: true, lastError: null, disablesEndpoint: false }
      : { kind: 'delivered' };
    return { step, pauseMs: null };
  }
  const { lastError } = judged;
  const retryAfterMs = judged.kind === 'pause' ? judged.pauseMs : null;
  const delayMs = nextAttemptDelayMs({ ...attempt, retryAfterMs, random: ended.random });
  // A 429 that names no time: until this delivery's own next retry.
  const pauseMs =
    judged.kind === 'pause'
      ? (honouredRetryAfterMs({ ...attempt, retryAfterMs }) ?? delayMs)
      : null;
  const disablesEndpoint = judged.kind === 'gone';
  if (ended.manual) {
    return { step: { kind: 'manual', delivered: false, lastError, disablesEndpoint }, pauseMs };
  }
  const givenUp = (reason: 'endpoint_gone' | 'aborted_by_receiver' | 'retries_exhausted') => ({
    step: { kind: 'failed', reason, lastError, disablesEndpoint } as const,
    pauseMs,
  });
  if (judged.kind === 'gone') return givenUp('endpoint_gone');
  if (judged.kind === 'aborted') return givenUp('aborted_by_receiver');
  if (delayMs === null) return givenUp('retries_exhausted');
  return { step: { kind: 'retry', nextAttemptAtMs: ended.nowMs + delayMs, lastError }, pauseMs };
}
