/** A delivery's attempts as its page shows them: phases on one scale, headers, bodies, schedule. */
import { STATUS_CODES } from 'node:http';
import type { ScheduleStep } from '../../../views/delivery.tsx';
import type { AttemptShown, PhasesShown } from '../../../views/delivery-attempts.tsx';
import type { Attempt, Delivery } from '../../usecases/deliveries/schemas.ts';

/** Longer than so many times the median, it would make all others a dot: it is cut instead. */
const outlierFactor = 4;

/** Newest first, as they come. */
export function showAttempts(attempts: readonly Attempt[], isTls: boolean): AttemptShown[] {
  const anchors = new Set<string>();
  return attempts.map((attempt, index) => {
    const previous = attempts[index + 1];
    // A result that came too late has the number of another: an anchor is the newest's.
    const plain = `attempt-${attempt.attempt}`;
    const anchor = anchors.has(plain) ? `${plain}-${attempt.id.slice(-8)}` : plain;
    anchors.add(anchor);
    return {
      anchor,
      number: attempt.attempt,
      outcome: attempt.outcome,
      statusCode: attempt.statusCode,
      errorCode: attempt.error?.code ?? null,
      message: attempt.error?.message ?? STATUS_CODES[attempt.statusCode ?? 0] ?? '',
      startedAt: attempt.startedAt,
      durationMs: attempt.durationMs,
      phases: phasesOf(attempt, isTls),
      sincePreviousMs: previous
        ? Date.parse(attempt.startedAt) - Date.parse(previous.startedAt)
        : null,
      who: [attempt.worker, attempt.remoteAddress].filter(Boolean).join(' · '),
      requestHeaders: Object.entries(attempt.requestHeaders),
      responseHeaders: Object.entries(attempt.responseHeaders ?? {}),
      body: attempt.responseBody,
    };
  });
}

/** What is left of the whole belongs to the phase that was under way at the end. */
function phasesOf({ timings, durationMs }: Attempt, isTls: boolean): PhasesShown | null {
  const { dnsMs, connectMs, tlsMs, firstByteMs } = timings;
  const measured = [dnsMs, connectMs, tlsMs, firstByteMs];
  if (measured.every((ms) => ms === null)) return null;
  const sum = measured.reduce<number>((total, ms) => total + (ms ?? 0), 0);
  const restMs = Math.max(0, Math.round(durationMs - sum));
  const phases = { ...timings, downloadMs: null };
  if (firstByteMs !== null) return { ...phases, downloadMs: restMs };
  if (connectMs === null) return { ...phases, connectMs: restMs };
  return isTls && tlsMs === null
    ? { ...phases, tlsMs: restMs }
    : { ...phases, firstByteMs: restMs };
}

/** The scale of all bars, ms. */
export function scaleOf(attempts: readonly Pick<Attempt, 'durationMs'>[]): number {
  const sorted = attempts.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const usual = sorted.filter((ms) => ms <= Math.max(1, median) * outlierFactor);
  return Math.max(1, usual.at(-1) ?? 1);
}

/** What was, what is next, and what would come after that. */
export function scheduleOf(
  delivery: Delivery,
  attempts: readonly Attempt[],
  retrySchedule: readonly number[],
): ScheduleStep[] {
  const next = delivery.attempts + 1;
  const count = Math.max(retrySchedule.length + 1, delivery.attempts);
  let laterMs = Date.parse(delivery.nextAttemptAt ?? '');
  return Array.from({ length: count }, (_, index): ScheduleStep => {
    const number = index + 1;
    const waitSeconds = retrySchedule[index - 1];
    const waitMs = index === 0 || waitSeconds === undefined ? null : waitSeconds * 1_000;
    const made = attempts.find((attempt) => attempt.attempt === number);
    if (number < next) {
      const state = made?.outcome === 'delivered' ? 'delivered' : 'failed';
      return { number, waitMs, state, at: made?.startedAt ?? null };
    }
    if (delivery.nextAttemptAt === null) return { number, waitMs, state: 'unused', at: null };
    if (number > next) laterMs += waitMs ?? 0;
    const at = new Date(laterMs).toISOString();
    return { number, waitMs, state: number === next ? 'next' : 'later', at };
  });
}
