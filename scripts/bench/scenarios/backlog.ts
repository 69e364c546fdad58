/**
 * What a long queue costs the others and the memory: beside a service without one, the same with
 * 1 M pending deliveries that wait, and with half of them due.
 */
import { openDatabaseView } from '../database-view.ts';
import { type Line, measureRate } from '../end-to-end.ts';
import { inRate, inRatio, median } from '../figures.ts';
import { type MemoryUse, watchMemory } from '../memory.ts';
import type { LoadCommands } from '../processes/load.ts';
import type { ReceiverCommands } from '../processes/receiver.ts';
import { inTurns, medianTurn, ratesOf, ratioOf, type Turn } from '../rounds.ts';
import type { Bench, Count, Row, Scenario, Section } from '../scenario.ts';
import { openSeed } from '../seed.ts';
import type { Service } from '../service.ts';
import { eventPayload, eventTypes, ingestOf, makeEndpoints, turnEndpoints } from '../workload.ts';

const endpointCount = 8;
const hourMs = 3_600_000;
/** What the paused endpoints' rows still have in flight after a turn is recorded by then. */
const quietMs = 300;

export const backlog: Scenario = {
  name: 'backlog',
  title: 'Backlog',
  summary: 'accepted, delivered, recorded with 1 M pending and with none; resident memory',
  run,
};

/** `wake` and `rest` go round each turn. */
type Side = Line & { name: string; wake(): Promise<void>; rest(): Promise<void> };

async function run(bench: Bench): Promise<Section> {
  const [load, receiver, backlogReceiver] = await Promise.all([
    bench.startProcess<LoadCommands>('load'),
    bench.startProcess<ReceiverCommands>('receiver'),
    bench.startProcess<ReceiverCommands>('receiver'),
  ]);
  const receiverUrl = `http://127.0.0.1:${await receiver.call('port', undefined)}/count`;
  const backlogUrl = `http://127.0.0.1:${await backlogReceiver.call('port', undefined)}/count`;
  const types = eventTypes('fresh', endpointCount);
  const pending = bench.pick({ tiny: 1_600, quick: 80_000, usual: 1_000_000 });

  async function prepare() {
    const service = await bench.startService({ dataDir: await bench.dataFolder() });
    const made = await service.bootstrap('backlog');
    const wanted = types.map((type) => ({ url: receiverUrl, eventTypes: [type] }));
    await makeEndpoints(service, made.apiKey, wanted);
    const databaseUrl = await service.databaseUrl();
    const view = await bench.keep(openDatabaseView(databaseUrl));
    const line: Line = {
      ...{ types, tenantId: made.tenantId, target: ingestOf(service, made.apiKey) },
      ...{ pid: service.pid, databasePid: service.databasePid(), view },
    };
    return { ...made, service, databaseUrl, line };
  }

  const bare = await prepare();
  const laden = await prepare();
  const memory = await bench.keep(Promise.resolve(watchMemory(laden.service.pid)));
  const startMs = performance.now();
  const paused = await fill(bench, laden, backlogUrl, pending);
  bench.say(`${pending} pending within ${Math.round((performance.now() - startMs) / 1_000)} s`);

  const nothing = async () => {};
  const turn = (action: 'pause' | 'resume') =>
    turnEndpoints(laden.service, laden.apiKey, paused, action);
  const sides: Side[] = [
    { ...bare.line, name: 'none', wake: nothing, rest: nothing },
    { ...laden.line, name: 'waits', wake: nothing, rest: nothing },
    {
      ...{ ...laden.line, name: 'half due', wake: () => turn('resume') },
      async rest() {
        await turn('pause');
        await Bun.sleep(quietMs);
      },
    },
  ];
  const rounds = bench.pick({ tiny: 1, quick: 1, usual: 3 });
  const times = {
    warmUpMs: bench.pick({ tiny: 100, quick: 1_000, usual: 2_000 }),
    durationMs: bench.pick({ tiny: 200, quick: 2_000, usual: 6_000 }),
  };
  const counts: Count[] = [];
  const [none, waits, due] = await inTurns(rounds, sides, async (side) => {
    await side.wake();
    const sentBefore = await backlogReceiver.call('count', undefined);
    const startedMs = performance.now();
    const { turn: measured, counts: checked } = await measureRate({ load, receiver }, side, times);
    const sent = (await backlogReceiver.call('count', undefined)) - sentBefore;
    const sentPerSecond = (sent * 1_000) / (performance.now() - startedMs);
    await side.rest();
    counts.push(...checked.map((each) => ({ ...each, what: `${side.name}: ${each.what}` })));
    const perSecond = measured.perSecond + sentPerSecond;
    bench.say(
      `${side.name}: ${inRate(perSecond)}, ${inRate(sentPerSecond)} of them of the backlog`,
    );
    return { ...measured, perSecond, sentPerSecond };
  });
  const amount = pending.toLocaleString('en');
  return {
    rows: [...rateRows(amount, none, waits, due), memoryRow(amount, memory.use())],
    notes: [
      `Two services beside each other, in turns, ${rounds} rounds of ${times.durationMs / 1_000} s,`,
      'medians. The backlog is of eight other endpoints: four are paused and have what is due, four',
      'are active and theirs is due in an hour; for the third side the paused ones are resumed, and',
      'its rate counts what goes out of the backlog too. Memory without PostgreSQL, sampled during',
      'all of it; the most is the mark of the kernel (VmHWM).',
    ],
    counts,
  };
}

