/** What is wrong with an endpoint, since when, what it means and what to do, in two sentences. */
import { formatClock } from '../../../views/components/format.ts';
import type { Notice } from '../../../views/endpoint.tsx';
import { endpointStateOf } from '../../domain/endpoint-states.ts';
import type { Delivery } from '../../usecases/deliveries/schemas.ts';
import type { Endpoint } from '../../usecases/endpoints/schemas.ts';
import { type Waiting, waitingWords } from './endpoint-frame.ts';

const dayMs = 86_400_000;

/** Null for the healthy. @param recent newest first; the last failure among them is quoted */
export function noticeOf(
  endpoint: Endpoint,
  pending: Waiting,
  recent: readonly Delivery[],
  nowMs: number,
): Notice | null {
  const { statusReason, pausedUntil, failingSince } = endpoint;
  const waiting = waitingWords(pending);
  const waits = pending.count === 1 ? 'waits' : 'wait';
  const since = failingSince === null ? '' : ` since ${momentWords(failingSince, nowMs)}`;
  switch (endpointStateOf(endpoint)) {
    case 'healthy':
      return null;
    case 'open':
      return {
        glyph: 'bad',
        tone: 'bad',
        title: `Sending is paused: attempts fail${since}${lastAnswer(recent)}`,
        text:
          `No attempt is spent while the breaker is open. The next goes out at ` +
          `${momentWords(pausedUntil ?? '', nowMs)}; one success closes the breaker` +
          `${waiting === '' ? '.' : ` and ${waiting} follow.`}`,
        ...untilOf(pausedUntil, nowMs),
      };
    case 'failing':
      return {
        glyph: 'warn',
        tone: 'warn',
        title: `No attempt succeeded${since}${lastAnswer(recent)}`,
        text: 'Deliveries are tried again by their schedule. After 5 days without a success it is disabled.',
      };
    case 'disabled':
      return {
        glyph: 'paused',
        title: disabledWords[statusReason ?? ''] ?? 'Disabled',
        text: 'Nothing is sent, and what comes is recorded as cancelled. Enable it, then replay what was cancelled.',
      };
    case 'paused':
      return {
        glyph: 'paused',
        title: pausedTitle(statusReason, pausedUntil, nowMs),
        text: `${waiting === '' ? 'What comes waits' : `${sentence(waiting)} ${waits}`} ${
          pausedUntil === null ? 'until it is resumed.' : 'and is sent then, or when it is resumed.'
        }`,
        ...untilOf(pausedUntil, nowMs),
      };
  }
}

const disabledWords: Record<string, string> = {
  disabled_by_request: 'Disabled by people',
  gone: 'Disabled: the receiver answered 410, it wants no more',
  failing_for_5_days: 'Disabled: no attempt succeeded for 5 days',
};

function pausedTitle(reason: string | null, until: string | null, nowMs: number): string {
  if (until !== null) return `The receiver asked to wait until ${momentWords(until, nowMs)}`;
  if (reason === 'listening') return 'Paused while opsforge listen takes its deliveries';
  return 'Paused by people';
}

function lastAnswer(recent: readonly Delivery[]): string {
  const last = recent.find(({ status, attempts }) => status !== 'delivered' && attempts > 0);
  if (last === undefined) return '';
  return last.lastStatusCode === null
    ? ', the last had no answer'
    : `, the last with ${last.lastStatusCode}`;
}

function untilOf(at: string | null, nowMs: number): { until?: string } {
  return at === null || Date.parse(at) <= nowMs ? {} : { until: at };
}

/** The clock, with the day when it is another. */
function momentWords(at: string, nowMs: number): string {
  const isToday = Math.floor(Date.parse(at) / dayMs) === Math.floor(nowMs / dayMs);
  return `${isToday ? '' : `${at.slice(0, 10)} `}${formatClock(at)} UTC`;
}

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);
