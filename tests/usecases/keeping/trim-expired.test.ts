import { afterAll, beforeAll, expect, test } from 'bun:test';
import { trimExpired } from '../../../src/usecases/keeping/trim-expired.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { createTenant, type TestTenant } from '../../support/tenants.ts';

let db: TestDatabase;
let tenant: TestTenant;
const { signal } = new AbortController();
beforeAll(async () => {
  db = await createTestDatabase();
  tenant = await createTenant(db.database);
});
afterAll(() => db.drop());

test('keys that hold nothing back any more are deleted, however many, and no others', async () => {
  const { tenantId, projectId } = tenant;
  await db.admin.sql`
    insert into idempotency_keys
      (scope_id, key, tenant_id, project_id, event_id, fingerprint, deliveries, created_at)
    select ${projectId}, n, ${tenantId}, ${projectId}, gen_random_uuid(), '\\x00', 1,
      now() - case when n > 12000 then interval '24 hours 59 minutes' else interval '25 hours 1 minute' end
    from generate_series(1, 12003) n`;
  expect(await trimExpired(db, signal)).toMatchObject({ idempotencyKeys: 12_000 });
  const [left] = await db.admin.sql`select count(*)::int as count from idempotency_keys`;
  expect(left?.['count']).toBe(3);
  expect(await trimExpired(db, signal)).toMatchObject({ idempotencyKeys: 0 });
});

test('minutes are kept for two days and hours for 400', async () => {
  const { tenantId, projectId } = tenant;
  for (const [table, hours] of [
    ['delivery_stats_minute', 48],
    ['delivery_stats_hour', 9_600],
  ] as const) {
    await db.admin.sql`
      insert into ${db.admin.sql(table)}
      select ${tenantId}, ${projectId}, gen_random_uuid(),
        now() - ${hours}::integer * interval '1 hour' + n * interval '1 minute', 1, 0, 1, 0, '{}', '{}'
      from unnest('{-2,-1,1}'::integer[]) n`;
  }
  expect(await trimExpired(db, signal)).toMatchObject({ statsMinutes: 2, statsHours: 2 });
  for (const table of ['delivery_stats_minute', 'delivery_stats_hour']) {
    const [left] = await db.admin.sql`select count(*)::int as count from ${db.admin.sql(table)}`;
    expect([table, left?.['count']]).toEqual([table, 1]);
  }
});

test('entries of the audit log are kept for 400 days, and no loop could delete one before', async () => {
  const { tenantId } = tenant;
  await db.admin.sql`
    insert into audit_log
      (id, tenant_id, at, actor_kind, actor_label, action, target_id, target_label)
    select gen_random_uuid(), ${tenantId}, now() - interval '400 days' + n * interval '1 minute',
      'operator', 'o', 'project.created', gen_random_uuid(), 't'
    from unnest('{-2,-1,1}'::integer[]) n`;
  expect(await trimExpired(db, signal)).toMatchObject({ auditEntries: 2 });
  const deleted = await db.database.withWorker((tx) =>
    tx.run('test', tx.sql`delete from audit_log returning id`),
  );
  expect(deleted.length).toBe(0);
  const [left] = await db.admin.sql`select count(*)::int as count from audit_log`;
  expect(left?.['count']).toBe(1);
});

test('usage is kept for 400 days', async () => {
  const { tenantId, projectId } = tenant;
  await db.admin.sql`
    insert into usage_days (tenant_id, project_id, day)
    select ${tenantId}, ${projectId}, (now() at time zone 'UTC')::date - n
    from unnest('{399,400,401,402}'::integer[]) n`;
  expect(await trimExpired(db, signal)).toMatchObject({ usageDays: 2 });
});

test('a stop ends it between two statements', async () => {
  await db.admin.sql`update delivery_stats_minute set bucket = bucket - interval '3 days'`;
  const stopped = {
    idempotencyKeys: 0,
    statsMinutes: 0,
    statsHours: 0,
    auditEntries: 0,
    usageDays: 0,
    sourceHours: 0,
  };
  expect(await trimExpired(db, AbortSignal.abort())).toEqual(stopped);
  expect(await trimExpired(db, signal)).toMatchObject({ statsMinutes: 1 });
});
