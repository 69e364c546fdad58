/**
 * Holds what four sides say of the same events against each other: the 202s, the receivers, the
 * API, and the processes' metrics. Pure; a sentence for each thing that does not agree.
 *
 * A killed process takes its counters along, so metrics are held against the attempts on record by
 * the process that made them: equal for one that lives, at least the last scrape for the dead one.
 */
import type { AttemptCount, ByStatus, Metrics, Outcome, Stats } from './figures.ts';
import { badInFlightMax, type Group, isGood } from './plan.ts';

export type EndpointFigures = {
  endpoint: number;
  group: Group;
  postedIds: readonly string[];
  received: { requests: number; attempts: number; acceptedIds: ReadonlySet<string> };
  deliveries: ByStatus;
  stats: Stats;
  attempts: readonly AttemptCount[];
};

export type WorkerFigures = { name: string; killed: boolean; metrics: Metrics };

export type SoakFigures = {
  endpoints: readonly EndpointFigures[];
  eventIds: readonly string[];
  api: Metrics;
  workers: readonly WorkerFigures[];
  disorder: readonly string[];
};

/** A worker's 256 in flight, and two batches of 500 results on their way into the database. */
const inHandMax = 256 + 2 * 500;
/** Times at which what a bad endpoint has in flight is cut off: the kill, and its disabling. */
const cuts = 2;
const outcomes: readonly Outcome[] = ['delivered', 'failed'];

export const countOf = (
  attempts: readonly AttemptCount[],
  wanted: (one: AttemptCount) => boolean,
): number => attempts.filter(wanted).reduce((sum, { count }) => sum + count, 0);

export function findDisagreements(figures: SoakFigures): string[] {
  const found = createFindings();
  const posted = figures.endpoints.flatMap(({ postedIds }) => postedIds);
  found.equal('events that the API lists', figures.eventIds.length, 'the 202s', posted.length);
  found.same('events that the API lists', new Set(figures.eventIds), new Set(posted));
  for (const endpoint of figures.endpoints) checkEndpoint(found, endpoint);
  checkMetrics(found, figures, posted.length);
  const repeats = figures.endpoints.reduce(
    (sum, { received }) => sum + received.requests - received.attempts,
    0,
  );
  found.atMost('repeats', repeats, 'what the killed worker had in hand', inHandMax);
  return [...found.sentences, ...figures.disorder];
}

type Findings = ReturnType<typeof createFindings>;

function createFindings() {
  const sentences: string[] = [];
  return {
    sentences,
    equal(what: string, is: number, other: string, expected: number): void {
      if (is !== expected) sentences.push(`${what}: ${is}; ${other}: ${expected}`);
    },
    atMost(what: string, is: number, other: string, most: number): void {
      if (is > most) sentences.push(`${what}: ${is}, more than ${other}: ${most}`);
    },
    same(what: string, is: ReadonlySet<string>, expected: ReadonlySet<string>): void {
      const missing = [...expected].filter((id) => !is.has(id));
      const extra = [...is].filter((id) => !expected.has(id));
      if (missing.length > 0) sentences.push(`${what}: ${missing.length} missing, ${missing[0]}`);
      if (extra.length > 0) sentences.push(`${what}: ${extra.length} too many, ${extra[0]}`);
    },
  };
}

function checkEndpoint(found: Findings, figures: EndpointFigures): void {
  const { endpoint, group, postedIds, received, deliveries, stats, attempts } = figures;
  const { delivered, failed, cancelled, pending } = deliveries;
  const of = (what: string) => `endpoint ${endpoint} (${group}), ${what}`;
  const ended = delivered + failed + cancelled;
  found.equal(of('deliveries that ended'), ended, 'its 202s', postedIds.length);
  found.equal(of('deliveries that are pending'), pending, 'expected', 0);
  found.equal(of('delivered by its stats'), stats.delivered, 'by the API', delivered);
  found.equal(of('failed by its stats'), stats.failed, 'by the API', failed);
  const recorded = countOf(attempts, ({ outcome }) => outcome !== 'superseded');
  const recordedFailed = countOf(attempts, ({ outcome }) => outcome === 'failed');
  found.equal(of('attempts by its stats'), stats.attempts, 'on record', recorded);
  found.equal(
    of('failed attempts by its stats'),
    stats.attemptsFailed,
    'on record',
    recordedFailed,
  );
  const accepted = received.acceptedIds;
  found.equal(of('delivered by the API'), delivered, 'accepted by the receiver', accepted.size);
  if (isGood(group)) {
    found.same(of('events that arrived'), accepted, new Set(postedIds));
    found.equal(of('attempts that arrived'), received.attempts, 'on record', recorded);
  } else {
    const difference = Math.abs(received.attempts - recorded);
    const what = of('attempts that arrived and are not on record, or the reverse');
    found.atMost(what, difference, 'what was cut off', cuts * badInFlightMax);
  }
}

function checkMetrics(found: Findings, figures: SoakFigures, posted: number): void {
  const { api, workers, endpoints } = figures;
  const accepted = workers.reduce((sum, { metrics }) => sum + metrics.accepted, api.accepted);
  found.equal('webhook_events_accepted_total', accepted, 'the 202s', posted);
  const attempts = endpoints.flatMap((one) => one.attempts);
  for (const { name, killed, metrics } of workers) {
    for (const outcome of outcomes) {
      const own = (one: AttemptCount) => one.worker === name && one.outcome === outcome;
      const pairs: [string, number, number][] = [
        ['webhook_delivery_attempts_total', metrics.attempts[outcome], countOf(attempts, own)],
        [
          'event_delivery_latency_seconds_count',
          metrics.settled[outcome],
          countOf(attempts, (one) => own(one) && one.settled),
        ],
      ];
      for (const [metric, counted, recorded] of pairs) {
        const what = `${metric} ${outcome} of ${name}`;
        if (killed) found.atMost(`${what} before it was killed`, counted, 'on record', recorded);
        else found.equal(what, counted, 'on record', recorded);
      }
    }
  }
}
