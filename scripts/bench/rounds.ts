/**
 * Several sides measured in turns on one machine, such as the service and the probe: what disturbs
 * the machine disturbs all, so the ratio of two (the median of the rounds') says more than either
 * figure.
 */
import { median } from './figures.ts';

export type Turn = {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Processor time of the process and of PostgreSQL for one event; null where not known. */
  ownMicroseconds: number | null;
  databaseMicroseconds: number | null;
};

/** What was measured of each side, in the order of `sides`. */
export async function inTurns<Side, Measured>(
  rounds: number,
  sides: readonly Side[],
  measure: (side: Side) => Promise<Measured>,
): Promise<Measured[][]> {
  const measured: Measured[][] = sides.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, side] of sides.entries()) measured[index]?.push(await measure(side));
  }
  return measured;
}

/** The median of the rounds' ratios. */
export function ratioOf(ones: readonly number[], others: readonly number[]): number {
  return median(ones.map((one, round) => one / (others[round] ?? Number.NaN)));
}

export const ratesOf = (turns: readonly Turn[] = []) => turns.map(({ perSecond }) => perSecond);

export function medianTurn(turns: readonly Turn[] = []): Turn {
  const of = (value: (turn: Turn) => number) => median(turns.map(value));
  const ofKnown = (value: (turn: Turn) => number | null) => {
    const known = turns.map(value).filter((one) => one !== null);
    return known.length === 0 ? null : median(known);
  };
  return {
    perSecond: of((turn) => turn.perSecond),
    p50Ms: of((turn) => turn.p50Ms),
    p99Ms: of((turn) => turn.p99Ms),
    ownMicroseconds: ofKnown((turn) => turn.ownMicroseconds),
    databaseMicroseconds: ofKnown((turn) => turn.databaseMicroseconds),
  };
}
