/** Partitions that leave while traffic runs, and those that somebody still needs. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import {
  dropOldPartitions,
  type Retention,
  type RetentionLimits,
  type RetentionRound,
} from '../../db/retention.ts';
import { type DeliveryId, type EndpointId, type EventId, newId } from '../../src/domain/ids.ts';
import { type Connection, connect } from '../../src/repositories/connection.ts';
import { databaseErrorCode } from '../../src/repositories/transactions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createEventRow, createPendingRow } from '../support/deliveries.ts';
import { eventually, queueDeliveries } from '../support/delivery-engine.ts';
import { createEndpointRow, createTenant, type TestTenant } from '../support/tenants.ts';

const dayMs = 86_400_000;
/** What leaves by RETENTION_EVENTS. */
const eventParents = ['webhook_events', 'replay_deliveries', 'deliveries', 'delivery_attempts'];
const retention: Retention = { eventsMs: 30 * dayMs, monitorLogsMs: 90 * dayMs };
const limits: RetentionLimits = { detachMsMax: 20_000, dropAttemptsMax: 2, dropPauseMs: 10 };
const impatient: RetentionLimits = { ...limits, detachMsMax: 300 };

let db: TestDatabase;
let tenant: TestTenant;
let endpointId: EndpointId;
const opened: Connection[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
  tenant = await createTenant(db.database);
  endpointId = await createEndpointRow(db.database, tenant, 'http://127.0.0.1:9/');
});
afterAll(() => db.drop());
beforeEach(async () => {
  await db.admin.sql`delete from delivery_queue`;
});
afterEach(async () => {
  for (const connection of opened.splice(0)) await connection.close();
  // What a test leaves behind leaves now.
  await db.admin.sql`delete from delivery_queue`;
  await round();
});

async function open(): Promise<Connection> {
  const connection = await connect({ url: db.adminUrl, applicationName: 'tests-retention' });
  opened.push(connection);
  return connection;
}

const noon = (daysAgo: number) => (Math.floor(Date.now() / dayMs) - daysAgo + 0.5) * dayMs;
const dayOf = (daysAgo: number) => new Date(noon(daysAgo)).toISOString().slice(0, 10);
const nameOf = (parent: string, daysAgo: number) =>
  `${parent}_${dayOf(daysAgo).replaceAll('-', '')}`;

async function makeDay(daysAgo: number): Promise<void> {
  await db.admin.sql`select make_day_partitions(${dayOf(daysAgo)}::text::date)`;
}

async function round(
  options: { limits?: RetentionLimits; retention?: Retention } = {},
): Promise<RetentionRound | null> {
  const { sql } = await open();
  return dropOldPartitions(sql, options.retention ?? retention, options.limits ?? limits);
}

async function exists(name: string): Promise<boolean> {
  const [row] = await db.admin.sql`select to_regclass(${name}) is not null as found`;
  return row?.['found'] === true;
}

async function stateOf(name: string): Promise<string> {
  const [row] = await db.admin.sql<{ state: string }[]>`
    select case when not c.relispartition then 'detached' when i.inhdetachpending then 'detaching'
      else 'attached' end as state
    from pg_class c left join pg_inherits i on i.inhrelid = c.oid where c.relname = ${name}`;
  return row?.state ?? 'gone';
}

/** Somebody who has read the table and does not end. */
async function reader(table: string): Promise<Connection> {
  const connection = await open();
  await connection.sql.unsafe(`begin; select count(*) from ${table}`);
  return connection;
}

