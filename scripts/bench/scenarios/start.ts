/** How long until the service is ready: in an empty folder, and in one that has its database. */
import { inMs, median } from '../figures.ts';
import type { Bench, Scenario, Section } from '../scenario.ts';

export const start: Scenario = {
  name: 'start',
  title: 'Start',
  summary: 'first and later start with the embedded database',
  run,
};

async function run(bench: Bench): Promise<Section> {
  const rounds = bench.pick({ tiny: 1, quick: 1, usual: 3 });
  const firstMs: number[] = [];
  const laterMs: number[] = [];
  let ready = 0;
  for (let round = 0; round < rounds; round += 1) {
    const dataDir = await bench.folder();
    for (const times of [firstMs, laterMs]) {
      const service = await bench.startService({ dataDir });
      times.push(service.readyMs);
      const answer = await fetch(new URL('/readyz', service.url));
      if (answer.ok) ready += 1;
      await service.stop();
    }
    bench.say(`first ${inMs(firstMs.at(-1) ?? 0)}, later ${inMs(laterMs.at(-1) ?? 0)}`);
  }
  const figure = (times: number[]) => `${inMs(median(times))} (least ${inMs(Math.min(...times))})`;
  return {
    rows: [
      { what: 'first start, empty folder', figure: figure(firstMs), target: atMost(firstMs, 5) },
      { what: 'later start', figure: figure(laterMs), target: atMost(laterMs, 1.5) },
    ],
    notes: [
      `Median and least of ${rounds}, from starting the process to its word that it listens;`,
      '`/readyz` answered 200 each time. A first start unpacks PostgreSQL and makes the database.',
    ],
    counts: [{ what: 'ready', wanted: 2 * rounds, got: ready }],
  };
}

const atMost = (times: number[], seconds: number) => ({
  words: `≤ ${seconds} s`,
  met: median(times) <= seconds * 1_000,
});
