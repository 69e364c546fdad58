/**
 * Two sides measured in turns on one machine, the service and the probe: what disturbs the machine
 * disturbs both, so their ratio (the median of the rounds') says more than either figure.
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

export type Compared = { service: Turn; probe: Turn; ratio: number };

export async function compare(
  rounds: number,
  measure: (side: 'service' | 'probe') => Promise<Turn>,
): Promise<Compared> {
  const service: Turn[] = [];
  const probe: Turn[] = [];
  for (let round = 0; round < rounds; round += 1) {
    service.push(await measure('service'));
    probe.push(await measure('probe'));
  }
  const ratios = service.map(
    ({ perSecond }, round) => perSecond / (probe[round]?.perSecond ?? Number.NaN),
  );
  return { service: medianTurn(service), probe: medianTurn(probe), ratio: median(ratios) };
}

function medianTurn(turns: readonly Turn[]): Turn {
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