describe('retention', () => {
  test('drops the days that are over, each table by its own age, and no other', async () => {
    await makeDay(40);
    await makeDay(100);
    const found = await round();
    const gone = [40, 100].flatMap((days) => eventParents.map((parent) => nameOf(parent, days)));
    expect(found?.dropped.toSorted()).toEqual([...gone, nameOf('monitor_logs', 100)].toSorted());
    expect(found).toMatchObject({ needed: [], waiting: [] });
    expect(await exists(nameOf('webhook_events', 40))).toBe(false);
    expect(await stateOf(nameOf('monitor_logs', 40))).toBe('attached');
    const [left] = await db.admin.sql`
      select count(*)::int as count from pg_inherits where inhparent = 'webhook_events'::regclass`;
    expect(left?.['count']).toBe(17);
    await round({ retention: { ...retention, monitorLogsMs: retention.eventsMs } });
  });

  test('never drops a day that would be made again at once', async () => {
    const shortest = { eventsMs: dayMs, monitorLogsMs: dayMs };
    await makeDay(3);
    const found = await round({ retention: shortest });
    expect(found?.dropped).toHaveLength(eventParents.length + 1);
    expect(await stateOf(nameOf('webhook_events', 3))).toBe('gone');
    expect(await stateOf(nameOf('webhook_events', 2))).toBe('attached');
  });

  test('keeps the event that a pending delivery needs, whenever the delivery was made', async () => {
    await makeDay(50);
    const eventId = newId<EventId>(noon(50));
    await createEventRow(db.database, tenant, { id: eventId });
    await createPendingRow(db.database, tenant, eventId, endpointId, {
      id: newId<DeliveryId>(Date.now()),
    });
    const found = await round();
    const needed = ['webhook_events', 'replay_deliveries'].map((parent) => nameOf(parent, 50));
    expect(found?.needed).toEqual(needed);
    expect(found?.dropped).toContain(nameOf('deliveries', 50));
    await db.admin.sql`delete from delivery_queue`;
    expect(await round()).toMatchObject({ dropped: needed, needed: [] });
  });

  test('keeps the ended delivery and its attempts for which one more was asked', async () => {
    await makeDay(50);
    const eventId = await createEventRow(db.database, tenant);
    await createPendingRow(db.database, tenant, eventId, endpointId, {
      id: newId<DeliveryId>(noon(50)),
      manual: true,
    });
    const found = await round();
    expect(found?.needed.toSorted()).toEqual(
      [nameOf('deliveries', 50), nameOf('delivery_attempts', 50)].toSorted(),
    );
    expect(found?.dropped).toContain(nameOf('webhook_events', 50));
  });

  test('lets everybody accept while partitions leave', async () => {
    for (const days of [60, 61, 62, 63]) await makeDay(days);
    let ended = false;
    let accepted = 0;
    const traffic = Array.from({ length: 3 }, async () => {
      while (!ended) {
        await queueDeliveries(db.database, tenant, endpointId, ['1', '2', '3']);
        accepted += 3;
      }
    });
    await eventually(
      () => accepted,
      (count) => count > 0,
    );
    const before = accepted;
    const found = await round().finally(() => {
      ended = true;
    });
    await Promise.all(traffic);
    expect(found?.dropped).toHaveLength(4 * eventParents.length);
    expect(accepted).toBeGreaterThan(before);
    const [row] = await db.admin.sql`select count(*)::int as count from delivery_queue`;
    expect(row?.['count']).toBe(accepted);
  });
});

