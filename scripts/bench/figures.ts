/** From measured numbers to the words of a table. */

/** The value below which the part `share` of them lies; NaN when there are none. */
function percentile(sorted: ArrayLike<number>, share: number): number {
  const at = Math.min(sorted.length - 1, Math.floor(sorted.length * share));
  return sorted[at] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = percentile(sorted, 0.5);
  if (sorted.length % 2 === 1) return upper;
  return (upper + (sorted[sorted.length / 2 - 1] ?? Number.NaN)) / 2;
}

export type Spread = {
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  max: number;
  count: number;
};

export function spreadOf(values: Iterable<number>): Spread {
  const sorted = Float64Array.from(values).sort();
  return {
    p50: percentile(sorted, 0.5),
    p90: percentile(sorted, 0.9),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    max: sorted.at(-1) ?? Number.NaN,
    count: sorted.length,
  };
}

/** `1.8 ms`, `240 ms`, `1.43 s` */
export function inMs(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
}

/** `4,310/s` */
export function inRate(perSecond: number): string {
  return `${Math.round(perSecond).toLocaleString('en')}/s`;
}

export function inRatio(ratio: number): string {
  return ratio.toFixed(2);
}

/** Processor time of one event: `152 µs` */
export function inMicroseconds(microseconds: number | null): string {
  return microseconds === null ? 'n/a' : `${Math.round(microseconds)} µs`;
}
