import { describe, expect, test } from 'bun:test';
import { nextPageAtMs, paceOf, pageRoom, settleDelayMs } from '../../src/domain/replays.ts';

describe('a page of a replay', () => {
  test('is as large as page, rate and queue allow', () => {
    expect(pageRoom(null, 500, 5_000)).toBe(500);
    expect(pageRoom(null, 500, 20)).toBe(20);
    expect(pageRoom(100, 500, 5_000)).toBe(20);
    expect(pageRoom(1, 500, 5_000)).toBe(1);
    expect(pageRoom(100_000, 500, 5_000)).toBe(500);
    expect(pageRoom(10, 500, 0)).toBe(0);
    expect(pageRoom(10, 500, -3)).toBe(0);
  });

  test('comes after the time that what was made takes up, lateness made up for', () => {
    const at = (plannedMs: number, nowMs: number, created: number) =>
      nextPageAtMs(10, { plannedMs, nowMs, created });
    expect(nextPageAtMs(null, { plannedMs: 0, nowMs: 7, created: 500 })).toBe(7);
    expect(at(10_000, 10_000, 2)).toBe(10_200);
    expect(at(10_000, 10_150, 2)).toBe(10_200);
    expect(at(10_000, 60_000, 2)).toBe(59_200);
    expect(at(10_000, 10_000, 0)).toBe(10_000);
  });

  test('that looks for the end is made less often the longer a replay takes', () => {
    expect([0, 20_000, 200_000, 9_000_000].map(settleDelayMs)).toEqual([
      ...[1_000, 1_000, 10_000, 30_000],
    ]);
  });
});

describe('the pace of a replay', () => {
  const nowMs = 1_000_000_000;
  const after = (ageMs: number) => ({ startedMs: nowMs - ageMs, nowMs });

  test('is what ended in the last minute', () => {
    const sample = { recent: 600, oldestMs: nowMs - 59_000, isCut: false };
    expect(paceOf(sample, after(600_000))).toBe(10);
    expect(paceOf({ recent: 0, oldestMs: null, isCut: false }, after(600_000))).toBe(0);
  });

  test('is of its own age while that is less, and of nothing before two seconds', () => {
    const sample = { recent: 100, oldestMs: nowMs - 9_000, isCut: false };
    expect(paceOf(sample, after(10_000))).toBe(10);
    expect(paceOf(sample, after(1_999))).toBeNull();
  });

  test('of a sample that is cut reaches back to its oldest', () => {
    expect(paceOf({ recent: 1_000, oldestMs: nowMs - 5_000, isCut: true }, after(600_000))).toBe(
      200,
    );
    expect(paceOf({ recent: 1_000, oldestMs: nowMs, isCut: true }, after(600_000))).toBeNull();
  });
});
