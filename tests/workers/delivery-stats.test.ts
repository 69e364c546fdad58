/** What recording counts and folding adds up, from attempts as the engine makes them. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import type { EndpointId, ProjectId } from '../../src/domain/ids.ts';
import { foldStats } from '../../src/usecases/keeping/fold-stats.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../support/deliveries.ts';
import {
  eventually,
  findAttempts,
  findDeliveries,
  makeDue,
  queueDeliveries,
  startEngine,
} from '../support/delivery-engine.ts';
import { type Behaviour, startReceiver } from '../support/receiver.ts';
import { createEndpointRow, createTenant } from '../support/tenants.ts';

let db: TestDatabase;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await db.admin.sql`truncate delivery_queue, delivery_stats_deltas`;
});

async function arrange(behaviour: Behaviour, retrySchedule: number[] = []) {
  const tenant = await createTenant(db.database);
  const receiver = startReceiver(behaviour);
  stops.push(() => receiver.stop());
  const endpointId = await createEndpointRow(db.database, tenant, receiver.url, {
    retrySchedule,
    maxInFlight: 50,
  });
  return { tenant, receiver, endpointId };
}

function start(overrides: Parameters<typeof startEngine>[1] = {}) {
  const started = startEngine(db, overrides);
  stops.push(() => started.stop());
  return started;
}

const status = (code: number) => () => new Response(null, { status: code });

const fold = () => foldStats({ database: db.database, tellNews: () => {} });

/** The sums of an endpoint's rows of one kind. */
async function sumsOf(subjectId: EndpointId | ProjectId, table: string) {
  const { sql } = db.admin;
  const [row] = await sql`
    select coalesce(sum(delivered), 0)::int as delivered, coalesce(sum(failed), 0)::int as failed,
      coalesce(sum(attempts), 0)::int as attempts,
      coalesce(sum(attempts_failed), 0)::int as "attemptsFailed",
      coalesce(sum((select sum(n) from unnest(answer_counts) n)), 0)::int as answers,
      coalesce(sum((select sum(n) from unnest(latency_counts) n)), 0)::int as latencies
    from ${sql(table)} where endpoint_id = ${subjectId}`;
  return row;
}

async function expectCounted(endpointId: EndpointId, expected: Record<string, number>) {
  await fold();
  const [row] = await db.admin.sql<{ projectId: ProjectId }[]>`
    select project_id as "projectId" from endpoints where id = ${endpointId}`;
  if (row === undefined) throw new Error(`there is no endpoint ${endpointId}`);
  for (const table of ['delivery_stats_minute', 'delivery_stats_hour']) {
    expect([table, await sumsOf(endpointId, table)]).toEqual([table, expected]);
    // It is its project's only one.
    expect([table, await sumsOf(row.projectId, table)]).toEqual([table, expected]);
  }
  await expectUsed(endpointId, expected);
}

/** Each tenant here has one endpoint, so its days say the same. */
async function expectUsed(endpointId: EndpointId, expected: Record<string, number>) {
  const [used] = await db.admin.sql`
    select coalesce(sum(deliveries), 0)::int as deliveries, coalesce(sum(attempts), 0)::int as attempts
    from usage_days where tenant_id = (select tenant_id from endpoints where id = ${endpointId})`;
  const { delivered = 0, failed = 0, attempts = 0 } = expected;
  expect(used).toEqual({ deliveries: delivered + failed, attempts });
}

test('successes, retries and what is given up are counted once, by delivery and by attempt', async () => {
  let answer = 500;
  const { tenant, endpointId } = await arrange(() => status(answer)(), [5]);
  const started = start();
  started.engine.offer(await queueDeliveries(db.database, tenant, endpointId, ['1', '2']));
  await started.attempted(2);
  await expectCounted(endpointId, {
    ...{ delivered: 0, failed: 0, attempts: 2, attemptsFailed: 2, answers: 2, latencies: 0 },
  });
  answer = 200;
  started.engine.offer(await queueDeliveries(db.database, tenant, endpointId, ['3', '4', '5']));
  await started.attempted(5);
  answer = 500;
  await makeDue(db, endpointId);
  started.engine.wakeEndpoints([endpointId]);
  await started.attempted(7);
  await expectCounted(endpointId, {
    ...{ delivered: 3, failed: 2, attempts: 7, attemptsFailed: 4, answers: 7, latencies: 3 },
  });
  const [left] = await db.admin.sql`select count(*)::int as count from delivery_stats_deltas`;
  expect(left?.['count']).toBe(0);
});

