import { describe, expect, test } from 'bun:test';
import {
  defaultSchedule,
  honouredRetryAfterMs,
  nextAttemptDelayMs,
  parseRetryAfter,
  scheduleEntriesMax,
  scheduleSecondsMax,
  validateSchedule,
} from '../../src/domain/retry-schedule.ts';
import { seededRandom } from '../support/seeded-random.ts';

const hourMs = 3_600_000;

describe('the retry schedule', () => {
  test('makes ten attempts over 75 h 35 min 5 s by default', () => {
    const delays: number[] = [];
    for (let attempt = 1; attempt <= 20; attempt += 1) {
      const delayMs = nextAttemptDelayMs({
        attempt,
        schedule: defaultSchedule,
        random: 0.5,
        retryAfterMs: null,
      });
      if (delayMs === null) break;
      delays.push(delayMs);
    }
    expect(delays).toHaveLength(9);
    expect(delays.reduce((sum, delayMs) => sum + delayMs, 0)).toBe(
      ((75 * 60 + 35) * 60 + 5) * 1000,
    );
  });

  test('varies each delay by 20 % in both directions', () => {
    const delay = (random: number) =>
      nextAttemptDelayMs({ attempt: 2, schedule: [5, 300], random, retryAfterMs: null });
    expect(delay(0)).toBe(240_000);
    expect(delay(0.5)).toBe(300_000);
    expect(delay(0.999999999)).toBe(360_000);
  });

  test('makes one attempt when it is empty, and gives up past its end', () => {
    const failed = { random: 0.5, retryAfterMs: 60_000 };
    expect(nextAttemptDelayMs({ ...failed, attempt: 1, schedule: [] })).toBeNull();
    expect(nextAttemptDelayMs({ ...failed, attempt: 3, schedule: [1, 1] })).toBeNull();
    expect(nextAttemptDelayMs({ ...failed, attempt: 2, schedule: [1, 1] })).toBe(60_000);
  });

  test('keeps to Retry-After when it is later, up to the step or 1 h', () => {
    const delay = (stepSeconds: number, retryAfterMs: number) =>
      nextAttemptDelayMs({ attempt: 1, schedule: [stepSeconds], random: 0.5, retryAfterMs });
    expect(delay(5, 30_000)).toBe(30_000);
    expect(delay(5, hourMs)).toBe(hourMs);
    expect(delay(5, 24 * hourMs)).toBe(hourMs);
    expect(delay(7200, 3 * hourMs)).toBe(2 * hourMs);
    expect(delay(300, 1000)).toBe(300_000);
    expect(delay(300, 0)).toBe(300_000);
  });

  test('never comes back before the honoured time nor before 80 % of the step (seeded)', () => {
    const random = seededRandom(3);
    for (let run = 0; run < 5000; run += 1) {
      const stepSeconds = 1 + random.below(scheduleSecondsMax);
      const retryAfterMs = random.below(3) === 0 ? null : random.below(30 * 24 * hourMs);
      const failed = { attempt: 1, schedule: [stepSeconds], retryAfterMs };
      const delayMs = nextAttemptDelayMs({ ...failed, random: random.next() });
      const capMs = Math.max(stepSeconds * 1200, hourMs);
      expect(delayMs).toBeGreaterThanOrEqual(stepSeconds * 800);
      expect(delayMs).toBeGreaterThanOrEqual(honouredRetryAfterMs(failed) ?? 0);
      expect(delayMs).toBeLessThanOrEqual(capMs);
    }
  });

  test('honours up to 1 h for a pause when the delivery itself is given up', () => {
    const asked = (retryAfterMs: number | null) =>
      honouredRetryAfterMs({ attempt: 4, schedule: [5], retryAfterMs });
    expect(asked(null)).toBeNull();
    expect(asked(5000)).toBe(5000);
    expect(asked(9 * hourMs)).toBe(hourMs);
  });

  test.each([[], [1], [scheduleSecondsMax], defaultSchedule, Array(scheduleEntriesMax).fill(1)])(
    'may be %j',
    (...schedule) => {
      expect(() => validateSchedule(schedule.flat())).not.toThrow();
    },
  );

  test.each([
    ['retrySchedule.0', [0]],
    ['retrySchedule.1', [5, -1]],
    ['retrySchedule.0', [1.5]],
    ['retrySchedule.0', [Number.NaN]],
    ['retrySchedule.0', [scheduleSecondsMax + 1]],
    ['retrySchedule', Array(scheduleEntriesMax + 1).fill(1)],
  ])('blames %s in %j', (path, schedule) => {
    expect(() => validateSchedule(schedule)).toThrow(`${path}: must be`);
  });
});

describe('Retry-After', () => {
  const nowMs = Date.UTC(2026, 9, 21, 7, 27, 0);

  test.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7000],
    ['1.5', 1500],
    ['9999999999', 9_999_999_999_000],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 60_000],
    ['Wednesday, 21-Oct-26 07:28:00 GMT', 60_000],
    ['Wed Oct 21 07:28:00 2026', 60_000],
    ['Sun Nov  1 07:27:00 2026', 11 * 24 * hourMs],
    ['Wed, 21 Oct 2026 07:26:00 GMT', 0],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
  ])('%j is understood', (value, expectedMs) => {
    expect(parseRetryAfter(value, nowMs)).toBe(expectedMs);
  });

  test.each([
    null,
    undefined,
    '',
    '-5',
    '+5',
    '1e9',
    '0x10',
    'NaN',
    'Infinity',
    '99999999999999999999999',
    'soon',
    'soon 7',
    '5 minutes',
    '2026-10-21T07:28:00Z',
    'Wed, 21 Oct 2026 07:28:00 CET',
    'Wed, 31 Feb 2026 07:28:00 GMT',
    'Wed, 21 Foo 2026 07:28:00 GMT',
    'Wed, 21 Oct 2026 25:28:00 GMT',
    '120, 60',
  ])('%j changes nothing', (value) => {
    expect(parseRetryAfter(value, nowMs)).toBeNull();
  });
});
