/** How long the server takes for each page of a tenant with a long history, as an owner sees it. */
import { inMs, type Spread, spreadOf } from '../figures.ts';
import type { ReceiverCommands } from '../processes/receiver.ts';
import type { Bench, Count, Scenario, Section } from '../scenario.ts';
import { openSeed, type SeededEvents } from '../seed.ts';
import type { Service } from '../service.ts';
import { eventPayload, makeEndpoints } from '../workload.ts';

const endpointCount = 50;
const failedOneIn = 50;
const dayMs = 86_400_000;
const p95MsMax = 50;

export const pages: Scenario = {
  name: 'pages',
  title: 'Pages',
  summary: 'the time for each page with 1 M deliveries stored (--full: 10 M)',
  run,
};

async function run(bench: Bench): Promise<Section> {
  const [service, receiver] = await Promise.all([
    bench.startService({ dataDir: await bench.dataFolder() }),
    bench.startProcess<ReceiverCommands>('receiver'),
  ]);
  const rows = bench.pick({ tiny: 2_000, quick: 100_000, usual: 1_000_000, full: 10_000_000 });
  const cookie = await signUp(service);
  const url = `http://127.0.0.1:${await receiver.call('port', undefined)}/count`;
  const { apiKey, ...made } = await service.bootstrap('pages');
  const wanted = Array.from({ length: endpointCount }, () => ({ url, eventTypes: ['none'] }));
  const endpointIds = await makeEndpoints(service, apiKey, wanted);
  const toMs = Date.now() - 60_000;
  const times = { fromMs: toMs - dayMs, toMs };
  const events = { ...made, count: rows, ...times, type: 'invoice.paid', payload: eventPayload() };
  await fill(bench, service, events, endpointIds);

  const measured: { name: string; spread: Spread }[] = [];
  const counts: Count[] = [];
  const repeats = bench.pick({ tiny: 2, quick: 20, usual: 60 });
  for (const [name, path] of await pathsOf(service, apiKey, endpointIds)) {
    const asked = await ask(new URL(path, service.url), cookie, repeats);
    counts.push({ what: `${name}: answered 200`, wanted: repeats, got: asked.answered });
    const spread = spreadOf(asked.tookMs);
    measured.push({ name, spread });
    bench.say(`${name}: p50 ${inMs(spread.p50)}, p95 ${inMs(spread.p95)}`);
  }
  return {
    rows: measured.map(({ name, spread: { p50, p95 } }) => ({
      what: name,
      figure: `p50 ${inMs(p50)}, p95 ${inMs(p95)}`,
      target: { words: `p95 ≤ ${p95MsMax} ms`, met: p95 <= p95MsMax },
    })),
    notes: [
      `${rows.toLocaleString('en')} events of the last 24 hours, each with an ended delivery and its`,
      `attempt, one in ${failedOneIn} failed; ${endpointCount} endpoints. Each page ${repeats} times,`,
      'one after the other, on one connection of this machine: the whole answer, compressed.',
    ],
    counts,
  };
}

/** The first account, by the one-time link; answers its session's cookie. */
async function signUp(service: Service): Promise<string> {
  const link = new URL(await service.signUpLink());
  const person = { name: 'Ada Lovelace', email: 'ada@example.com', password: crypto.randomUUID() };
  const token = link.searchParams.get('token') ?? '';
  const answer = await fetch(new URL('/sign-up', service.url), {
    method: 'POST',
    headers: { origin: link.origin, 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ ...person, tenantName: service.tenant, token }),
    redirect: 'manual',
  });
  const cookies = answer.headers.getSetCookie().map((each) => each.split(';')[0]);
  if (answer.status !== 303 || cookies.length === 0) {
    throw new Error(`signing up answered ${answer.status}`);
  }
  return cookies.join('; ');
}

async function fill(
  bench: Bench,
  service: Service,
  events: SeededEvents,
  endpointIds: string[],
): Promise<void> {
  const startMs = performance.now();
  const seed = await bench.keep(openSeed(await service.databaseUrl()));
  await seed.events(events);
  await seed.ended(events, endpointIds, { failedOneIn });
  await seed.rollUp(events);
  await seed.settle();
  bench.say(`${events.count} stored within ${Math.round((performance.now() - startMs) / 1_000)} s`);
}

/** Names and addresses; of things, the newest. */
async function pathsOf(
  service: Service,
  apiKey: string,
  [endpointId]: string[],
): Promise<[string, string][]> {
  const newest = async (path: string): Promise<string> => {
    const list = await service.ask('GET', `/api/v1${path}`, apiKey);
    // Safe because every list of the API answers so, and none of these is empty.
    return (list as { data: { id: string }[] }).data[0]?.id ?? '';
  };
  const [deliveryId, failedId, eventId] = await Promise.all([
    newest('/deliveries?limit=1'),
    newest('/deliveries?limit=1&status=failed'),
    newest('/events?limit=1'),
  ]);
  const tenant = `/t/${service.tenant}`;
  const project = `${tenant}/p/pages`;
  return [
    ...['1h', '24h', '7d', '30d'].map((range): [string, string] => [
      `overview, ${range}`,
      `${project}?range=${range}`,
    ]),
    ['events', `${project}/events`],
    ['events, by type', `${project}/events?type=invoice.paid`],
    ['event', `${project}/events/${eventId}`],
    ['deliveries', `${project}/deliveries`],
    ['deliveries, failed', `${project}/deliveries?status=failed`],
    ['deliveries, of an endpoint', `${project}/deliveries?endpoint=${endpointId}`],
    ['delivery', `${project}/deliveries/${deliveryId}`],
    ['delivery, failed', `${project}/deliveries/${failedId}`],
    ['endpoints', `${project}/endpoints`],
    ['endpoint', `${project}/endpoints/${endpointId}`],
    ['sources', `${project}/sources`],
    ['replays', `${project}/replays`],
    ['portal', `${project}/portal`],
    ['projects', `${tenant}/projects`],
    ['API keys', `${tenant}/settings/keys`],
    ['audit log', `${tenant}/settings/audit`],
    ['usage', `${tenant}/settings/usage`],
  ];
}

/** Each after the other; the first ones are not counted. */
async function ask(url: URL, cookie: string, repeats: number) {
  const warmUps = 3;
  const tookMs: number[] = [];
  let answered = 0;
  for (let turn = -warmUps; turn < repeats; turn += 1) {
    const startMs = performance.now();
    const answer = await fetch(url, { headers: { cookie }, redirect: 'manual' });
    await answer.arrayBuffer();
    if (turn < 0) continue;
    tookMs.push(performance.now() - startMs);
    if (answer.status === 200) answered += 1;
  }
  return { tookMs, answered };
}
