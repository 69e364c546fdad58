/** Making and changing an endpoint by its form: all settings, errors at their fields. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { createEventRow } from '../../support/deliveries.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createTenant, type TestTenant } from '../../support/tenants.ts';

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
  pages.outbound.refusal = null;
  await pages.signIn(tenant);
});

const url = 'https://ledger.example/hooks?a=1';
const make = (form: Record<string, string>) => pages.post(`${list}/new`, { url, ...form });

async function madeBy(form: Record<string, string>) {
  const answer = await make(form);
  expect(answer.status).toBe(303);
  const path = answer.headers.get('location') ?? '';
  const { sql } = pages.db.admin;
  const [row] = await sql`select * from endpoints where tenant_id = ${tenant.tenantId}`;
  return { path, row: Object(row) };
}

describe('a new endpoint', () => {
  test('has a form with an example and code that verifies', async () => {
    const { text, status } = await pages.get(`${list}/new`);
    expect(status).toBe(200);
    expect(text).toContain('POST /webhooks HTTP/1.1');
    expect(text).toContain('timingSafeEqual');
    expect(text).toContain('10 attempts over 3 d 3 h');
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('needs no more than a URL', async () => {
    const { row, path } = await madeBy({});
    expect(row).toMatchObject({ url, timeout_ms: 15_000, max_in_flight: 10, signing: 'hmac' });
    expect(row.retry_schedule).toHaveLength(9);
    expect(path).toBe(`${list}/${row.id}`);
  });

  test('has every setting of the form', async () => {
    const { row, path } = await madeBy({
      ...{ description: 'Ledger', eventTypes: ' invoice.*  payout.** ', timeoutMs: '2.5' },
      ...{ filter: '{"payload":{"total":{"$gte":100}}}', rateLimit: '50', maxInFlight: '3' },
      ...{ ordered: 'on', headers: 'x-one: 1\r\nx-two: a: b', auth: 'basic' },
      ...{ 'auth.username': 'ops', 'auth.password': 'secret', signing: 'ed25519' },
      ...{ retries: 'own', retrySchedule: '5s 5min 2h 1d' },
    });
    expect(row).toMatchObject({
      ...{ description: 'Ledger', event_types: ['invoice.*', 'payout.**'], timeout_ms: 2_500 },
      ...{ filter: { payload: { total: { $gte: 100 } } }, rate_limit_per_second: 50 },
      ...{ max_in_flight: 3, ordered: true, signing: 'ed25519' },
      retry_schedule: [5, 300, 7_200, 86_400],
    });
    const { text } = await pages.get(`${path}/edit`);
    expect(text).toContain('x-one: [masked]\nx-two: [masked]');
    expect(text).toContain('value="5s 5min 2h 1d"');
    expect(text).not.toContain('secret"');
    expect(text).toContain('webhook-signature: v1a,');
  });

  test('is sent a test when that is ticked', async () => {
    const { path } = await madeBy({ sendTest: 'on' });
    expect(path).toContain('?test=');
    expect((await pages.get(path)).text).toContain('The test event waits to be sent');
  });

  test.each<[string, Record<string, string>, string]>([
    ['url', { url: 'ftp://a.example' }, 'must be an absolute http or https URL'],
    ['eventTypes', { eventTypes: 'a..b' }, 'entry 1'],
    ['filter', { filter: '{' }, 'is not JSON'],
    ['filter', { filter: '{"payload":{"a":{"$near":1}}}' }, '$near'],
    ['headers', { headers: 'webhook-id: 1' }, 'webhook-id is set by opsforge'],
    ['headers', { headers: 'no colon' }, 'without a name and a colon'],
    ['headers', { headers: 'x-a: 1\nX-A: 2' }, 'x-a twice'],
    ['timeoutMs', { timeoutMs: '61' }, 'must be'],
    ['rateLimit', { rateLimit: '0' }, 'must be'],
    ['maxInFlight', { maxInFlight: 'many' }, 'must be a number'],
    ['auth.token', { auth: 'bearer', 'auth.token': '' }, 'must be 1 to'],
    ['auth', { auth: 'magic' }, 'must be of the kind'],
    ['retrySchedule', { retries: 'own', retrySchedule: '5x' }, '5x, which is no time'],
    ['retrySchedule', { retries: 'own', retrySchedule: '5s 8d' }, 'entry 2 must be whole seconds'],
  ])('shows an error of %s at its field', async (field, form, words) => {
    const answer = await make({ auth: 'none', description: 'kept as typed', ...form });
    expect(answer.status).toBe(422);
    const [, error = ''] = answer.text.split(`id="${field}-error"`);
    expect(error.slice(0, 900).replaceAll('&#34;', '"')).toContain(words);
    expect(answer.text).toContain('Nothing was saved: 1 field needs a change');
    expect(answer.text).toContain('value="kept as typed"');
    expect(await findPageOffences(answer.text)).toEqual([]);
  });

  test('is refused for an address that is not allowed, with all that was typed', async () => {
    pages.outbound.refusal = 'resolves to 10.20.7.14, a private address';
    const answer = await make({});
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('10.20.7.14');
    expect(answer.text).toContain('value="15"');
  });

  test('is refused to a viewer', async () => {
    await pages.signIn(tenant, 'viewer');
    expect((await make({})).status).toBe(403);
  });
});

describe('what came lately', () => {
  const seen = async (type: string, payload: unknown) => {
    await createEventRow(pages.db.database, tenant, { type, payload: JSON.stringify(payload) });
  };
  const check = (form: Record<string, string>, headers = {}) =>
    pages.post(`${list}/new/check`, { url, ...form }, headers);
  const plain = (text: string) => text.replaceAll('\u202f', ' ').replaceAll(/\s+/g, ' ');

  test('is offered by type with its count, and ticked types are saved beside typed ones', async () => {
    for (const total of [1, 2]) await seen('invoice.paid', { total });
    await seen('order.shipped', {});
    const { text } = await pages.get(`${list}/new`);
    expect(plain(text)).toMatch(/value="invoice\.paid".*?>2<.*value="order\.shipped".*?>1</);
    expect(plain(text)).toContain('2 of 2 types match: 3 of the last 3 events.');
    expect(await findPageOffences(text)).toEqual([]);
    const { row, path } = await madeBy({ eventTypes: 'payout.*', seenTypes: 'invoice.paid' });
    expect(row['event_types']).toEqual(['payout.*', 'invoice.paid']);
    const edit = (await pages.get(`${path}/edit`)).text;
    expect(edit).toMatch(/value="invoice\.paid" checked/);
    expect(edit).toMatch(/name="eventTypes" value="payout\.\*"/);
  });

  test('shows whether a filter matches, keeps what was typed and saves nothing', async () => {
    await seen('invoice.paid', { total: 50 });
    await seen('invoice.paid', { total: 500 });
    await seen('order.shipped', { total: 1 });
    const form = { eventTypes: 'invoice.*', description: 'Ledger', timeoutMs: '2.5' };
    const over = (total: number) => JSON.stringify({ payload: { total: { $gte: total } } });
    const matching = await check({ ...form, filter: over(100) });
    expect(matching.status).toBe(200);
    expect(plain(matching.text)).toContain('matches the last invoice.paid; 1 of the last 2');
    expect(matching.text.replaceAll('&#34;', '"')).toContain('"total": 500');
    expect(matching.text).toContain('value="Ledger"');
    expect(matching.text).toContain('value="2.5"');
    expect(await findPageOffences(matching.text)).toEqual([]);
    const other = await check({ ...form, filter: over(1_000) });
    expect(plain(other.text)).toContain('does not match the last invoice.paid; 0 of the last 2');
    const none = await check({ ...form, eventTypes: 'refund.*' });
    expect(plain(none.text)).toContain('None of the last 3 events is of these types.');
    const { sql } = pages.db.admin;
    const made = await sql`select id from endpoints where tenant_id = ${tenant.tenantId}`;
    expect(made).toHaveLength(0);
  });

  test('is answered to script as the part alone', async () => {
    await seen('invoice.paid', {});
    const headers = { 'hx-request': 'true', 'hx-target': 'div#endpoint-preview' };
    const { text } = await check({ url: 'https://a.example/in', signing: 'ed25519' }, headers);
    expect(text).toStartWith('<div id="endpoint-preview"');
    expect(text).toContain('POST /in HTTP/1.1');
    expect(text).toContain('WEBHOOK_PUBLIC_KEY');
  });

  test.each<[string, Record<string, string>]>([
    ['filter', { filter: '{' }],
    ['filter', { filter: '{"payload":{"a":{"$near":1}}}' }],
    ['eventTypes', { eventTypes: 'a..b' }],
    ['timeoutMs', { timeoutMs: 'soon', filter: '{' }],
  ])('cannot be checked by a bad %s, which shows its error', async (field, form) => {
    await seen('invoice.paid', {});
    const answer = await check(form);
    expect(answer.status).toBe(422);
    expect(answer.text).toContain(`id="${field}-error"`);
    expect(answer.text).toContain('value="invoice.paid"');
  });

  test('never shows the events of another tenant or project, nor those about endpoints', async () => {
    const other = await createTenant(pages.db.database);
    await createEventRow(pages.db.database, other, { type: 'theirs.made' });
    await seen('opsforge.endpoint.failing', {});
    const { text } = await pages.get(`${list}/new`);
    expect(text).not.toContain('theirs.made');
    expect(plain(text)).toContain('None of the last 1 events is of these types.');
    expect((await pages.post(`/t/${other.name}/p/main/endpoints/new/check`, {})).status).toBe(404);
  });

  test('may be checked for an endpoint as it is edited, there and nowhere else', async () => {
    await seen('invoice.paid', { total: 5 });
    const { path } = await madeBy({ description: 'Ledger' });
    const form = { url, filter: '{"payload":{"total":5}}' };
    const answer = await pages.post(`${path}/edit/check`, form);
    expect(plain(answer.text)).toContain('matches the last invoice.paid; 1 of the last 1');
    const other = await createTenant(pages.db.database);
    const there = path.replace(tenant.name, other.name);
    expect((await pages.post(`${there}/edit/check`, form)).status).toBe(404);
  });
});

describe('a changed endpoint', () => {
  test('keeps what is masked, and says what changed', async () => {
    const first = {
      description: 'Ledger',
      headers: 'x-key: one',
      auth: 'bearer',
      'auth.token': 't',
    };
    const { path, row } = await madeBy(first);
    const same = { ...first, url, headers: 'x-key: [masked]', 'auth.token': '[masked]' };
    const answer = await pages.post(`${path}/edit`, { ...same, timeoutMs: '20' });
    expect(answer.headers.get('location')).toBe(path);
    const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
    expect((await pages.get(path, { cookie })).text).toContain('Changed: timeout 15 s → 20 s');
    const { sql } = pages.db.admin;
    const [after] = await sql`select * from endpoints where id = ${row.id}`;
    expect(Object(after).timeout_ms).toBe(20_000);
  });

  test('that somebody else saved meanwhile shows both values, and keeps mine when asked', async () => {
    const { path, row } = await madeBy({ description: 'Ledger' });
    const seenIn = (text: string) => /name="updatedAt" value="([^"]+)"/.exec(text)?.[1] ?? '';
    const updatedAt = seenIn((await pages.get(`${path}/edit`)).text);
    expect(updatedAt).not.toBe('');
    const theirs = { url, description: 'Ledger', timeoutMs: '30', updatedAt };
    expect((await pages.post(`${path}/edit`, theirs)).status).toBe(303);
    const mine = { url, description: 'Books', timeoutMs: '20', updatedAt };
    const refused = await pages.post(`${path}/edit`, mine);
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('Somebody changed this endpoint meanwhile');
    expect(refused.text).toContain('is 30 now; saving again puts yours in its place');
    expect(refused.text).toContain('value="Books"');
    expect(await findPageOffences(refused.text)).toEqual([]);
    const again = { ...mine, updatedAt: seenIn(refused.text) };
    expect((await pages.post(`${path}/edit`, again)).status).toBe(303);
    const { sql } = pages.db.admin;
    const [after] = await sql`select * from endpoints where id = ${row.id}`;
    expect(after).toMatchObject({ description: 'Books', timeout_ms: 20_000 });
  });

  test('shows errors at their fields', async () => {
    const { path } = await madeBy({});
    const answer = await pages.post(`${path}/edit`, { url, headers: 'x-new: [masked]' });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('x-new is masked, and no value of that name is stored');
  });
});
