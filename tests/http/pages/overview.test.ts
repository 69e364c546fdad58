/** Projects and a project's overview with real rows, and what of them another tenant sees. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { createEndedRow, createEventRow, createPendingRow } from '../../support/deliveries.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { addProjectRollups } from '../../support/project-rollups.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createEndpointRow, createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  await pages.signIn(tenant, 'viewer');
});

/** 40 delivered and 10 given up within this minute and hour, each in 20 to 50 ms. */
async function arrangeDeliveries(of: TestTenant, name: string): Promise<void> {
  const values = { description: name, failingSince: new Date(Date.now() - 60_000) };
  const endpointId = await createEndpointRow(pages.db.database, of, 'https://a.example/', values);
  const counts = Array.from({ length: 21 }, (_, place) => (place === 5 ? 40 : 0));
  const { sql } = pages.db.admin;
  for (const unit of ['minute', 'hour']) {
    await sql`
      insert into ${sql(`delivery_stats_${unit}`)} (tenant_id, project_id, endpoint_id, bucket,
        delivered, failed, attempts, attempts_failed, answer_counts, latency_counts)
      values (${of.tenantId}, ${of.projectId}, ${endpointId}, date_trunc(${unit}, now()), 40, 10,
        60, 20, ${counts}, ${counts})`;
  }
  await addProjectRollups(sql);
}

test.each(['1h', '24h', '7d', '30d'])('an overview adds up the last %s', async (range) => {
  await arrangeDeliveries(tenant, 'billing <ledger>');
  const { text, status } = await pages.get(`/t/${tenant.name}/p/main?range=${range}`);
  expect(status).toBe(200);
  expect(text).toContain('1 endpoint failing. Everything else is delivering.');
  expect(text).toContain('<span>40</span>');
  expect(text).toContain('<span>80.00</span>');
  expect(text).toContain('66.67\u202f% of attempts');
  expect(text).toContain('billing &lt;ledger&gt;');
  expect(await findPageOffences(text)).toEqual([]);
});

test('an overview says who needs somebody, why deliveries fail, and how much came', async () => {
  const { database } = pages.db;
  const url = 'https://b.example/';
  const failingSince = new Date(Date.now() - 120_000);
  const endpointId = await createEndpointRow(database, tenant, url, { failingSince });
  const eventId = await createEventRow(database, tenant);
  const failed = { status: 'failed' as const, eventType: 'bill<1>' };
  const answered = { ...failed, lastStatusCode: 503, lastError: 'unused' };
  await createEndedRow(database, tenant, eventId, endpointId, answered);
  const given = await createEndedRow(database, tenant, eventId, endpointId, answered);
  await createEndedRow(database, tenant, eventId, endpointId, {
    ...failed,
    lastError: 'a <slow> one',
  });
  const retried = { attempts: 1, lastStatusCode: 503 };
  await createPendingRow(database, tenant, eventId, endpointId, retried);
  await createPendingRow(database, tenant, eventId, endpointId, { attempts: 0 });
  await pages.db.admin.sql`
    insert into usage_days (tenant_id, project_id, day, events, bytes, deliveries, attempts)
    select ${tenant.tenantId}, ${tenant.projectId}, (now() at time zone 'UTC')::date - n, 300 + n, 1,
      1, 1 from generate_series(0, 1) n`;
  const { text } = await pages.get(`/t/${tenant.name}/p/main`);
  expect(await findPageOffences(text)).toEqual([]);
  const words = text
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
  expect(words).toMatch(/b\.example\/: failing · no success since \d\d:\d\d UTC/);
  expect(words).toContain('HTTP 503 · b.example/3');
  expect(words).toContain('a <slow> one · b.example/1');
  expect(words).toContain('Events accepted300today · 301 yesterday');
  expect(words).toMatch(/Pending2oldest \d+ s/);
  expect(text).toContain(`href="/t/${tenant.name}/p/main/deliveries/${given}"`);
});

test('an overview where all is well has no list of what needs somebody', async () => {
  const { database } = pages.db;
  const endpointId = await createEndpointRow(database, tenant, 'https://c.example/');
  await createEndedRow(database, tenant, await createEventRow(database, tenant), endpointId);
  const { text } = await pages.get(`/t/${tenant.name}/p/main`);
  expect(text).toContain('Everything is delivering.');
  expect(text).not.toContain('Needs attention');
  expect(text).not.toContain('Why deliveries fail');
  expect(text).toContain('Nothing: each delivery arrived, or is still tried.');
});

test('an overview knows nothing of other tenants', async () => {
  const other = await createTenant(pages.db.database);
  await arrangeDeliveries(other, 'theirs');
  const { text } = await pages.get(`/t/${tenant.name}/p/main`);
  expect(text).toContain('Send your first webhook');
  expect(text).not.toContain('theirs');
});

test('the projects of a tenant say which one needs somebody', async () => {
  await arrangeDeliveries(tenant, 'ours');
  const other = await createTenant(pages.db.database);
  await arrangeDeliveries(other, 'theirs');
  const { text } = await pages.get(`/t/${tenant.name}/projects`);
  expect(text).toContain('main fails in part.');
  expect(text).toContain('1 failing');
  expect(text.match(/<section class="card"/g)).toHaveLength(1);
  expect(await findPageOffences(text)).toEqual([]);
});

test('only who may make a project is offered to', async () => {
  const path = `/t/${tenant.name}/projects`;
  expect((await pages.get(path)).text).not.toContain('New project');
  await pages.signIn(tenant, 'admin');
  expect((await pages.get(path)).text).toContain('New project');
});

test('a tenant’s own pages keep the menu of the project that was last open', async () => {
  const opened = await pages.get(`/t/${tenant.name}/p/main`);
  const [cookie = ''] = (opened.headers.get('set-cookie') ?? '').split(';');
  const home = `href="/t/${tenant.name}/p/main" title="Overview"`;
  const path = `/t/${tenant.name}/projects`;
  expect((await pages.get(path)).text).not.toContain(home);
  expect((await pages.get(path, { cookie })).text).toContain(home);
  const gone = cookie.replace('/main', '/gone');
  expect((await pages.get(path, { cookie: gone })).status).toBe(200);
});