describe('a reader that does not end', () => {
  test('is waited for while others accept, then left to the next round, which ends it', async () => {
    await makeDay(70);
    const name = nameOf('webhook_events', 70);
    const slow = await reader('webhook_events');
    const found = await round({ limits: impatient });
    expect(found?.waiting).toEqual([name]);
    expect(await stateOf(name)).toBe('detaching');
    await queueDeliveries(db.database, tenant, endpointId, ['{}']);
    await makeDay(-20);
    expect(await stateOf(nameOf('webhook_events', -20))).toBe('attached');
    await slow.close();
    expect((await round())?.dropped).toEqual([name]);
    await db.admin.sql.unsafe(`drop table ${nameOf('webhook_events', -20)}`);
  });

  test('of a detached partition makes the drop give up and the next round repeat it', async () => {
    await makeDay(70);
    const name = nameOf('webhook_events', 70);
    const slow = await reader('webhook_events');
    await round({ limits: impatient });
    await slow.close();
    await db.admin.sql.unsafe(`alter table webhook_events detach partition ${name} finalize`);
    const late = await reader(name);
    expect((await round())?.waiting).toEqual([name]);
    expect(await stateOf(name)).toBe('detached');
    await late.close();
    expect((await round())?.dropped).toEqual([name]);
  });

  test('and a delivery that was asked for meanwhile bring the partition back', async () => {
    await makeDay(70);
    const name = nameOf('webhook_events', 70);
    const eventId = newId<EventId>(noon(70));
    await createEventRow(db.database, tenant, { id: eventId });
    const slow = await reader('webhook_events');
    expect((await round({ limits: impatient }))?.waiting).toEqual([name]);
    await createPendingRow(db.database, tenant, eventId, endpointId);
    await slow.close();
    expect((await round())?.needed).toEqual([name]);
    expect(await stateOf(name)).toBe('attached');
    const rows = await db.database.withWorker((tx) =>
      tx.run('event', tx.sql`select id from webhook_events where id = ${eventId}`),
    );
    expect(rows).toHaveLength(1);
    await db.admin.sql`delete from delivery_queue`;
    expect((await round())?.dropped).toEqual([name]);
  });
});

test('a detached partition is read by no role of the service', async () => {
  await makeDay(80);
  const name = nameOf('webhook_events', 80);
  await db.admin.sql.unsafe(`alter table webhook_events detach partition ${name}`);
  const read = `select * from ${name}`;
  const codes = await Promise.all([
    db.database
      .withTenant(tenant.tenantId, (tx) => tx.run('r', tx.sql.unsafe(read)))
      .catch(databaseErrorCode),
    db.database
      .withIngest([tenant.tenantId], (tx) => tx.run('r', tx.sql.unsafe(read)))
      .catch(databaseErrorCode),
    db.database.withWorker((tx) => tx.run('r', tx.sql.unsafe(read))).catch(databaseErrorCode),
  ]);
  expect(codes).toEqual(['42501', '42501', '42501']);
  // Nobody but retention marks what is to be dropped: an administrator's own table stays.
  expect((await round())?.dropped).not.toContain(name);
  expect(await stateOf(name)).toBe('detached');
  await db.admin.sql.unsafe(`drop table ${name}`);
});

test('one process at a time drops', async () => {
  const other = await open();
  await other.sql`select pg_advisory_lock(hashtext('opsforge.retention'))`;
  await makeDay(40);
  expect(await round()).toBeNull();
  expect(await stateOf(nameOf('webhook_events', 40))).toBe('attached');
});

test('an owner who is no superuser, to whom forced row level security shows nothing, keeps what is needed', async () => {
  await makeDay(50);
  const eventId = newId<EventId>(noon(50));
  await createEventRow(db.database, tenant, { id: eventId });
  await createPendingRow(db.database, tenant, eventId, endpointId);
  const owner = `opsforge_test_owner_${crypto.randomUUID().slice(0, 8)}`;
  const { sql } = await open();
  await sql.unsafe(`create role ${owner} noinherit; grant opsforge_worker to ${owner};
    grant create on schema public to ${owner}`);
  try {
    const tables = await sql<{ name: string }[]>`
      select c.oid::regclass::text as name from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`;
    for (const { name } of tables) await sql.unsafe(`alter table ${name} owner to ${owner}`);
    await sql.unsafe(`set session authorization ${owner}`);
    const [seen] = await sql`select count(*)::int as count from delivery_queue`;
    expect(seen?.['count']).toBe(0);
    const found = await dropOldPartitions(sql, retention, limits);
    expect(found?.needed).toContain(nameOf('webhook_events', 50));
    expect(found?.dropped).not.toContain(nameOf('webhook_events', 50));
    await sql.unsafe('reset session authorization');
  } finally {
    await sql.unsafe(`reset session authorization; reset role; reassign owned by ${owner} to current_user;
      drop owned by ${owner}; drop role ${owner}`);
  }
});