test('what another leader recorded first is not counted a second time', async () => {
  const opened = Promise.withResolvers<void>();
  const { tenant, receiver, endpointId } = await arrange(async () => {
    await opened.promise;
    return new Response(null, { status: 200 });
  });
  const payloads = Array.from({ length: 10 }, (_, at) => `${at}`);
  const queued = await queueDeliveries(db.database, tenant, endpointId, payloads);
  start({ workerName: 'one' });
  start({ workerName: 'two' });
  await receiver.waitFor(20);
  opened.resolve();
  await eventually(
    () => Promise.all(queued.map(async ({ id }) => (await findAttempts(db, id)).length)),
    (counts) => counts.every((count) => count === 2),
  );
  await expectCounted(endpointId, {
    ...{ delivered: 10, failed: 0, attempts: 10, attemptsFailed: 0, answers: 10, latencies: 10 },
  });
});

test('a manual attempt is an attempt and no delivery', async () => {
  const { tenant, endpointId } = await arrange(status(200));
  const eventId = await createEventRow(db.database, tenant);
  const id = await createEndedRow(db.database, tenant, eventId, endpointId, { status: 'failed' });
  await createPendingRow(db.database, tenant, eventId, endpointId, { id, manual: true });
  await start().attempted(1);
  const [row] = await findDeliveries(db, endpointId);
  expect(row?.status).toBe('delivered');
  await expectCounted(endpointId, {
    ...{ delivered: 0, failed: 0, attempts: 1, attemptsFailed: 0, answers: 1, latencies: 0 },
  });
});

test('an attempt without an answer has no time of an answer', async () => {
  const { tenant, receiver, endpointId } = await arrange(status(200));
  await receiver.stop();
  await queueDeliveries(db.database, tenant, endpointId, ['1']);
  await start().attempted(1);
  await expectCounted(endpointId, {
    ...{ delivered: 0, failed: 1, attempts: 1, attemptsFailed: 1, answers: 0, latencies: 0 },
  });
});

test('several that fold at once count everything once', async () => {
  const { tenant, endpointId } = await arrange(status(200));
  const { tenantId, projectId } = tenant;
  await db.admin.sql`
    insert into delivery_stats_deltas
    select ${tenantId}, ${projectId}, ${endpointId},
      '2026-01-01T10:00:00Z'::timestamptz + (n % 120) * interval '1 minute', 1, 0, 1, 0,
      array[n % 100], array[n % 7000]
    from generate_series(1, 25000) n`;
  const folded = await Promise.all([fold(), fold(), fold()]);
  await fold();
  expect(Math.max(...folded)).toBeLessThanOrEqual(25_000);
  await expectCounted(endpointId, {
    ...{ delivered: 25_000, failed: 0, attempts: 25_000, attemptsFailed: 0 },
    ...{ answers: 25_000, latencies: 25_000 },
  });
  const rows = await db.admin.sql`
    select bucket, delivered from delivery_stats_hour where endpoint_id = ${endpointId}
    order by bucket`;
  expect(rows).toHaveLength(2);
  const [minute] = await db.admin.sql<{ answers: number[]; latencies: number[] }[]>`
    select answer_counts as answers, latency_counts as latencies from delivery_stats_hour
    where endpoint_id = ${endpointId} order by bucket limit 1`;
  // Answers of 0 to 99 ms: none from 100 ms on, and a tenth of what is under 50 ms in 5 to 9 ms.
  expect(minute?.answers.slice(7).every((count) => count === 0)).toBe(true);
  expect(minute?.latencies).toHaveLength(21);
});
