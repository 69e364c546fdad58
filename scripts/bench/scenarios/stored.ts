/** Whether the rate lasts: beside a service with an empty history, one with a long history. */
import { openDatabaseView } from '../database-view.ts';
import { type Line, measureRate } from '../end-to-end.ts';
import { inRate, inRatio } from '../figures.ts';
import type { LoadCommands } from '../processes/load.ts';
import type { ReceiverCommands } from '../processes/receiver.ts';
import { inTurns, medianTurn, ratesOf, ratioOf } from '../rounds.ts';
import type { Bench, Count, Scenario, Section } from '../scenario.ts';
import { openSeed } from '../seed.ts';
import { eventPayload, eventTypes, ingestOf, makeEndpoints } from '../workload.ts';

const endpointCount = 8;
const dayMs = 86_400_000;

export const stored: Scenario = {
  name: 'stored',
  title: 'Stored',
  summary: 'accepted, delivered, recorded with 1 M deliveries stored (--full: 10 M) and with none',
  run,
};

async function run(bench: Bench): Promise<Section> {
  const [load, receiver] = await Promise.all([
    bench.startProcess<LoadCommands>('load'),
    bench.startProcess<ReceiverCommands>('receiver'),
  ]);
  const url = `http://127.0.0.1:${await receiver.call('port', undefined)}/count`;
  const types = eventTypes('stored', endpointCount);
  const rows = bench.pick({ tiny: 2_000, quick: 100_000, usual: 1_000_000, full: 10_000_000 });

  async function prepare(name: string, count: number): Promise<Line & { name: string }> {
    const service = await bench.startService({ dataDir: await bench.dataFolder() });
    const { tenantId, projectId, apiKey } = await service.bootstrap('stored');
    const wanted = types.map((type) => ({ url, eventTypes: [type] }));
    const endpointIds = await makeEndpoints(service, apiKey, wanted);
    const databaseUrl = await service.databaseUrl();
    if (count > 0) {
      const seed = await bench.keep(openSeed(databaseUrl));
      const startMs = performance.now();
      const toMs = Date.now() - 60_000;
      const type = types[0] ?? '';
      const times = { fromMs: toMs - dayMs, toMs };
      const events = { tenantId, projectId, count, ...times, type, payload: eventPayload() };
      await seed.events(events);
      await seed.ended(events, endpointIds);
      await seed.settle();
      bench.say(`${count} stored within ${Math.round((performance.now() - startMs) / 1_000)} s`);
    }
    return {
      ...{ name, types, tenantId, target: ingestOf(service, apiKey) },
      ...{ pid: service.pid, databasePid: service.databasePid() },
      view: await bench.keep(openDatabaseView(databaseUrl)),
    };
  }

  const sides = [await prepare('none', 0), await prepare('stored', rows)];
  const rounds = bench.pick({ tiny: 1, quick: 1, usual: 3 });
  const times = {
    warmUpMs: bench.pick({ tiny: 100, quick: 1_000, usual: 2_000 }),
    durationMs: bench.pick({ tiny: 200, quick: 2_000, usual: 6_000 }),
  };
  const counts: Count[] = [];
  const [empty, full] = await inTurns(rounds, sides, async (line) => {
    const { turn, counts: checked } = await measureRate({ load, receiver }, line, times);
    counts.push(...checked.map((each) => ({ ...each, what: `${line.name}: ${each.what}` })));
    bench.say(`${line.name}: ${inRate(turn.perSecond)}`);
    return turn;
  });
  const ratio = ratioOf(ratesOf(full), ratesOf(empty));
  const amount = rows.toLocaleString('en');
  return {
    rows: [
      { what: 'nothing stored', figure: inRate(medianTurn(empty).perSecond) },
      { what: `${amount} stored`, figure: inRate(medianTurn(full).perSecond) },
      {
        what: `${amount} stored ÷ nothing stored`,
        figure: inRatio(ratio),
        target: { words: '≥ 0.8', met: ratio >= 0.8 },
      },
    ],
    notes: [
      `Two services beside each other, in turns, ${rounds} rounds of ${times.durationMs / 1_000} s,`,
      'medians. What is stored are events of the size that is posted, each with an ended delivery',
      'and its attempt, of the same endpoints and the last 24 hours: one or two partitions.',
    ],
    counts,
  };
}
