/** Usage as a page: days, projects, and the date when a quota will be hit. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { findPageOffences } from '../../support/page-rules.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let path: string;

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  path = `/t/${tenant.name}/settings/usage`;
  await pages.signIn(tenant, 'viewer');
});

/** On the day that lies so many back: events, and for each 3 deliveries, 4 attempts and 1 KiB. */
async function use(daysAgo: number, events: number, of = tenant): Promise<void> {
  await pages.db.admin.sql`
    insert into usage_days (tenant_id, project_id, day, events, bytes, deliveries, attempts)
    values (${of.tenantId}, ${of.projectId}, (now() at time zone 'UTC')::date - ${daysAgo}::integer,
      ${events}, ${events * 1_024}, ${events * 3}, ${events * 4})`;
}

async function setQuotas(quotas: { events?: number; bytes?: number }): Promise<void> {
  const { events = null, bytes = null } = quotas;
  await pages.db.admin.sql`
    insert into tenant_quotas (tenant_id, events_per_month, stored_bytes)
    values (${tenant.tenantId}, ${events}, ${bytes})`;
}

test('days and projects add up, and nothing of another tenant is in them', async () => {
  await use(0, 1_000);
  await use(3, 200);
  await use(60, 7);
  const other = await createTenant(pages.db.database);
  await use(0, 999_999, other);
  const { text, status } = await pages.get(path);
  expect(status).toBe(200);
  expect(text).toContain('No quota is set: nothing is refused for its amount.');
  expect(text).toContain('>1\u202f200<');
  expect(text).toContain('>3\u202f600<');
  expect(text).toContain('>4\u202f800<');
  expect(text).toContain('100 % of events');
  expect(text).toContain(`href="/t/${tenant.name}/p/main"`);
  expect(text).not.toContain('999');
  expect(await findPageOffences(text)).toEqual([]);
  expect((await pages.get(`${path}?days=90`)).text).toContain('>1\u202f207<');
  expect((await pages.get(`/t/${other.name}/settings/usage`)).status).toBe(404);
});

test('the days that are shown are a file, a line for each', async () => {
  await use(0, 1_000);
  await use(3, 200);
  expect((await pages.get(`${path}?days=90`)).text).toContain(`href="${path}/export?days=90"`);
  const { text, status, headers } = await pages.get(`${path}/export`);
  expect(status).toBe(200);
  expect(headers.get('content-disposition')).toBe('attachment; filename="usage.csv"');
  const lines = text.trimEnd().split('\r\n');
  expect(lines[0]).toBe('date,events,deliveries,attempts,bytes');
  expect(lines).toHaveLength(31);
  expect(lines.at(-1)).toEndWith(',1000,3000,4000,1024000');
  expect(lines.at(-4)).toEndWith(',200,600,800,204800');
  expect(lines.at(-2)).toEndWith(',0,0,0,0');
  expect((await pages.get(`${path}/export?days=7`)).status).toBe(422);
});

test.each([
  ['events', '1\u202f000 events'],
  ['deliveries', '3\u202f000 deliveries'],
  ['bytes', '1000 KiB'],
])('the bars show %s', async (show, title) => {
  await use(1, 1_000);
  const { text } = await pages.get(`${path}?show=${show}`);
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  expect(text).toContain(`<title>${day}: ${title}</title>`);
});

test('a quota that fills says when, and one that is nearly full warns', async () => {
  await use(1, 500);
  await use(0, 400);
  await setQuotas({ bytes: 1_000 * 1_024 });
  const { text } = await pages.get(path);
  expect(text).toMatch(/Stored payloads reach the quota on about \w{3} \d+, \d{4}\./);
  expect(text).toContain('Stored payloads: 900 KiB of 1000 KiB, 90.0 %');
  expect(text).toContain('new events are answered with 429');
  expect(await findPageOffences(text)).toEqual([]);
});

test('a quota that is used up says so first', async () => {
  await use(0, 400);
  await setQuotas({ events: 400, bytes: 1_000_000_000 });
  const { text } = await pages.get(path);
  expect(text).toContain('Events this month: the quota is used up, new events are refused.');
  expect(text).toContain('callout" data-tone="bad"');
});

test('quotas that are far away are not warned of', async () => {
  await setQuotas({ events: 1_000_000 });
  const { text } = await pages.get(path);
  expect(text).toContain('At this pace no quota will be used up.');
  expect(text).toContain('enough for this month');
  expect(text).not.toContain('class="callout"');
  expect(text).toContain('Nothing was accepted in this time.');
});

test('a range that is none is refused', async () => {
  expect((await pages.get(`${path}?days=7`)).status).toBe(422);
});
