import { describe, expect, test } from 'bun:test';
import {
  addCounts,
  estimatePercentileMs,
  latencyBoundsMs,
} from '../../src/domain/latency-histogram.ts';

/** As the database counts: `width_bucket(ms, bounds)`. */
function countsOf(times: readonly number[]): number[] {
  const counts = Array.from({ length: latencyBoundsMs.length + 1 }, () => 0);
  for (const ms of times) {
    const place = latencyBoundsMs.filter((bound) => bound <= ms).length;
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts;
}

describe('a percentile', () => {
  test('is told to within the range that it lies in', () => {
    const times = Array.from({ length: 1_000 }, (_, at) => at);
    const counts = countsOf(times);
    expect(estimatePercentileMs(counts, 0.5)).toBe(500);
    const p95 = estimatePercentileMs(counts, 0.95) ?? 0;
    expect(Math.abs(p95 - 950)).toBeLessThan(2);
  });

  test('of nothing is null', () => {
    expect(estimatePercentileMs([], 0.5)).toBeNull();
    expect(estimatePercentileMs([0, 0], 0.5)).toBeNull();
  });

  test('past the last bound is at least that bound', () => {
    expect(estimatePercentileMs(countsOf([400_000_000]), 0.95)).toBe(259_200_000);
  });

  test('of one is in its range, at both ends of the scale', () => {
    expect(estimatePercentileMs(countsOf([0]), 0.95)).toBeLessThanOrEqual(1);
    const one = estimatePercentileMs(countsOf([30]), 0.5) ?? 0;
    expect(one).toBeGreaterThanOrEqual(20);
    expect(one).toBeLessThanOrEqual(50);
  });
});

test('counts of unequal length add up place by place', () => {
  expect(addCounts([1, 2], [10, 20, 30])).toEqual([11, 22, 30]);
  expect(addCounts([], [1])).toEqual([1]);
  expect(addCounts([1], [])).toEqual([1]);
});
