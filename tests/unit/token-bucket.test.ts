import { describe, expect, test } from 'bun:test';
import { TokenBucket } from '../../src/domain/dispatch/token-bucket.ts';

/** When attempts start within so many ms, by an endpoint that always has work. */
function startsOf(bucket: TokenBucket, fromMs: number, untilMs: number): number[] {
  const starts: number[] = [];
  for (let nowMs = fromMs; nowMs < untilMs; ) {
    const waitMs = bucket.waitMs(nowMs);
    if (waitMs === 0) {
      bucket.take(nowMs);
      starts.push(nowMs);
    }
    nowMs += waitMs;
  }
  return starts;
}

/** The most that start within any one second. */
function busiestSecond(starts: readonly number[]): number {
  return Math.max(
    ...starts.map((from) => starts.filter((at) => at >= from && at < from + 1_000).length),
  );
}

describe('a token bucket', () => {
  test('that keeps a second gives so many at once after a silence, and no more', () => {
    const bucket = new TokenBucket(10, 0, 1);
    const takeAll = (nowMs: number) => {
      let taken = 0;
      for (; taken < 100 && bucket.waitMs(nowMs) === 0; taken += 1) bucket.take(nowMs);
      return taken;
    };
    // A new one knows nothing of the one before it.
    expect(takeAll(0)).toBe(1);
    expect(takeAll(60_000)).toBe(10);
    expect(takeAll(60_500)).toBe(5);
  });

  test.each([
    [1, 1],
    [5, 5],
    [10, 10],
    [100, 110],
    [1_000, 1_100],
  ])('of %d a second starts at most %d in any second', (perSecond, most) => {
    const starts = startsOf(new TokenBucket(perSecond, 0), 0, 5_000);
    expect(busiestSecond(starts)).toBeLessThanOrEqual(most);
    expect(starts.length).toBeGreaterThanOrEqual(5 * perSecond * 0.99);
  });

  test('keeps no more than a tenth of a second of what was not used', () => {
    const bucket = new TokenBucket(100, 0);
    bucket.take(0);
    expect(startsOf(bucket, 60_000, 60_001)).toHaveLength(10);
  });

  test('says when the next may start, to the millisecond', () => {
    const bucket = new TokenBucket(4, 1_000);
    expect(bucket.waitMs(1_000)).toBe(0);
    bucket.take(1_000);
    expect(bucket.waitMs(1_000)).toBe(250);
    expect(bucket.waitMs(1_249)).toBe(1);
    expect(bucket.waitMs(1_250)).toBe(0);
  });

  test('remembers what was used when the rate is changed', () => {
    const bucket = new TokenBucket(1, 0);
    bucket.take(0);
    bucket.setRate(2, 0);
    expect(bucket.waitMs(0)).toBe(500);
    bucket.setRate(1, 250);
    expect(bucket.waitMs(250)).toBe(500);
  });

  test('is not confused by a time that goes back', () => {
    const bucket = new TokenBucket(1, 1_000);
    bucket.take(1_000);
    expect(bucket.waitMs(0)).toBe(1_000);
    expect(bucket.waitMs(2_000)).toBe(0);
  });
});
