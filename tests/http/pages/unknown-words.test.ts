/**
 * Words that a later version wrote into the database, as while two versions run beside each other
 * or after going back: pages call them as they are, and none fails for them.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createEndedRow, createEventRow } from '../../support/deliveries.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createEndpointRow, createKey, createTenant } from '../../support/tenants.ts';

let pages: TestPages;
beforeAll(async () => {
  pages = await startPages();
  // As the migrations of that version would have widened them.
  const { sql } = pages.db.admin;
  const checks = await sql<{ tableName: string; name: string }[]>`
    select conrelid::regclass::text as "tableName", conname as name from pg_constraint
    where contype = 'c' and conislocal and connamespace = current_schema()::regnamespace
      and conrelid::regclass::text in ('replays', 'audit_log', 'endpoints')
      and pg_get_constraintdef(oid) like '%ARRAY[%'`;
  expect(checks.length).toBeGreaterThan(3);
  for (const { tableName, name } of checks) {
    await sql.unsafe(`alter table ${tableName} drop constraint "${name}"`);
  }
});
afterAll(() => pages.stop());

/** What it is called, and as pages that have words for such things spell it. */
const word = 'later_word';
const shown = /later[_ ]word/;

async function arrange() {
  const tenant = await createTenant(pages.db.database);
  await pages.signIn(tenant);
  return { tenant, sql: pages.db.admin.sql, project: `/t/${tenant.name}/p/main` };
}

async function expectShown(path: string): Promise<void> {
  const { status, text } = await pages.get(path);
  expect([path, status]).toEqual([path, 200]);
  expect([path, shown.test(text)]).toEqual([path, true]);
}

test.each(['failed', 'cancelled'] as const)('the reason of a %s delivery', async (status) => {
  const { tenant, project } = await arrange();
  const { database } = pages.db;
  const endpointId = await createEndpointRow(database, tenant, 'https://example.com/', {
    customer: 'one',
  });
  const eventId = await createEventRow(database, tenant);
  // Safe because this is the point: no type knows it yet.
  const reason = word as 'endpoint_gone';
  const id = await createEndedRow(database, tenant, eventId, endpointId, { status, reason });
  await expectShown(`${project}/deliveries/${id}`);
  const key = await pages.keyOf(tenant, ['admin']);
  const body = { customer: 'one' };
  const link = await pages.send('POST', '/api/v1/portal-links', { key, body });
  const portal = `/portal/${link.string('token')}`;
  const others = [
    ...[`${project}/deliveries`, `${project}/events/${eventId}`, `${project}/events`],
    ...[project, `${project}/endpoints/${endpointId}`, portal, `${portal}/deliveries/${id}`],
  ];
  for (const path of others) expect([path, (await pages.get(path)).status]).toEqual([path, 200]);
});

test('the error code of an attempt', async () => {
  const { tenant, sql, project } = await arrange();
  const { database } = pages.db;
  const endpointId = await createEndpointRow(database, tenant, 'https://example.com/');
  const eventId = await createEventRow(database, tenant);
  const id = await createEndedRow(database, tenant, eventId, endpointId, { status: 'failed' });
  await sql`
    insert into delivery_attempts (tenant_id, delivery_id, id, attempt, outcome, started_at,
      duration_ms, request_headers, worker, error_code, error_message)
    values (${tenant.tenantId}, ${id}, ${Bun.randomUUIDv7()}, 1, 'failed', now(), 1, '{}', 'w',
      ${word}, 'later words')`;
  await expectShown(`${project}/deliveries/${id}`);
});

test.each([
  ['paused', null],
  ['disabled', null],
  ['active', word],
])('why an endpoint is %s, and what pauses it: %p', async (status, pause) => {
  const { tenant, sql, project } = await arrange();
  const id = await createEndpointRow(pages.db.database, tenant, 'https://example.com/');
  await sql`
    update endpoints set status = ${status}, status_reason = ${status === 'active' ? null : word},
      pause_reason = ${pause}, paused_until = ${pause === null ? null : '2099-01-01T00:00:00Z'}
    where id = ${id}`;
  for (const path of [project, `${project}/endpoints`, `${project}/endpoints/${id}`]) {
    expect([path, (await pages.get(path)).status]).toEqual([path, 200]);
  }
});

test('what an entry of the audit log says was done, to what, by whom', async () => {
  const { tenant, sql } = await arrange();
  await createKey(pages.db.database, tenant);
  const key = await pages.keyOf(tenant, ['admin']);
  await pages.send('POST', '/api/v1/endpoints', { key, body: { url: 'https://example.com/' } });
  const [entry] = await sql`
    update audit_log set action = ${`thing.${word}`}, actor_kind = 'later_actor', actor_label = ''
    where tenant_id = ${tenant.tenantId} returning id`;
  const list = `/t/${tenant.name}/settings/audit`;
  await expectShown(list);
  expect((await pages.get(list)).text).toContain('later actor');
  await expectShown(`${list}?entry=${entry?.['id']}`);
  await expectShown(`${list}/export?format=csv`);
});

test.each(['status', 'phase', 'match_status'])('the %s of a replay', async (column) => {
  const { tenant, sql, project } = await arrange();
  const key = await pages.keyOf(tenant, ['admin']);
  const filter = { since: '2026-01-01T00:00:00Z', until: '2026-01-02T00:00:00Z' };
  const made = await pages.send('POST', '/api/v1/replays', { key, body: { filter } });
  await sql`update replays set ${sql({ [column]: word })} where id = ${made.string('id')}`;
  for (const path of [project, `${project}/replays`]) {
    expect([path, (await pages.get(path)).status]).toEqual([path, 200]);
  }
  expect((await pages.get(`${project}/replays/${made.string('id')}/cancel`)).status).toBeLessThan(
    500,
  );
});

test('what a key may do', async () => {
  const { tenant, sql } = await arrange();
  const { id } = await createKey(pages.db.database, tenant);
  await sql`update api_keys set scopes = array['events:read', ${word}] where id = ${id}`;
  await expectShown(`/t/${tenant.name}/settings/keys`);
  expect((await pages.get(`/t/${tenant.name}/settings/keys/${id}`)).status).toBe(200);
});
