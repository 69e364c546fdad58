/** How long nobody sends for the shards of a worker that was killed with -9. */
import { randomBytes } from 'node:crypto';
import { startEmbedded } from '../../../db/embedded/embedded.ts';
import { machineMs } from '../clock.ts';
import { openDatabaseView } from '../database-view.ts';
import { measureLatency } from '../end-to-end.ts';
import { inMs, median } from '../figures.ts';
import type { LoadCommands } from '../processes/load.ts';
import type { ReceiverCommands } from '../processes/receiver.ts';
import type { Bench, Count, Scenario, Section } from '../scenario.ts';
import { eventTypes, ingestOf, makeEndpoints } from '../workload.ts';

/** Of 64 shards: each worker leads some of them but for one run in four billion. */
const endpointCount = 32;
const perSecond = 200;
const sharedTimeoutMs = 30_000;
const pollMs = 100;
/** Of 64 shards, a fair share. */
const half = 32;
const targetMs = 5_000;

export const leader: Scenario = {
  name: 'leader',
  title: 'Leader killed',
  summary: 'two workers, one killed with -9: until its endpoints get deliveries again',
  run,
};

async function run(bench: Bench): Promise<Section> {
  const dataDir = await bench.folder();
  const [load, receiver, database] = await Promise.all([
    bench.startProcess<LoadCommands>('load'),
    bench.startProcess<ReceiverCommands>('receiver'),
    bench.keep(startEmbedded({ dataDir, dataDirNamed: true, log: () => {} })),
  ]);
  const installation = {
    database: { url: database.adminUrl, secretKey: randomBytes(32).toString('base64') },
  };
  const staying = await bench.startService({ dataDir: await bench.folder(), ...installation });
  const { apiKey } = await staying.bootstrap('leader');
  const url = `http://127.0.0.1:${await receiver.call('port', undefined)}/stamp`;
  const types = eventTypes('led', endpointCount);
  await makeEndpoints(
    staying,
    apiKey,
    types.map((type) => ({ url, eventTypes: [type] })),
  );
  const view = await bench.keep(openDatabaseView(database.adminUrl));
  const target = ingestOf(staying, apiKey);
  const rounds = bench.pick({ tiny: 1, quick: 1, usual: 3 });
  const beforeMs = bench.pick({ tiny: 300, quick: 1_000, usual: 1_000 });
  const afterMs = bench.pick({ tiny: 2_000, quick: 4_000, usual: 6_000 });
  const counts: Count[] = [];
  const gapsMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const killed = await bench.startService({ dataDir: await bench.folder(), ...installation });
    await untilShared(view, [staying.pid, killed.pid]);
    const options = { target, types, perSecond, durationMs: beforeMs + afterMs };
    const measuring = measureLatency({ load, receiver }, options);
    await Bun.sleep(beforeMs);
    const killedMs = machineMs();
    await killed.kill();
    const { sentMs, receivedMs, counts: checked } = await measuring;
    counts.push(...checked);
    const gapMs = longestGapMs(sentMs, receivedMs, killedMs);
    gapsMs.push(gapMs);
    bench.say(`again after ${inMs(gapMs)}`);
  }
  const longestMs = Math.max(...gapsMs);
  return {
    rows: [
      { what: 'until the last of its endpoints gets a delivery', figure: inMs(median(gapsMs)) },
      {
        what: `the longest of ${rounds}`,
        figure: inMs(longestMs),
        target: { words: '≤ 5 s', met: longestMs <= targetMs },
      },
    ],
    notes: [
      `Two processes on one PostgreSQL, ${perSecond} events/s for ${endpointCount} endpoints; counted`,
      'from the kill to the first receipt of what was posted after it, for the endpoint that waits',
      'longest.',
      'Every event that was accepted arrives, those that were on their way included.',
    ],
    counts,
  };
}

async function untilShared(
  view: Awaited<ReturnType<typeof openDatabaseView>>,
  pids: number[],
): Promise<void> {
  const endMs = performance.now() + sharedTimeoutMs;
  for (;;) {
    const led = await view.shardsLed();
    const shared = pids.every((pid) => led.some((one) => one.pid === pid && one.shards === half));
    if (shared) return;
    if (performance.now() > endMs) throw new Error('the two workers did not share the shards');
    await Bun.sleep(pollMs);
  }
}

/** Of all endpoints, the longest from the kill to the first receipt of what came after it. */
function longestGapMs(sentMs: Float64Array, receivedMs: Float64Array, killedMs: number): number {
  const first = new Map<number, number>();
  for (const [number, atMs] of receivedMs.entries()) {
    if ((sentMs[number] ?? 0) < killedMs) continue;
    const endpoint = number % endpointCount;
    first.set(endpoint, Math.min(first.get(endpoint) ?? Number.POSITIVE_INFINITY, atMs));
  }
  return Math.max(...first.values()) - killedMs;
}
