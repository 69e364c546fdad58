/** A day without its partition: made on the spot by whoever accepts or records, by nobody else. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { makePartitions } from '../../db/partitions.ts';
import { type EventId, newId } from '../../src/domain/ids.ts';
import { createClock } from '../../src/lib/clock.ts';
import { connect } from '../../src/repositories/connection.ts';
import { databaseErrorCode, type WorkerTx } from '../../src/repositories/transactions.ts';
import { commitEvents } from '../../src/usecases/webhooks/commit-events.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { findAttempts, queueDeliveries, startEngine } from '../support/delivery-engine.ts';
import { startReceiver } from '../support/receiver.ts';
import { createEndpointRow, createTenant } from '../support/tenants.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const dayMs = 86_400_000;
const dayIn = (days: number) => new Date(Date.now() + days * dayMs).toISOString().slice(0, 10);
const today = () => dayIn(0).replaceAll('-', '');

const call = (day: string) => (tx: Pick<WorkerTx, 'run' | 'sql'>) =>
  tx.run('call', tx.sql<{ made: number }[]>`select make_partitions_of(${day}::text::date) as made`);
const codeOf = (promise: Promise<unknown>) => promise.then(() => 'made', databaseErrorCode);

async function dropToday(...parents: string[]): Promise<void> {
  for (const parent of parents) await db.admin.sql.unsafe(`drop table ${parent}_${today()}`);
}

test('only the roles that accept and record may make a day, and only one around today', async () => {
  const { database } = db;
  const { tenantId } = await createTenant(database);
  expect(await codeOf(database.withTenant(tenantId, call(dayIn(0))))).toBe('42501');
  expect(await codeOf(database.withLookup(call(dayIn(0))))).toBe('42501');
  for (const far of [dayIn(-4), dayIn(17), 'infinity']) {
    expect(await codeOf(database.withWorker(call(far)))).toBe('22023');
    expect(await codeOf(database.withIngest([], call(far)))).toBe('22023');
  }
  expect(
    await codeOf(
      database.withWorker((tx) =>
        tx.run(
          'call',
          tx.sql`
    select make_day_partitions(now()::date)`,
        ),
      ),
    ),
  ).toBe('42501');
  await dropToday('webhook_events', 'deliveries');
  expect(await database.withWorker(call(dayIn(0)))).toMatchObject([{ made: 2 }]);
  expect(await database.withIngest([], call(dayIn(0)))).toMatchObject([{ made: 0 }]);
});

test('the tables of a caller cannot stand in for those that are meant', async () => {
  await dropToday('deliveries');
  const made = await db.database.withWorker(async (tx) => {
    await tx.run(
      'trap',
      tx.sql.unsafe(`create temp table deliveries_${today()} (id uuid) on commit drop`),
    );
    return call(dayIn(0))(tx);
  });
  expect(made).toMatchObject([{ made: 1 }]);
  const rows = await db.admin.sql`
    select relrowsecurity and relforcerowsecurity as walled,
      relacl from pg_class where relname = ${`deliveries_${today()}`} and relispartition`;
  expect(rows[0]).toMatchObject({ walled: true, relacl: null });
});

test('an event is accepted although nobody has made its day', async () => {
  const tenant = await createTenant(db.database);
  await dropToday('webhook_events');
  const id = newId<EventId>(Date.now());
  const { tenantId, projectId } = tenant;
  const outcomes = await commitEvents(db.database, [
    {
      event: {
        ...{ id, tenantId, projectId, apiKeyId: null, type: 'a', payload: '1' },
        ...{ orderingKey: null, metadata: null, hops: 0, deliveries: [] },
      },
      ...{ idempotencyKey: null, ownId: false, fingerprint: null },
    },
  ]);
  expect(outcomes).toMatchObject([{ id, duplicate: false }]);
});

test('a result is recorded, text and all, although nobody has made its day', async () => {
  const tenant = await createTenant(db.database);
  const receiver = startReceiver(() => new Response('fine', { status: 200 }));
  const endpointId = await createEndpointRow(db.database, tenant, receiver.url);
  const queued = await queueDeliveries(db.database, tenant, endpointId, ['1', '2']);
  await dropToday('deliveries', 'delivery_attempts');
  const started = startEngine(db, { clock: createClock() });
  try {
    await started.attempted(2);
    for (const { id } of queued) {
      expect(await findAttempts(db, id)).toMatchObject([
        { outcome: 'delivered', responseBody: 'fine' },
      ]);
    }
  } finally {
    await started.stop();
    await receiver.stop();
  }
});

test('days are made ahead while somebody reads the parent, without waiting for the reader', async () => {
  await db.admin.sql.unsafe(`drop table webhook_events_${dayIn(14).replaceAll('-', '')}`);
  const reader = await connect({ url: db.adminUrl, applicationName: 'tests-reader' });
  try {
    await reader.sql.unsafe('begin; select count(*) from webhook_events');
    await db.admin.sql`set lock_timeout = '500ms'`;
    expect(await makePartitions(db.admin.sql)).toBe(1);
  } finally {
    await db.admin.sql`reset lock_timeout`;
    await reader.close();
  }
});
