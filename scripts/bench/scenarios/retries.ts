/** The thundering herd: many retries for one endpoint that are due at the same moment. */
import { machineMs } from '../clock.ts';
import { measureLatency } from '../end-to-end.ts';
import { inMs, inRate, inRatio, median, spreadOf } from '../figures.ts';
import type { LoadCommands } from '../processes/load.ts';
import type { ReceiverCommands } from '../processes/receiver.ts';
import { inTurns, ratioOf } from '../rounds.ts';
import type { Bench, Count, Scenario, Section } from '../scenario.ts';
import { openSeed } from '../seed.ts';
import { eventPayload, eventTypes, ingestOf, makeEndpoints } from '../workload.ts';

const endpointCount = 8;
const perSecond = 500;
/** The feeder looks for what will be due each 5 s (DELIVERY_POLL_INTERVAL): it must have. */
const aheadMs = 6_000;
const pollMs = 50;
const goneMs = 60_000;

export const retries: Scenario = {
  name: 'retries',
  title: 'Thundering retries',
  summary: 'many retries for one endpoint due at the same moment; the others beside them',
  run,
};

async function run(bench: Bench): Promise<Section> {
  const [service, load, receiver, herd] = await Promise.all([
    bench.startService({ dataDir: await bench.dataFolder() }),
    bench.startProcess<LoadCommands>('load'),
    bench.startProcess<ReceiverCommands>('receiver'),
    bench.startProcess<ReceiverCommands>('receiver'),
  ]);
  const url = `http://127.0.0.1:${await receiver.call('port', undefined)}/stamp`;
  const herdUrl = `http://127.0.0.1:${await herd.call('port', undefined)}/count`;
  const { tenantId, projectId, apiKey } = await service.bootstrap('retries');
  const types = eventTypes('well', endpointCount);
  await makeEndpoints(
    service,
    apiKey,
    types.map((type) => ({ url, eventTypes: [type] })),
  );
  const type = 'bench.herd';
  const ids = await makeEndpoints(service, apiKey, [{ url: herdUrl, eventTypes: [type] }]);
  const seed = await bench.keep(openSeed(await service.databaseUrl()));
  const target = ingestOf(service, apiKey);
  const count = bench.pick({ tiny: 500, quick: 3_000, usual: 20_000 });
  const rounds = bench.pick({ tiny: 1, quick: 1, usual: 2 });
  const steadyMs = bench.pick({ tiny: 500, quick: 2_500, usual: 4_000 });
  const counts: Count[] = [];

  const [measured = []] = await inTurns(rounds, ['round'], async () => {
    const dueAtMs = Date.now() + aheadMs;
    const dueMs = machineMs() + aheadMs;
    const sentBefore = await herd.call('count', undefined);
    const times = { fromMs: Date.now() - 60_000, toMs: Date.now() };
    const events = { tenantId, projectId, type, payload: eventPayload(), count, ...times };
    await seed.events(events);
    await seed.pending(events, ids, { attempts: 1, dueAtMs });
    const steady = { target, types, perSecond, durationMs: steadyMs };
    const before = await measureLatency({ load, receiver }, steady);
    await Bun.sleep(Math.max(0, dueMs - machineMs()));
    const during = await measureLatency({ load, receiver }, steady);
    let sent = 0;
    while (sent < count && machineMs() < dueMs + goneMs) {
      sent = (await herd.call('count', undefined)) - sentBefore;
      await Bun.sleep(pollMs);
    }
    const goneAfterMs = (await herd.call('lastCountedMs', undefined)) - dueMs;
    // Only while they were going out.
    const beside = spreadOf(
      during.receivedMs
        .map((atMs, number) => atMs - (during.sentMs[number] ?? Number.NaN))
        .filter((_, number) => (during.sentMs[number] ?? 0) < dueMs + goneAfterMs),
    );
    counts.push({ what: 'retries received', wanted: count, got: Math.min(sent, count) });
    counts.push(...before.counts, ...during.counts);
    bench.say(
      `gone after ${inMs(goneAfterMs)}; p99 ${inMs(before.spread.p99)}, then ${inMs(beside.p99)}`,
    );
    return { goneAfterMs, before: before.spread, beside };
  });
  const of = (value: (one: (typeof measured)[number]) => number) => measured.map(value);
  const goneAfterMs = median(of((one) => one.goneAfterMs));
  const amount = count.toLocaleString('en');
  const before = of((one) => one.before.p99);
  const beside = of((one) => one.beside.p99);
  return {
    rows: [
      {
        what: `${amount} due at once: the last is received after`,
        figure: `${inMs(goneAfterMs)}, ${inRate((count * 1_000) / goneAfterMs)}`,
      },
      { what: 'the others before, p99', figure: inMs(median(before)) },
      { what: 'the others meanwhile, p99', figure: inMs(median(beside)) },
      { what: 'meanwhile ÷ before', figure: inRatio(ratioOf(beside, before)) },
    ],
    notes: [
      `POST → receipt of ${inRate(perSecond)} for ${endpointCount} other endpoints;`,
      `${rounds} rounds, medians. A retry opens a connection of its own, to time its phases.`,
    ],
    counts,
  };
}
