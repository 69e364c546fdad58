/**
 * When a delivery is tried again. A schedule is the delays after the first, second, … failed
 * attempt, in seconds: n entries make n + 1 attempts, none makes one. Each delay is varied by
 * +-20 %, so that what failed together does not come back together. A receiver's Retry-After can
 * only make the wait longer, never shorter than the schedule's, and no longer than the step
 * itself or 1 h, whichever is longer: a receiver must not be able to park a delivery for a year.
 */
import { AppError, type FieldError } from './errors.ts';

/** The example schedule of Standard Webhooks 1.0: 10 attempts over 75 h 35 min 5 s. */
export const defaultSchedule: readonly number[] = [
  5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400,
];

export const scheduleEntriesMax = 20;
export const scheduleSecondsMax = 7 * 24 * 60 * 60;

const jitterRatio = 0.2;
const retryAfterFloorMs = 60 * 60 * 1000;

type FailedAttempt = {
  /** The attempt that just failed; the first is 1. */
  attempt: number;
  /** Seconds. */
  schedule: readonly number[];
  /** What the receiver asked for, by `parseRetryAfter`. */
  retryAfterMs: number | null;
};

/**
 * Milliseconds until the next attempt; null when the schedule is used up.
 * @param failed.random in [0, 1)
 */
export function nextAttemptDelayMs(failed: FailedAttempt & { random: number }): number | null {
  const stepSeconds = failed.schedule[failed.attempt - 1];
  if (stepSeconds === undefined) return null;
  const factor = 1 - jitterRatio + 2 * jitterRatio * failed.random;
  const jitteredMs = Math.round(stepSeconds * 1000 * factor);
  // Not varied downwards when the receiver named a time: earlier than it asked is never right.
  return Math.max(jitteredMs, honouredRetryAfterMs(failed) ?? 0);
}

/** How much of a receiver's Retry-After is kept to: the time that its endpoint is paused for. */
export function honouredRetryAfterMs(failed: FailedAttempt): number | null {
  if (failed.retryAfterMs === null) return null;
  const stepMs = (failed.schedule[failed.attempt - 1] ?? 0) * 1000;
  return Math.min(failed.retryAfterMs, Math.max(stepMs, retryAfterFloorMs));
}

/** @throws AppError `invalid` naming each bad entry as `retrySchedule.<index>` */
export function validateSchedule(schedule: readonly number[]): void {
  const fields: FieldError[] = [];
  if (schedule.length > scheduleEntriesMax) {
    fields.push({ path: 'retrySchedule', message: `must be at most ${scheduleEntriesMax} delays` });
  }
  for (const [index, seconds] of schedule.slice(0, scheduleEntriesMax).entries()) {
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > scheduleSecondsMax) {
      const message = `must be whole seconds from 1 to ${scheduleSecondsMax} (7 days)`;
      fields.push({ path: `retrySchedule.${index}`, message });
    }
  }
  const first = fields[0];
  if (first) throw new AppError('invalid', `${first.path}: ${first.message}`, { fields });
}

/**
 * Retry-After of RFC 9110 in milliseconds from now: seconds (a fraction is let pass, some servers
 * send one) or an HTTP date; a date that has passed is 0. Null for anything else: a value that is
 * not understood must change nothing.
 */
export function parseRetryAfter(value: string | null | undefined, nowMs: number): number | null {
  const text = value?.trim() ?? '';
  // Ten digits are 317 years; more would only leave the safe integers.
  if (/^\d{1,10}(?:\.\d{1,6})?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const dateMs = parseHttpDate(text, nowMs);
  return dateMs === null ? null : Math.max(0, dateMs - nowMs);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const timeOfDay = '(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})';
/**
 * RFC 9110 5.6.7: the form to send, and the two old ones that a recipient must still understand.
 */
const httpDateForms = [
  new RegExp(`^[A-Z][a-z]{2}, (?<day>\\d{2}) (?<month>\\w{3}) (?<year>\\d{4}) ${timeOfDay} GMT$`),
  new RegExp(`^[A-Z][a-z]{5,8}, (?<day>\\d{2})-(?<month>\\w{3})-(?<year>\\d{2}) ${timeOfDay} GMT$`),
  new RegExp(`^[A-Z][a-z]{2} (?<month>\\w{3}) (?<day>[ \\d]\\d) ${timeOfDay} (?<year>\\d{4})$`),
];

/** Date.parse would not do: it takes `-5` and `soon 7` for dates. */
function parseHttpDate(text: string, nowMs: number): number | null {
  for (const form of httpDateForms) {
    const groups = form.exec(text)?.groups;
    if (groups) return httpDateMs(groups, nowMs);
  }
  return null;
}

function httpDateMs(groups: Record<string, string | undefined>, nowMs: number): number | null {
  const month = months.indexOf(groups['month'] ?? '');
  const day = Number(groups['day']);
  const time = [groups['hour'], groups['minute'], groups['second']].map(Number);
  const [hour = 0, minute = 0, second = 0] = time;
  let year = Number(groups['year']);
  if (groups['year']?.length === 2) {
    const thisYear = new Date(nowMs).getUTCFullYear();
    year += Math.floor(thisYear / 100) * 100;
    // RFC 9110: a two-digit year more than 50 years ahead is of the century before.
    if (year > thisYear + 50) year -= 100;
  }
  const dateMs = Date.UTC(year, month, day, hour, minute, second);
  const isReal = month >= 0 && new Date(Date.UTC(year, month, day)).getUTCDate() === day;
  return isReal && hour < 24 && minute < 60 && second <= 60 ? dateMs : null;
}
