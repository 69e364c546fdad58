/** How many events go all the way, accepted, delivered and recorded, and keep doing so. */
import type { Child } from '../child.ts';
import { openDatabaseView } from '../database-view.ts';
import { inMicroseconds, inRate, inRatio } from '../figures.ts';
import type { LoadCommands, LoadResult, LoadTarget } from '../processes/load.ts';
import type { ProbeCommands } from '../processes/probe.ts';
import type { ReceiverCommands } from '../processes/receiver.ts';
import { startCounting } from '../processor-time.ts';
import { compare, type Turn } from '../rounds.ts';
import type { Bench, Scenario, Section } from '../scenario.ts';
import type { Service } from '../service.ts';
import { eventBody, eventBytes, ingestOf, probeOf } from '../workload.ts';

const connections = 64;
const endpointCount = 8;
/** Accepted and not received yet: more would measure how fast a backlog grows. */
const outstandingMax = 1_000;
const rounds = 2;
const warmUpMs = 3_000;
const durationMs = 15_000;
const quickShare = 0.3;
const allowEveryMs = 10;
const drainMs = 20_000;

export const deliver: Scenario = {
  name: 'deliver',
  title: 'Deliver',
  summary: `accepted, delivered, recorded for ${durationMs / 1_000} s, beside the probe`,
  run,
};

async function run(bench: Bench): Promise<Section> {
  const [service, load, receiver, probe] = await Promise.all([
    bench.startService({ dataDir: await bench.folder() }),
    bench.startProcess<LoadCommands>('load'),
    bench.startProcess<ReceiverCommands>('receiver'),
    bench.startProcess<ProbeCommands>('probe'),
  ]);
  const receiverUrl = `http://127.0.0.1:${await receiver.call('port', undefined)}/count`;
  const databaseUrl = await service.databaseUrl();
  const view = await bench.keep(openDatabaseView(databaseUrl));
  const served = await service.bootstrap('served');
  await makeEndpoints(service, served.apiKey, receiverUrl);
  const probed = await service.bootstrap('probed');
  const endpointIds = await makeEndpoints(service, probed.apiKey, receiverUrl);
  // The probe sends these itself: the service is to leave their rows alone.
  for (const id of endpointIds) {
    await service.ask('POST', `/api/v1/endpoints/${id}/pause`, probed.apiKey);
  }
  const { tenantId, projectId } = probed;
  const probePort = await probe.call('open', {
    ...{ databaseUrl, tenantId, projectId, endpointIds, receiverUrl },
  });
  const sides = {
    service: { target: ingestOf(service, served.apiKey), pid: service.pid },
    probe: { target: probeOf(probePort), pid: probe.pid },
  };
  const share = bench.quick ? quickShare : 1;

  async function measure(side: 'service' | 'probe'): Promise<Turn> {
    const { target, pid } = sides[side];
    const before = await view.countDeliveries();
    const counted = startCounting(pid, service.databasePid());
    const loading = post(load, receiver, target, durationMs * share);
    await Bun.sleep(warmUpMs);
    const atStart = await view.countDeliveries();
    const startMs = performance.now();
    await Bun.sleep(durationMs * share);
    const atEnd = await view.countDeliveries();
    const seconds = (performance.now() - startMs) / 1_000;
    const { latencyMs } = await loading;
    const left = await view.untilDelivered(drainMs);
    if (left > 0) bench.say(`${side}: ${left} were not delivered ${drainMs / 1_000} s later`);
    const ended = (await view.countDeliveries()).ended - before.ended;
    const perSecond = (atEnd.ended - atStart.ended) / seconds;
    const turn = { perSecond, p50Ms: latencyMs.p50, p99Ms: latencyMs.p99, ...counted(ended) };
    bench.say(`${side}: ${inWords(turn)}, ${atEnd.pending} pending at the end`);
    return turn;
  }

  const { service: ours, probe: bare, ratio } = await compare(rounds, measure);
  return {
    rows: [
      { what: 'service', figure: inWords(ours) },
      { what: 'probe', figure: inWords(bare) },
      { what: 'service ÷ probe', figure: inRatio(ratio), target: '≥ 0.7' },
    ],
    notes: [
      `Recorded deliveries as the database counts them, over ${(durationMs * share) / 1_000} s after`,
      `${warmUpMs / 1_000} s; service and probe in turns, ${rounds} rounds, medians. ${eventBytes}-byte`,
      `events for ${endpointCount} endpoints, one each, from ${connections} connections; never more`,
      `than ${outstandingMax} on their way, so that what is measured can go on for ever. Times of`,
      'processors are for one event: of the process and of PostgreSQL with its backends.',
    ],
  };
}

const eventType = (index: number) => `bench.deliver.t${index}`;

/** Each wants one type. */
async function makeEndpoints(service: Service, apiKey: string, url: string): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < endpointCount; index += 1) {
    const input = { url, eventTypes: [eventType(index)], maxInFlight: 1_000 };
    const made = await service.ask('POST', '/api/v1/endpoints', apiKey, input);
    // Safe because `ask` throws unless it was made.
    ids.push((made as { id: string }).id);
  }
  return ids;
}

/** Lets the load go on as the receiver gets what was sent before. */
async function post(
  load: Child<LoadCommands>,
  receiver: Child<ReceiverCommands>,
  target: LoadTarget,
  measuredMs: number,
): Promise<LoadResult> {
  const bodies = Array.from({ length: endpointCount }, (_, index) => eventBody(eventType(index)));
  const countBefore = await receiver.call('count', undefined);
  let running = true;
  const done = load
    .call('run', {
      ...{ target, bodies, connections, warmUpMs, durationMs: measuredMs },
      allowedFirst: outstandingMax,
    })
    .finally(() => {
      running = false;
    });
  while (running) {
    await Promise.race([Bun.sleep(allowEveryMs), done]);
    const received = (await receiver.call('count', undefined)) - countBefore;
    if (running) await load.call('allow', received + outstandingMax);
  }
  return done;
}

const inWords = (turn: Turn) =>
  `${inRate(turn.perSecond)}, processor ${inMicroseconds(turn.ownMicroseconds)} + ` +
  inMicroseconds(turn.databaseMicroseconds);
