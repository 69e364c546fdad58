/**
 * Times counted by range, so that counts of any minutes and endpoints can be added up and a
 * percentile still be told, to within its range. The stored counts have their meaning by these
 * bounds: they must not change.
 */

/** Milliseconds: 1, 2, 5 up to a request's longest (60 s), then the retries' up to three days. */
export const latencyBoundsMs: readonly number[] = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000, 300_000,
  1_800_000, 7_200_000, 43_200_000, 259_200_000,
];

/** Place by place; count `i` is of the times from bound `i - 1` up to below bound `i`. */
export function addCounts(a: readonly number[], b: readonly number[]): number[] {
  const longer = a.length >= b.length ? a : b;
  return longer.map((_, at) => (a[at] ?? 0) + (b[at] ?? 0));
}

/**
 * The time below which the share of all lies, in whole ms, as if each range were evenly filled;
 * at least so much when it lies past the last bound. Null when nothing was counted.
 */
export function estimatePercentileMs(counts: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const wanted = total * share;
  let below = 0;
  for (const [at, count] of counts.entries()) {
    if (count > 0 && below + count >= wanted) {
      const from = latencyBoundsMs[at - 1] ?? 0;
      const until = latencyBoundsMs[at] ?? from;
      return Math.round(from + ((wanted - below) / count) * (until - from));
    }
    below += count;
  }
  return latencyBoundsMs.at(-1) ?? null;
}
