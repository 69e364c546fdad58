/** Making and changing an endpoint by its form: all settings, errors at their fields. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
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
