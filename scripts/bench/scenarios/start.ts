/** How long until the service is ready: in an empty folder, and in one that has its database. */
import { inMs, median } from '../figures.ts';
import type { Bench, Scenario, Section } from '../scenario.ts';

const rounds = 3;

export const start: Scenario = {
  name: 'start',
  title: 'Start',
  summary: `first and later start with the embedded database, ${rounds} rounds`,
  run,
};

async function run(bench: Bench): Promise<Section> {
  const firstMs: number[] = [];
  const laterMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const dataDir = await bench.folder();
    for (const times of [firstMs, laterMs]) {
      const service = await bench.startService({ dataDir });
      times.push(service.readyMs);
      const answer = await fetch(new URL('/readyz', service.url));
      if (!answer.ok) throw new Error(`/readyz answered ${answer.status} after the start`);
      await service.stop();
    }
    bench.say(`first ${inMs(firstMs.at(-1) ?? 0)}, later ${inMs(laterMs.at(-1) ?? 0)}`);
  }
  const figure = (times: number[]) => `${inMs(median(times))} (least ${inMs(Math.min(...times))})`;
  return {
    rows: [
      { what: 'first start, empty folder', figure: figure(firstMs), target: '≤ 5 s' },
      { what: 'later start', figure: figure(laterMs), target: '≤ 1.5 s' },
    ],
    notes: [
      `Median and least of ${rounds}, from starting the process to its word that it listens;`,
      '`/readyz` answered 200 each time. A first start unpacks PostgreSQL and makes the database.',
    ],
  };
}
