/** How many events are accepted and durable beside the probe: for no endpoint, for a paused one. */
import { inMicroseconds, inMs, inRate, inRatio } from '../figures.ts';
import type { LoadCommands, LoadResult, LoadTarget } from '../processes/load.ts';
import type { ProbeCommands } from '../processes/probe.ts';
import type { ReceiverCommands } from '../processes/receiver.ts';
import { startCounting } from '../processor-time.ts';
import { type Compared, compare, type Turn } from '../rounds.ts';
import type { Bench, Row, Scenario, Section } from '../scenario.ts';
import type { Service } from '../service.ts';
import { eventBody, eventBytes, ingestOf, probeOf } from '../workload.ts';

const connections = 64;
const rounds = 3;
const warmUpMs = 700;
const durationMs = 4_000;
const quickShare = 0.4;

export const accept: Scenario = {
  name: 'accept',
  title: 'Accept',
  summary: `${eventBytes}-byte events on ${connections} connections, beside the probe`,
  run,
};

async function run(bench: Bench): Promise<Section> {
  const [service, load, receiver] = await Promise.all([
    bench.startService({ dataDir: await bench.folder() }),
    bench.startProcess<LoadCommands>('load'),
    bench.startProcess<ReceiverCommands>('receiver'),
  ]);
  const share = bench.quick ? quickShare : 1;
  const bodies = [eventBody('bench.accept')];
  const common = { bodies, connections, warmUpMs, durationMs: durationMs * share };
  const post = async (target: LoadTarget) => {
    const result = await load.call('run', { target, ...common });
    refuseRefusals(result);
    return result;
  };

  async function compareWith(paused: boolean): Promise<Compared> {
    const { tenantId, projectId, apiKey } = await service.bootstrap(paused ? 'paused' : 'quiet');
    const endpointIds = paused ? [await pausedEndpoint(service, apiKey)] : [];
    const probe = await bench.startProcess<ProbeCommands>('probe');
    const databaseUrl = await service.databaseUrl();
    const options = { databaseUrl, tenantId, projectId, endpointIds, receiverUrl: null };
    const targets = {
      service: ingestOf(service, apiKey),
      probe: probeOf(await probe.call('open', options)),
    };
    const pids = { service: service.pid, probe: probe.pid };
    const compared = await compare(rounds, async (side): Promise<Turn> => {
      const counted = startCounting(pids[side], service.databasePid());
      const result = await post(targets[side]);
      const turn = turnOf(result, counted(result.acceptedInAll));
      bench.say(`${paused ? 'one paused endpoint' : 'no endpoint'}: ${side} ${inWords(turn)}`);
      return turn;
    });
    await probe.stop();
    return compared;
  }

  const quiet = await compareWith(false);
  const paused = await compareWith(true);
  const trivialPort = await receiver.call('port', undefined);
  const ceiling = await post({ port: trivialPort, path: '/trivial', headers: {} });
  return {
    rows: [
      ...rowsOf('no endpoint', quiet),
      ...rowsOf('one paused endpoint', paused),
      { what: 'the load itself, against an empty server', figure: inRate(ceiling.perSecond) },
    ],
    notes: [
      `Bodies of ${eventBytes} bytes, ${connections} keep-alive connections without pipelining;`,
      `service and probe in turns, ${rounds} rounds of ${common.durationMs / 1_000} s each, medians.`,
      'Times of processors are for one event: of the process and of PostgreSQL with its backends.',
    ],
  };
}

async function pausedEndpoint(service: Service, apiKey: string): Promise<string> {
  // Port 9 (discard): nothing is sent there while it is paused.
  const input = { url: 'http://127.0.0.1:9/' };
  const made = await service.ask('POST', '/api/v1/endpoints', apiKey, input);
  // Safe because `ask` throws unless it was made.
  const { id } = made as { id: string };
  await service.ask('POST', `/api/v1/endpoints/${id}/pause`, apiKey);
  return id;
}

function refuseRefusals({ refused }: LoadResult): void {
  const statuses = Object.entries(refused).map(([status, count]) => `${count} × ${status}`);
  if (statuses.length > 0) throw new Error(`not all was accepted: ${statuses.join(', ')}`);
}

function turnOf(
  { perSecond, latencyMs }: LoadResult,
  use: Pick<Turn, 'ownMicroseconds' | 'databaseMicroseconds'>,
): Turn {
  return { perSecond, p50Ms: latencyMs.p50, p99Ms: latencyMs.p99, ...use };
}

const inWords = (turn: Turn) =>
  `${inRate(turn.perSecond)}, p50 ${inMs(turn.p50Ms)}, p99 ${inMs(turn.p99Ms)}, processor ` +
  `${inMicroseconds(turn.ownMicroseconds)} + ${inMicroseconds(turn.databaseMicroseconds)}`;

function rowsOf(what: string, { service, probe, ratio }: Compared): Row[] {
  return [
    { what: `${what}: service`, figure: inWords(service) },
    { what: `${what}: probe`, figure: inWords(probe) },
    { what: `${what}: service ÷ probe`, figure: inRatio(ratio), target: '≥ 0.8' },
  ];
}