type MeasuredTurn = Turn & { sentPerSecond: number };

function rateRows(
  amount: string,
  none: MeasuredTurn[] = [],
  waits: MeasuredTurn[] = [],
  due: MeasuredTurn[] = [],
): Row[] {
  const rate = (of: Turn[]) => inRate(medianTurn(of).perSecond);
  const ofBacklog = inRate(median(due.map((one) => one.sentPerSecond)));
  const waitsRatio = ratioOf(ratesOf(waits), ratesOf(none));
  const dueRatio = ratioOf(ratesOf(due), ratesOf(none));
  const atLeast = (ratio: number) => ({ words: '≥ 0.85', met: ratio >= 0.85 });
  return [
    { what: 'nothing pending', figure: rate(none) },
    { what: `${amount} wait`, figure: rate(waits) },
    {
      what: `${amount} wait ÷ nothing pending`,
      figure: inRatio(waitsRatio),
      target: atLeast(waitsRatio),
    },
    { what: 'half of them due', figure: `${rate(due)}, ${ofBacklog} of the backlog` },
    {
      what: 'half of them due ÷ nothing pending',
      figure: inRatio(dueRatio),
      target: atLeast(dueRatio),
    },
  ];
}

function memoryRow(amount: string, { medianMb, greatestMb }: MemoryUse): Row {
  return {
    what: `resident memory of opsforge with ${amount} pending`,
    figure: `${Math.round(medianMb)} MB, at the most ${Math.round(greatestMb)} MB`,
    target: { words: '< 300 MB', met: greatestMb < 300 },
  };
}

/** Answers the paused endpoints, whose half is due. */
async function fill(
  bench: Bench,
  to: {
    service: Service;
    tenantId: string;
    projectId: string;
    apiKey: string;
    databaseUrl: string;
  },
  url: string,
  pending: number,
): Promise<string[]> {
  const seed = await bench.keep(openSeed(to.databaseUrl));
  const type = 'bench.backlog';
  // Nobody posts this type: all that they get is what is seeded.
  const wanted = Array.from({ length: endpointCount }, () => ({ url, eventTypes: [type] }));
  const ids = await makeEndpoints(to.service, to.apiKey, wanted);
  const paused = ids.slice(0, endpointCount / 2);
  await turnEndpoints(to.service, to.apiKey, paused, 'pause');
  const nowMs = Date.now();
  const events = {
    ...{ tenantId: to.tenantId, projectId: to.projectId, type, payload: eventPayload() },
    ...{ count: pending / endpointCount, fromMs: nowMs - 2 * hourMs, toMs: nowMs - hourMs },
  };
  await seed.events(events);
  await seed.pending(events, paused, { attempts: 0, dueAtMs: nowMs - hourMs });
  const others = ids.slice(endpointCount / 2);
  await seed.pending(events, others, { attempts: 1, dueAtMs: nowMs + hourMs });
  await seed.settle();
  return paused;
}
