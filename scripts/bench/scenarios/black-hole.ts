/** What an endpoint that takes 50,000 requests and answers none does to its neighbours. */
import { measureLatency } from '../end-to-end.ts';
import { inMs, inRate, inRatio, median } from '../figures.ts';
import type { LoadCommands } from '../processes/load.ts';
import type { ReceiverCommands } from '../processes/receiver.ts';
import { inTurns, ratioOf } from '../rounds.ts';
import type { Bench, Count, Scenario, Section } from '../scenario.ts';
import { openSeed } from '../seed.ts';
import { eventPayload, eventTypes, ingestOf, makeEndpoints, turnEndpoints } from '../workload.ts';

const endpointCount = 8;
const hourMs = 3_600_000;
/** Longer than a turn: a timeout would give room for a moment. */
const timeoutMs = 60_000;
/** Until the hole has all that it may have in flight. */
const fallMs = 1_000;

export const blackHole: Scenario = {
  name: 'black-hole',
  title: 'Black hole',
  summary: 'POST to receipt beside an endpoint that never answers, and without it',
  run,
};

async function run(bench: Bench): Promise<Section> {
  const [load, receiver, hole] = await Promise.all([
    bench.startProcess<LoadCommands>('load'),
    bench.startProcess<ReceiverCommands>('receiver'),
    bench.startProcess<ReceiverCommands>('receiver'),
  ]);
  const url = `http://127.0.0.1:${await receiver.call('port', undefined)}/stamp`;
  const holeUrl = `http://127.0.0.1:${await hole.call('port', undefined)}/hang`;
  const pending = bench.pick({ tiny: 1_000, quick: 10_000, usual: 50_000 });
  const perSecond = bench.pick({ tiny: 100, quick: 500, usual: 500 });
  const durationMs = bench.pick({ tiny: 500, quick: 3_000, usual: 6_000 });
  const rounds = bench.pick({ tiny: 1, quick: 1, usual: 3 });
  const types = eventTypes('well', endpointCount);

  async function prepare(name: string, withHole: boolean) {
    const service = await bench.startService({ dataDir: await bench.dataFolder() });
    const { tenantId, projectId, apiKey } = await service.bootstrap('black-hole');
    await makeEndpoints(
      service,
      apiKey,
      types.map((type) => ({ url, eventTypes: [type] })),
    );
    const side = { name, target: ingestOf(service, apiKey) };
    if (!withHole) return { ...side, wake: async () => {} };
    const type = 'bench.hole';
    const choices = { url: holeUrl, eventTypes: [type], timeoutMs };
    const ids = await makeEndpoints(service, apiKey, [choices]);
    await turnEndpoints(service, apiKey, ids, 'pause');
    const seed = await bench.keep(openSeed(await service.databaseUrl()));
    const nowMs = Date.now();
    const times = { fromMs: nowMs - 2 * hourMs, toMs: nowMs - hourMs };
    const payload = eventPayload();
    const events = { tenantId, projectId, type, payload, count: pending, ...times };
    await seed.events(events);
    await seed.pending(events, ids, { attempts: 0, dueAtMs: nowMs - hourMs });
    await seed.settle();
    return {
      ...side,
      /** Also the end of a breaker that opened in the turn before. */
      async wake() {
        await turnEndpoints(service, apiKey, ids, 'resume');
        await Bun.sleep(fallMs);
      },
    };
  }

  const sides = [await prepare('without', false), await prepare('with', true)];
  const counts: Count[] = [];
  const [without, beside] = await inTurns(rounds, sides, async ({ name, target, wake }) => {
    await wake();
    const options = { target, types, perSecond, durationMs };
    const { spread, counts: checked } = await measureLatency({ load, receiver }, options);
    counts.push(...checked.map((each) => ({ ...each, what: `${name}: ${each.what}` })));
    bench.say(`${name}: p50 ${inMs(spread.p50)}, p99 ${inMs(spread.p99)}`);
    return spread;
  });
  const p50 = (of: { p50: number }[] = []) => inMs(median(of.map((one) => one.p50)));
  const p99s = (of: { p99: number }[] = []) => of.map((one) => one.p99);
  const ratio = ratioOf(p99s(beside), p99s(without));
  const figure = (of: { p50: number; p99: number }[] = []) =>
    `p50 ${p50(of)}, p99 ${inMs(median(p99s(of)))}`;
  return {
    rows: [
      { what: 'the others without it', figure: figure(without) },
      {
        what: `the others beside it, ${pending.toLocaleString('en')} pending`,
        figure: figure(beside),
      },
      {
        what: 'p99 beside it ÷ without it',
        figure: inRatio(ratio),
        target: { words: '≤ 2', met: ratio <= 2 },
      },
    ],
    notes: [
      `POST → receipt of ${inRate(perSecond)} for ${endpointCount} endpoints; two services beside`,
      `each other, in turns, ${rounds} rounds of ${durationMs / 1_000} s, medians. The hole takes`,
      'each connection and never answers; it is resumed before each turn, so no breaker is open.',
    ],
    counts,
  };
}
