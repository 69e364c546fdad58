/** How long an event takes while the service is half as busy as it can be. */
import { openDatabaseView } from '../database-view.ts';
import { measureLatency, measureRate } from '../end-to-end.ts';
import { inMs, inRate } from '../figures.ts';
import type { LoadCommands } from '../processes/load.ts';
import type { ReceiverCommands } from '../processes/receiver.ts';
import type { Bench, Scenario, Section } from '../scenario.ts';
import { eventTypes, ingestOf, makeEndpoints } from '../workload.ts';

const endpointCount = 8;

export const halfLoad: Scenario = {
  name: 'half-load',
  title: 'Half load',
  summary: 'POST to receipt at half of the rate that was just measured',
  run,
};

async function run(bench: Bench): Promise<Section> {
  const [service, load, receiver] = await Promise.all([
    bench.startService({ dataDir: await bench.dataFolder() }),
    bench.startProcess<LoadCommands>('load'),
    bench.startProcess<ReceiverCommands>('receiver'),
  ]);
  const receiverUrl = `http://127.0.0.1:${await receiver.call('port', undefined)}`;
  const view = await bench.keep(openDatabaseView(await service.databaseUrl()));
  const { tenantId, apiKey } = await service.bootstrap('half-load');
  const full = eventTypes('full', endpointCount);
  const half = eventTypes('half', endpointCount);
  await makeEndpoints(service, apiKey, [
    ...full.map((type) => ({ url: `${receiverUrl}/count`, eventTypes: [type] })),
    ...half.map((type) => ({ url: `${receiverUrl}/stamp`, eventTypes: [type] })),
  ]);
  const target = ingestOf(service, apiKey);
  const line = {
    ...{ target, types: full, tenantId, view },
    ...{ pid: service.pid, databasePid: service.databasePid() },
  };
  const rate = await measureRate({ load, receiver }, line, {
    warmUpMs: bench.pick({ tiny: 100, quick: 1_000, usual: 3_000 }),
    durationMs: bench.pick({ tiny: 200, quick: 2_000, usual: 6_000 }),
  });
  const perSecond = Math.max(1, Math.floor(rate.turn.perSecond / 2));
  bench.say(`at the most ${inRate(rate.turn.perSecond)}`);
  const durationMs = bench.pick({ tiny: 300, quick: 3_000, usual: 10_000 });
  const { spread, counts } = await measureLatency(
    { load, receiver },
    { target, types: half, perSecond, durationMs },
  );
  return {
    rows: [
      { what: 'at the most, accepted to recorded', figure: inRate(rate.turn.perSecond) },
      { what: `at ${inRate(perSecond)}: POST → receipt, p50`, figure: inMs(spread.p50) },
      { what: 'POST → receipt, p90', figure: inMs(spread.p90) },
      { what: 'POST → receipt, p99', figure: inMs(spread.p99) },
    ],
    notes: [
      `The most is measured as above, then events come at half of it for ${durationMs / 1_000} s,`,
      'each at its own moment whatever the others take; its time counts from that moment.',
    ],
    counts: [...rate.counts, ...counts],
  };
}
