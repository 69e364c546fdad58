/** The list of endpoints: the worst first, what each has done, and what narrows it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import type { EndpointId } from '../../../src/domain/ids.ts';
import { createEventRow, createPendingRow } from '../../support/deliveries.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createEndpointRow, createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let list: string;

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  list = `/t/${tenant.name}/p/main/endpoints`;
  await pages.signIn(tenant);
});

type Values = Parameters<typeof createEndpointRow>[3];

const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000);
const add = (description: string, values: Values = {}, of = tenant): Promise<EndpointId> =>
  createEndpointRow(pages.db.database, of, `https://${description.toLowerCase()}.example/hooks`, {
    description,
    ...values,
  });

/** One of each state, made in an order that is none. */
async function addAll() {
  await add('Well');
  await add('Stopped', { status: 'paused', statusReason: 'paused_by_request' });
  await add('Asked', { pausedUntil: inHours(1), pauseReason: 'retry_after' });
  await add('Gone', { status: 'disabled', statusReason: 'gone' });
  await add('Shaky', { failingSince: inHours(-3) });
  await add('Broken', {
    ...{ failingSince: inHours(-1), pausedUntil: inHours(1), pauseReason: 'circuit_breaker' },
  });
}

const namesIn = (html: string) =>
  [...html.matchAll(/cell-main[^>]*>([^<]*)</g)].map((match) => match[1]);

async function addMinute(endpointId: EndpointId, minutesAgo: number, attempts: number[]) {
  const [good = 0, bad = 0] = attempts;
  const answers = [0, 0, 0, 0, 0, 0, good + bad];
  for (const [table, unit] of [
    ['delivery_stats_minute', 'minute'],
    ['delivery_stats_hour', 'hour'],
  ] as const) {
    const { sql } = pages.db.admin;
    await sql`insert into ${sql(table)} values (${tenant.tenantId}, ${tenant.projectId},
      ${endpointId}, date_trunc(${unit}, now() - ${minutesAgo}::integer * interval '1 min'),
      ${good}, 0, ${good + bad}, ${bad}, ${answers}::integer[], ${answers}::integer[])`;
  }
}

describe('the list', () => {
  test('begins with whoever needs somebody, and says why', async () => {
    await addAll();
    const { text, status } = await pages.get(list);
    expect(status).toBe(200);
    expect(namesIn(text)).toEqual(['Broken', 'Shaky', 'Gone', 'Asked', 'Stopped', 'Well']);
    for (const words of ['for 1 h', 'for 3 h', 'it answered 410', 'by people']) {
      expect(text).toContain(words);
    }
    expect(text).toContain('1 of 6 is stopped by its breaker, 1 is failing, 2 are paused');
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('shows what each has done in the last day and what waits', async () => {
    const endpointId = await add('Busy');
    await addMinute(endpointId, 5, [3, 1]);
    const eventId = await createEventRow(pages.db.database, tenant);
    await createPendingRow(pages.db.database, tenant, eventId, endpointId);
    const { text } = await pages.get(list);
    expect(text).toContain('1 of 4 attempts failed');
    expect(text).toMatch(/75\.00.%/);
    expect(text).toContain('Last 48 hours: 0 mostly failing, 1 failing in part');
    expect(text).toMatch(/<td class="r max-sm:hidden!">1</);
  });

  test('is narrowed by a state and by words, which stand in the address', async () => {
    await addAll();
    const failing = await pages.get(`${list}?state=failing`);
    expect(namesIn(failing.text)).toEqual(['Shaky']);
    expect(failing.text).toContain('name="state" value="failing"');
    expect(namesIn((await pages.get(`${list}?q=GONE.exam`)).text)).toEqual(['Gone']);
    await add('Listener', { eventTypes: ['invoice.*'] });
    expect(namesIn((await pages.get(`${list}?q=invoice.`)).text)).toEqual(['Listener']);
    const none = await pages.get(`${list}?q=%25`);
    expect(none.text).toContain('No endpoint matches');
    expect((await pages.get(`${list}?state=nonsense`)).status).toBe(422);
  });

  test('goes on after 25', async () => {
    for (let index = 0; index < 26; index += 1) await add(`Number-${index}`);
    const first = await pages.get(list);
    expect(first.text).toContain('1 to 25 of 26');
    expect(first.text).toContain('endpoints?page=2"');
    const second = await pages.get(`${list}?page=2`);
    expect(namesIn(second.text)).toEqual(['Number-0']);
    expect(second.text).toContain(`href="${list}"`);
  });

  test('answers htmx with its rows alone', async () => {
    await add('Well');
    const headers = { 'hx-request': 'true', 'hx-target': 'section#endpoint-list' };
    const part = await pages.get(list, { ...headers, 'hx-request-type': 'partial' });
    expect(part.text).toStartWith('<section class="card" id="endpoint-list"');
  });

  test('shows none of another tenant, and markup in names as text', async () => {
    const other = await createTenant(pages.db.database);
    await add('Theirs', {}, other);
    await add('Mine', { description: '"><script>alert(1)</script>', eventTypes: ['<b>'] });
    const { text } = await pages.get(list);
    expect(text).not.toContain('Theirs');
    expect(text).not.toContain('<script>alert');
    expect(await findPageOffences(text)).toEqual([]);
    expect((await pages.get(`/t/${other.name}/p/main/endpoints`)).status).toBe(404);
  });
});

describe('without endpoints', () => {
  test('it is one field for the URL', async () => {
    const { text } = await pages.get(list);
    expect(text).toContain('No endpoint yet');
    expect(text).toContain(`action="${list}/new"`);
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('there is no field for who may not add one', async () => {
    await pages.signIn(tenant, 'viewer');
    const { text } = await pages.get(list);
    expect(text).toContain('No endpoint yet');
    expect(text).not.toContain('name="url"');
    expect(text).not.toContain('New endpoint');
  });
});
