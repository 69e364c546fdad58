/**
 * The soak: an API and two workers as the binary's processes, events to 50 endpoints of which 20
 * are hard to serve, one worker killed with -9 in the middle. Ends by itself: every phase has a
 * time bound. Its processes and folders end with `cleanUp` of tests/support/binary.ts.
 */
import { hostname } from 'node:os';
import { eventually, type Service } from '../../tests/support/binary.ts';
import { createTestDatabase, type TestDatabase } from '../../tests/support/database.ts';
import { createInstallation, leads, nothingPending } from '../../tests/support/installation.ts';
import type { Client } from '../../tests/support/service-client.ts';
import { countOf, type EndpointFigures, findDisagreements, type SoakFigures } from './compare.ts';
import {
  countAttempts,
  countDeliveries,
  listEventIds,
  type Metrics,
  readMetrics,
  readStats,
} from './figures.ts';
import { endpointCount, groupOf, isGood, settingsOf } from './plan.ts';
import { type Posted, postEvents } from './posting.ts';
import { type Receivers, startReceivers } from './receivers.ts';

export type SoakReport = { figures: SoakFigures; disagreements: string[] };

type SoakOptions = { eventCount: number; say(line: string): void };

/** Nobody stops it. */
const untilItsEnd = new Promise<never>(() => {});

const shardCount = 64;
/** Answers are kept back from here on, so that a worker dies with deliveries in flight. */
const heldFrom = 0.45;
const killedAt = 0.5;
const leadTimeoutMs = 30_000;
/** Ten times what two busy cores need for each event, above what the slowest retries take. */
const deliverMsPerEvent = 20;
const deliverMsBase = 60_000;
const cancelTimeoutMs = 60_000;
/** The figures are behind by some seconds. */
const figuresTimeoutMs = 30_000;

type Setting = {
  database: TestDatabase;
  receivers: Receivers;
  api: Service;
  victim: Service;
  heir: Service;
  client: Client;
  endpointIds: string[];
};

/** @param stopped rejects when the soak is to end at once, with this error */
export async function runSoak(
  options: SoakOptions,
  stopped: Promise<never> = untilItsEnd,
): Promise<SoakReport> {
  const database = await createTestDatabase();
  const receivers = startReceivers();
  const running = runOn(database, receivers, options);
  // Stopped, it fails by itself sooner or later, and nobody asks how.
  running.catch(() => {});
  try {
    return await Promise.race([running, stopped]);
  } finally {
    await receivers.stop();
    await database.drop();
  }
}

async function runOn(
  database: TestDatabase,
  receivers: Receivers,
  options: SoakOptions,
): Promise<SoakReport> {
  const { say } = options;
  const processes = await startProcesses(database);
  const endpointIds = await makeEndpoints(processes.client, receivers);
  say('an API and two workers run, the endpoints are made');
  const figures = await soak({ database, receivers, ...processes, endpointIds }, options);
  say('API, metrics and history are read');
  for (const service of [processes.heir, processes.api]) await service.stop();
  return { figures, disagreements: findDisagreements(figures) };
}

async function startProcesses(database: TestDatabase) {
  const installation = createInstallation(database);
  const [api, victim, heir] = await Promise.all([
    installation.start('api'),
    installation.start('worker'),
    installation.start('worker'),
  ]);
  await Promise.all([victim, heir].map((worker) => leads(worker, shardCount / 2)));
  return { api, victim, heir, client: await installation.clientOf(api) };
}

async function makeEndpoints(client: Client, receivers: Receivers): Promise<string[]> {
  const ids: string[] = [];
  for (let endpoint = 0; endpoint < endpointCount; endpoint += 1) {
    const { body } = settingsOf(endpoint);
    ids.push((await client.endpoint(receivers.urlOf(endpoint), body)).id);
  }
  return ids;
}

async function soak(setting: Setting, { eventCount, say }: SoakOptions): Promise<SoakFigures> {
  const { heir, client, database, endpointIds } = setting;
  let release: (() => void) | null = null;
  let killing: Promise<Metrics> | null = null;
  const posted = await postEvents(client, eventCount, (accepted) => {
    if (accepted >= eventCount * heldFrom) release ??= setting.receivers.hold();
    if (accepted >= eventCount * killedAt) killing ??= kill(setting, say).finally(release);
  });
  say(`${eventCount} events accepted`);
  if (killing === null) throw new Error('no worker was killed');
  const victimMetrics: Metrics = await killing;
  await leads(heir, shardCount, leadTimeoutMs);
  say('the other worker leads all shards');
  const deliverMs = deliverMsBase + eventCount * deliverMsPerEvent;
  const goodIds = endpointIds.filter((_, endpoint) => isGood(groupOf(endpoint)));
  await nothingPending(database, deliverMs, goodIds);
  say('nothing is pending for the good endpoints');
  for (const [endpoint, id] of endpointIds.entries()) {
    if (isGood(groupOf(endpoint))) continue;
    const { status } = await client.post(`/api/v1/endpoints/${id}/disable`, {});
    if (status !== 200) throw new Error(`disabling an endpoint was answered ${status}`);
  }
  await nothingPending(database, cancelTimeoutMs);
  say('the others are disabled; what waited for them is cancelled');
  return gather(setting, posted, victimMetrics);
}

/** Answers its last words. */
async function kill({ victim }: Setting, say: (line: string) => void): Promise<Metrics> {
  const metrics = await readMetrics(victim);
  victim.kill('SIGKILL');
  say('a worker is killed');
  await victim.exited;
  return metrics;
}

async function gather(
  setting: Setting,
  { idsByEndpoint }: Posted,
  victimMetrics: Metrics,
): Promise<SoakFigures> {
  const { client, database, endpointIds, receivers, victim, heir, api } = setting;
  const attempts = await countAttempts(database.admin);
  const recorded = countOf(attempts, ({ outcome }) => outcome !== 'superseded');
  const stats = await eventually(
    'the stats hold every attempt on record',
    async () => {
      const read = await Promise.all(endpointIds.map((id) => readStats(client, id)));
      return read.reduce((sum, one) => sum + one.attempts, 0) === recorded ? read : null;
    },
    figuresTimeoutMs,
  ).catch(() => Promise.all(endpointIds.map((id) => readStats(client, id))));
  const deliveries = await countDeliveries(client);
  const endpoints = endpointIds.map((id, endpoint): EndpointFigures => {
    const received = receivers.byEndpoint[endpoint];
    return {
      endpoint,
      group: groupOf(endpoint),
      postedIds: idsByEndpoint[endpoint] ?? [],
      received: {
        requests: received?.requests ?? 0,
        attempts: received?.attempts.size ?? 0,
        acceptedIds: received?.accepted ?? new Set(),
      },
      deliveries: deliveries.get(id) ?? { delivered: 0, failed: 0, cancelled: 0, pending: 0 },
      stats: stats[endpoint] ?? { delivered: 0, failed: 0, attempts: 0, attemptsFailed: 0 },
      attempts: attempts.filter(({ endpointId }) => endpointId === id),
    };
  });
  const nameOf = ({ pid }: Service) => `${hostname()}:${pid}`;
  return {
    endpoints,
    eventIds: await listEventIds(client),
    api: await readMetrics(api),
    workers: [
      { name: nameOf(victim), killed: true, metrics: victimMetrics },
      { name: nameOf(heir), killed: false, metrics: await readMetrics(heir) },
    ],
    disorder: receivers.disorder,
  };
}
