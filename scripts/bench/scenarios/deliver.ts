/** How many events go all the way, accepted, delivered and recorded, and keep doing so. */
import { openDatabaseView } from '../database-view.ts';
import { type Line, measureRate, outstandingMax } from '../end-to-end.ts';
import { inMicroseconds, inRate, inRatio } from '../figures.ts';
import type { LoadCommands } from '../processes/load.ts';
import type { ProbeCommands } from '../processes/probe.ts';
import type { ReceiverCommands } from '../processes/receiver.ts';
import { inTurns, medianTurn, ratesOf, ratioOf, type Turn } from '../rounds.ts';
import type { Bench, Count, Scenario, Section } from '../scenario.ts';
import {
  eventBytes,
  eventTypes,
  ingestOf,
  makeEndpoints,
  probeOf,
  turnEndpoints,
} from '../workload.ts';

const endpointCount = 8;

export const deliver: Scenario = {
  name: 'deliver',
  title: 'Deliver',
  summary: 'accepted, delivered, recorded, beside the probe',
  run,
};

async function run(bench: Bench): Promise<Section> {
  const [service, load, receiver, probe] = await Promise.all([
    bench.startService({ dataDir: await bench.dataFolder() }),
    bench.startProcess<LoadCommands>('load'),
    bench.startProcess<ReceiverCommands>('receiver'),
    bench.startProcess<ProbeCommands>('probe'),
  ]);
  const receiverUrl = `http://127.0.0.1:${await receiver.call('port', undefined)}/count`;
  const databaseUrl = await service.databaseUrl();
  const view = await bench.keep(openDatabaseView(databaseUrl));
  const types = eventTypes('deliver', endpointCount);
  const wanted = types.map((type) => ({ url: receiverUrl, eventTypes: [type] }));
  const served = await service.bootstrap('served');
  await makeEndpoints(service, served.apiKey, wanted);
  const probed = await service.bootstrap('probed');
  const endpointIds = await makeEndpoints(service, probed.apiKey, wanted);
  // The probe sends these itself: the service is to leave their rows alone.
  await turnEndpoints(service, probed.apiKey, endpointIds, 'pause');
  const { tenantId, projectId } = probed;
  const probePort = await probe.call('open', {
    ...{ databaseUrl, tenantId, projectId, endpointIds, receiverUrl },
  });
  const common = { types, tenantId, view, databasePid: service.databasePid() };
  const sides: (Line & { name: string })[] = [
    { name: 'service', target: ingestOf(service, served.apiKey), pid: service.pid, ...common },
    { name: 'probe', target: probeOf(probePort), pid: probe.pid, ...common },
  ];
  const rounds = bench.pick({ tiny: 1, quick: 1, usual: 2 });
  const times = {
    warmUpMs: bench.pick({ tiny: 100, quick: 1_500, usual: 3_000 }),
    durationMs: bench.pick({ tiny: 300, quick: 3_000, usual: 15_000 }),
  };
  const counts: Count[] = [];
  const [ours, bare] = await inTurns(rounds, sides, async (line) => {
    const { turn, counts: checked } = await measureRate({ load, receiver }, line, times);
    counts.push(...checked.map((each) => ({ ...each, what: `${line.name}: ${each.what}` })));
    bench.say(`${line.name}: ${inWords(turn)}`);
    return turn;
  });
  const ratio = ratioOf(ratesOf(ours), ratesOf(bare));
  return {
    rows: [
      { what: 'service', figure: inWords(medianTurn(ours)) },
      { what: 'probe', figure: inWords(medianTurn(bare)) },
      {
        what: 'service ÷ probe',
        figure: inRatio(ratio),
        target: { words: '≥ 0.7', met: ratio >= 0.7 },
      },
    ],
    notes: [
      `Recorded deliveries as the database counts them, over ${times.durationMs / 1_000} s after`,
      `${times.warmUpMs / 1_000} s; service and probe in turns, ${rounds} rounds, medians.`,
      `${eventBytes}-byte events for ${endpointCount} endpoints, one each, from 64 connections;`,
      `never more than ${outstandingMax} on their way, so that what is measured can go on for ever.`,
      'Times of processors are for one event: of the process and of PostgreSQL with its backends.',
    ],
    counts,
  };
}

const inWords = (turn: Turn) =>
  `${inRate(turn.perSecond)}, processor ${inMicroseconds(turn.ownMicroseconds)} + ` +
  inMicroseconds(turn.databaseMicroseconds);
