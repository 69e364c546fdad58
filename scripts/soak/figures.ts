/** What API, database and metrics say of a soak's events, read when all of it has ended. */

import type { Connection } from '../../src/repositories/connection.ts';
import type { Service } from '../../tests/support/binary.ts';
import type { Client } from '../../tests/support/service-client.ts';

export type Outcome = 'delivered' | 'failed';
type Status = Outcome | 'cancelled' | 'pending';
export type ByStatus = Record<Status, number>;
export type Stats = Record<'delivered' | 'failed' | 'attempts' | 'attemptsFailed', number>;

/** A row of the attempts' history: how many, of which endpoint, by which process, how ended. */
export type AttemptCount = {
  endpointId: string;
  worker: string;
  outcome: Outcome | 'superseded';
  /** Its delivery ended by it. */
  settled: boolean;
  count: number;
};

/** Counters of one process. */
export type Metrics = {
  accepted: number;
  attempts: Record<Outcome, number>;
  settled: Record<Outcome, number>;
};

const pageSize = 200;
/** A million rows; a list that never ends is a defect. */
const pagesMax = 5_000;

async function* listAll(client: Client, path: string): AsyncGenerator<Record<string, unknown>> {
  let cursor = '';
  for (let page = 0; page < pagesMax; page += 1) {
    const { status, body } = await client.get(`${path}?limit=${pageSize}${cursor}`);
    if (status !== 200) throw new Error(`${path} answered ${status} ${JSON.stringify(body)}`);
    // Safe because the lists of the API all have this shape.
    yield* body['data'] as Record<string, unknown>[];
    if (body['nextCursor'] === null) return;
    cursor = `&cursor=${encodeURIComponent(String(body['nextCursor']))}`;
  }
  throw new Error(`${path} has more than ${pagesMax} pages`);
}

export async function listEventIds(client: Client): Promise<string[]> {
  const ids: string[] = [];
  for await (const event of listAll(client, '/api/v1/events')) ids.push(String(event['id']));
  return ids;
}

/** By endpoint id. */
export async function countDeliveries(client: Client): Promise<Map<string, ByStatus>> {
  const counts = new Map<string, ByStatus>();
  for await (const delivery of listAll(client, '/api/v1/deliveries')) {
    const endpointId = String(delivery['endpointId']);
    const of = counts.get(endpointId) ?? { delivered: 0, failed: 0, cancelled: 0, pending: 0 };
    // Safe because the API knows these four.
    of[delivery['status'] as Status] += 1;
    counts.set(endpointId, of);
  }
  return counts;
}

export async function readStats(client: Client, endpointId: string): Promise<Stats> {
  const { status, body } = await client.get(`/api/v1/endpoints/${endpointId}/stats?bucket=minute`);
  if (status !== 200) throw new Error(`stats answered ${status} ${JSON.stringify(body)}`);
  // Safe because the totals have these counts, beside others.
  return body['totals'] as Stats;
}

/** Every attempt on record; its delivery has ended. */
export async function countAttempts({ sql }: Connection): Promise<AttemptCount[]> {
  return sql<AttemptCount[]>`
    select d.endpoint_id as "endpointId", a.worker, a.outcome,
      (a.attempt = d.attempts and d.status <> 'cancelled') as settled, count(*)::integer as count
    from deliveries d join delivery_attempts a on (a.tenant_id, a.delivery_id) = (d.tenant_id, d.id)
    group by 1, 2, 3, 4`;
}

export async function readMetrics({ url }: Pick<Service, 'url'>): Promise<Metrics> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  const lines = text.split('\n');
  const sum = (name: string, label: string) => {
    const wanted = lines.filter((line) => line.startsWith(name) && line.includes(label));
    return wanted.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
  };
  const byOutcome = (name: string, label: string) => ({
    delivered: sum(name, `${label}="delivered"`),
    failed: sum(name, `${label}="failed"`),
  });
  return {
    accepted: sum('webhook_events_accepted_total', ''),
    attempts: byOutcome('webhook_delivery_attempts_total{', 'outcome'),
    settled: byOutcome('event_delivery_latency_seconds_count{', 'status'),
  };
}
