/** The metrics of the contract and their registry: one object a process. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { PoolCounts } from '../repositories/pool.ts';

/** More endpoints than that share the label `other`: a label's values must stay bounded. */
const endpointLabelsMax = 500;
/** promtool refuses these of prom-client's own: gauges named as counters. */
const refusedByPromtool = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const queryBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 10];
/** From an idle machine's milliseconds to the last retry after three days. */
const deliveryBuckets = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 43_200,
  259_200,
];

type Sources = {
  pool(): PoolCounts;
  /** Null when the database did not answer. */
  queue(): Promise<{ pending: number; lagSeconds: number } | null>;
  shardsLed(): number;
};

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(build: { version: string; commit: string }) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const name of refusedByPromtool) registry.removeSingleMetric(name);
  new Gauge({
    name: 'opsforge_build_info',
    help: 'Always 1; the labels tell what runs.',
    labelNames: ['version', 'commit'],
    registers,
  }).set(build, 1);
  const { httpRequests, deliveryLatency, accepted, attempts, jobs, queries } =
    createInstruments(registers);
  const endpointLabel = createLabelCap(endpointLabelsMax);

  const requests = createRequestTally(httpRequests);

  return {
    httpRequest: requests.note,
    eventsAccepted: (count: number) => accepted.inc(count),
    attempt: (outcome: string) => attempts.inc({ outcome }),
    settled(endpointId: string, status: 'delivered' | 'failed', seconds: number) {
      deliveryLatency.observe({ endpoint_id: endpointLabel(endpointId), status }, seconds);
    },
    job(job: string, outcome: 'success' | 'failure', seconds: number) {
      jobs.observe({ job, outcome }, seconds);
    },
    query: (query: string, seconds: number) => queries.observe({ query }, seconds),
    text() {
      requests.count();
      return registry.metrics();
    },
    contentType: registry.contentType,
    /** Gauges that are read at the moment of a scrape. */
    observe: (sources: Sources) => registerGauges(registers, sources),
  };
}

function createInstruments(registers: Registry[]) {
  const httpRequests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from a request to its answer, by route pattern.',
    labelNames: ['method', 'route', 'status'],
    buckets: requestBuckets,
    registers,
  });
  const deliveryLatency = new Histogram({
    name: 'event_delivery_latency_seconds',
    help: 'Time from accepting an event to the final answer of a delivery.',
    labelNames: ['endpoint_id', 'status'],
    buckets: deliveryBuckets,
    registers,
  });
  const accepted = new Counter({
    name: 'webhook_events_accepted_total',
    help: 'Events committed and answered with 202, repeats apart.',
    registers,
  });
  const attempts = new Counter({
    name: 'webhook_delivery_attempts_total',
    help: 'Attempts recorded, by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  const jobs = new Histogram({
    name: 'worker_job_duration_seconds',
    help: 'Time that one round of a loop took.',
    labelNames: ['job', 'outcome'],
    buckets: queryBuckets,
    registers,
  });
  const queries = new Histogram({
    name: 'db_query_duration_seconds',
    help: 'Time from sending a statement to its last row.',
    labelNames: ['query'],
    buckets: queryBuckets,
    registers,
  });
  return { httpRequests, deliveryLatency, accepted, attempts, jobs, queries };
}

/** Answered requests that are not in the histogram yet. */
const notedRequestsMax = 512;

/**
 * The histogram's own bookkeeping took 2 of the 17 us that Bun and the headers of an accepted event
 * take, and 0.5 us where it does many at once (Bun 1.4.5, 2-core x64, 2026-11). So requests are
 * noted, and counted when there are many or somebody asks.
 */
function createRequestTally(histogram: Histogram<'method' | 'route' | 'status'>) {
  const noted: { method: string; route: string; status: number; seconds: number }[] = [];

  function count(): void {
    for (const { seconds, ...labels } of noted) histogram.observe(labels, seconds);
    noted.length = 0;
  }
  return {
    note(method: string, route: string, status: number, seconds: number): void {
      noted.push({ method, route, status, seconds });
      if (noted.length >= notedRequestsMax) count();
    },
    count,
  };
}

/** The first so many values keep their own label, the rest share `other`. */
function createLabelCap(labelsMax: number): (value: string) => string {
  const labels = new Set<string>();
  return (value) => {
    if (labels.has(value)) return value;
    if (labels.size >= labelsMax) return 'other';
    labels.add(value);
    return value;
  };
}

function registerGauges(registers: Registry[], sources: Sources): void {
  new Gauge({
    name: 'webhook_deliveries_pending',
    help: 'Deliveries that wait for their next attempt, of the whole installation.',
    registers,
    async collect() {
      const queue = await sources.queue();
      if (queue !== null) this.set(queue.pending);
    },
  });
  new Gauge({
    name: 'webhook_delivery_lag_seconds',
    help: 'How long the oldest delivery of an active endpoint is overdue.',
    registers,
    async collect() {
      const queue = await sources.queue();
      if (queue !== null) this.set(queue.lagSeconds);
    },
  });
  new Gauge({
    name: 'worker_shards_led',
    help: 'Shards of endpoints that this process leads.',
    registers,
    collect() {
      this.set(sources.shardsLed());
    },
  });
  new Gauge({
    name: 'db_pool_connections',
    help: 'Connections of this process, and callers that wait for one.',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(sources.pool())) this.set({ state }, count);
    },
  });
}
