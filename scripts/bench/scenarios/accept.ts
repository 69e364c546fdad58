/** How many events are accepted and durable beside the probe: for no endpoint, for a paused one. */
import { markTime, openDatabaseView } from '../database-view.ts';
import { inMicroseconds, inMs, inRate, inRatio } from '../figures.ts';
import type { LoadCommands, LoadResult } from '../processes/load.ts';
import type { ProbeCommands } from '../processes/probe.ts';
import type { ReceiverCommands } from '../processes/receiver.ts';
import { startCounting } from '../processor-time.ts';
import { inTurns, medianTurn, ratesOf, ratioOf, type Turn } from '../rounds.ts';
import type { Bench, Count, Row, Scenario, Section } from '../scenario.ts';
import type { Service } from '../service.ts';
import {
  eventBody,
  eventBytes,
  ingestOf,
  type LoadTarget,
  makeEndpoints,
  probeOf,
  turnEndpoints,
} from '../workload.ts';

const connections = 64;

export const accept: Scenario = {
  name: 'accept',
  title: 'Accept',
  summary: `${eventBytes}-byte events on ${connections} connections, beside the probe`,
  run,
};

async function run(bench: Bench): Promise<Section> {
  const [service, load, receiver] = await Promise.all([
    bench.startService({ dataDir: await bench.dataFolder() }),
    bench.startProcess<LoadCommands>('load'),
    bench.startProcess<ReceiverCommands>('receiver'),
  ]);
  const databaseUrl = await service.databaseUrl();
  const view = await bench.keep(openDatabaseView(databaseUrl));
  const rounds = bench.pick({ tiny: 1, quick: 2, usual: 5 });
  // The service is the larger program: its figures still rose in the first second and a half.
  const warmUpMs = bench.pick({ tiny: 50, quick: 500, usual: 1_500 });
  const durationMs = bench.pick({ tiny: 200, quick: 1_500, usual: 4_000 });
  const bodies = [eventBody('bench.accept')];
  const post = (target: LoadTarget) =>
    load.call('run', { target, bodies, connections, warmUpMs, durationMs });
  const counts: Count[] = [];

  async function compareWith(paused: boolean): Promise<Row[]> {
    const what = paused ? 'one paused endpoint' : 'no endpoint';
    const { tenantId, projectId, apiKey } = await service.bootstrap(paused ? 'paused' : 'quiet');
    const endpointIds = paused ? await pausedEndpoint(service, apiKey) : [];
    const probe = await bench.startProcess<ProbeCommands>('probe');
    const options = { databaseUrl, tenantId, projectId, endpointIds, receiverUrl: null };
    const sides = [
      { name: 'service', target: ingestOf(service, apiKey), pid: service.pid },
      { name: 'probe', target: probeOf(await probe.call('open', options)), pid: probe.pid },
    ];
    const [ours, bare] = await inTurns(rounds, sides, async ({ name, target, pid }) => {
      const sinceMs = await markTime();
      const counted = startCounting(pid, service.databasePid());
      const result = await post(target);
      const turn = turnOf(result, counted(result.acceptedInAll));
      bench.say(`${what}: ${name} ${inWords(turn)}`);
      const stored = await view.countEvents(tenantId, sinceMs);
      counts.push({ what: `${what}: ${name} stored`, wanted: result.acceptedInAll, got: stored });
      return turn;
    });
    await probe.stop();
    return rowsOf(what, ours, bare);
  }

  const rows = [...(await compareWith(false)), ...(await compareWith(true))];
  const trivialPort = await receiver.call('port', undefined);
  const ceiling = await post({ port: trivialPort, path: '/trivial', headers: {} });
  return {
    rows: [
      ...rows,
      { what: 'the load itself, against an empty server', figure: inRate(ceiling.perSecond) },
    ],
    notes: [
      `Bodies of ${eventBytes} bytes, ${connections} keep-alive connections without pipelining;`,
      `service and probe in turns, ${rounds} rounds of ${durationMs / 1_000} s each, medians.`,
      'Times of processors are for one event: of the process and of PostgreSQL with its backends.',
    ],
    counts,
  };
}

async function pausedEndpoint(service: Service, apiKey: string): Promise<string[]> {
  // Port 9 (discard): nothing is sent there while it is paused.
  const ids = await makeEndpoints(service, apiKey, [{ url: 'http://127.0.0.1:9/' }]);
  await turnEndpoints(service, apiKey, ids, 'pause');
  return ids;
}

/** Throws when anything was refused: its figures are worth nothing. */
function turnOf(
  { perSecond, latencyMs, refused }: LoadResult,
  use: Pick<Turn, 'ownMicroseconds' | 'databaseMicroseconds'>,
): Turn {
  const statuses = Object.entries(refused).map(([status, count]) => `${count} × ${status}`);
  if (statuses.length > 0) throw new Error(`not all was accepted: ${statuses.join(', ')}`);
  return { perSecond, p50Ms: latencyMs.p50, p99Ms: latencyMs.p99, ...use };
}

const inWords = (turn: Turn) =>
  `${inRate(turn.perSecond)}, p50 ${inMs(turn.p50Ms)}, p99 ${inMs(turn.p99Ms)}, processor ` +
  `${inMicroseconds(turn.ownMicroseconds)} + ${inMicroseconds(turn.databaseMicroseconds)}`;

function rowsOf(what: string, ours: Turn[] = [], bare: Turn[] = []): Row[] {
  const ratio = ratioOf(ratesOf(ours), ratesOf(bare));
  return [
    { what: `${what}: service`, figure: inWords(medianTurn(ours)) },
    { what: `${what}: probe`, figure: inWords(medianTurn(bare)) },
    {
      what: `${what}: service ÷ probe`,
      figure: inRatio(ratio),
      target: { words: '≥ 0.8', met: ratio >= 0.8 },
    },
  ];
}
