import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { type EndpointId, type EventId, newId } from '../../../src/domain/ids.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../../support/deliveries.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { addProjectRollups } from '../../support/project-rollups.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createEndpointRow, createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let endpointId: EndpointId;
let path: string;

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  endpointId = await createEndpointRow(pages.db.database, tenant, 'https://example.com/in', {
    description: 'billing-ledger',
  });
  path = `/t/${tenant.name}/p/main/deliveries`;
  await pages.signIn(tenant);
});

const part = (id: string) => ({
  'hx-request': 'true',
  'hx-request-type': 'partial',
  'hx-target': `div#${id}`,
});

const event = (ageMs = 0, of = tenant) =>
  createEventRow(pages.db.database, of, { id: newId<EventId>(Date.now() - ageMs) });
const pending = async (values = {}, ageMs = 0) =>
  createPendingRow(pages.db.database, tenant, await event(ageMs), endpointId, values);
const ended = async (values = {}, ageMs = 0) =>
  createEndedRow(pages.db.database, tenant, await event(ageMs), endpointId, values);

describe('the list of deliveries', () => {
  test('shows states in words, newest first, and none of another tenant', async () => {
    const ids = [
      await ended({ status: 'failed', attempts: 10 }, 4_000),
      await pending({ attempts: 2, lastStatusCode: 503 }, 3_000),
      await pending({}, 2_000),
      await ended({ lastStatusCode: 200 }, 1_000),
    ];
    const other = await createTenant(pages.db.database);
    const url = 'https://other.example/';
    const otherEndpoint = await createEndpointRow(pages.db.database, other, url);
    await createEndedRow(pages.db.database, other, await event(0, other), otherEndpoint);
    const { text, status } = await pages.get(path);
    expect(status).toBe(200);
    expect(await findPageOffences(text)).toEqual([]);
    const rows = text.split('<tbody')[1] ?? '';
    const shown = [...rows.matchAll(/…([0-9a-f]{8})</g)].map(([, end]) => end);
    expect(shown).toEqual(ids.toReversed().map((id) => id.slice(-8)));
    const words = [...rows.matchAll(/<span>(Failed|Retrying|Pending|Delivered)<\/span>/g)];
    expect(words.map(([, word]) => word)).toEqual(['Delivered', 'Pending', 'Retrying', 'Failed']);
    expect(rows).toContain('billing-ledger');
    expect(text).not.toContain('other.example');
  });

  test('is narrowed by its address: state, endpoint, type, id, time', async () => {
    const failed = await ended({ status: 'failed', eventType: 'order.lost' }, 2 * 3_600_000);
    const delivered = await ended({}, 60_000);
    const shown = async (query: string) => {
      const { text } = await pages.get(path + query);
      expect(await findPageOffences(text)).toEqual([]);
      return [failed, delivered].filter((id) => text.includes(id));
    };
    expect(await shown('')).toEqual([failed, delivered]);
    expect(await shown('?status=failed')).toEqual([failed]);
    expect(await shown(`?endpoint=${endpointId}`)).toEqual([failed, delivered]);
    const replay = crypto.randomUUID();
    const replayed = await ended({ replayId: replay }, 60_000);
    expect((await pages.get(`${path}?replay=${replay}`)).text).toContain(replayed);
    expect(await shown(`?replay=${replay}`)).toEqual([]);
    expect(await shown('?q=order.*')).toEqual([failed]);
    expect(await shown('?q=invoice.paid&status=&since=')).toEqual([]);
    expect(await shown('?q=invoice.paid')).toEqual([delivered]);
    expect(await shown(`?q=${failed}`)).toEqual([failed]);
    expect(await shown('?since=1h')).toEqual([delivered]);
    const at = new Date(Date.now() - 3_600_000).toISOString();
    expect(await shown(`?until=${at}`)).toEqual([failed]);
  });

  test('says what it did not understand, keeps what was typed, and lists nothing', async () => {
    const id = await ended();
    const { text } = await pages.get(`${path}?q=${encodeURIComponent('"><b>x')}`);
    expect(text).toContain('The filter was not understood');
    expect(text).toContain('value="&#34;>');
    expect(text).not.toContain(id);
    expect((await pages.get(`${path}?since=yesterday`)).text).toContain('Since must be a time');
  });

  test('is empty in words, with a way out', async () => {
    const { text } = await pages.get(`${path}?status=failed&since=1h`);
    expect(text).toContain('Nothing failed in the last hour');
    expect(text).toContain('Clear the filters');
  });

  test('goes on by cursors and back to the newest', async () => {
    const ids = [];
    for (let index = 0; index < 51; index += 1) ids.push(await ended({}, 60_000 - index * 10));
    const first = await pages.get(path);
    expect(first.text).not.toContain(ids[0] ?? '');
    const [, older = ''] =
      /href="([^"]*cursor=[^"]*)"[^>]*>(?:(?!<\/a>).)*Older/.exec(first.text) ?? [];
    const second = await pages.get(older.replaceAll('&amp;', '&'));
    expect(second.text).toContain(ids[0] ?? '');
    expect(second.text).not.toContain(ids[1] ?? '');
    expect(second.text).toContain('Newest');
  });
});

describe('what changes by itself', () => {
  test('newer rows wait behind a link, and come marked', async () => {
    const seen = await ended({}, 5_000);
    const asked = `${path}?seen=${seen}`;
    expect((await pages.get(asked, part('newer'))).text).not.toContain('Show');
    await ended({}, 2_000);
    await pending({}, 1_000);
    const { text } = await pages.get(asked, part('newer'));
    expect(text).toStartWith('<div id="newer"');
    expect(text).toContain('Show 2 newer deliveries');
    const page = await pages.get(asked);
    expect(page.text.match(/<tr class="is-new"/g)).toHaveLength(2);
  });

  test('rows that are looked at change in place, and none comes before them', async () => {
    const id = await pending({}, 5_000);
    const page = await pages.get(path);
    const [, own = ''] = /id="rows"[^>]*hx-get="([^"]*)"/.exec(page.text) ?? [];
    const later = await ended({}, 1_000);
    const rows = await pages.get(own.replaceAll('&amp;', '&'), part('rows'));
    expect(rows.text).toStartWith('<div id="rows"');
    expect(rows.text).toContain(id);
    expect(rows.text).not.toContain(later);
  });
});

describe('ticked deliveries', () => {
  test('are retried, and those that cannot be are counted', async () => {
    const id = await ended({ status: 'failed' });
    const gone = newId<EventId>(Date.now());
    const answer = await pages.post(`${path}?status=failed`, { id });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(`${path}?status=failed`);
    expect(pages.woken).toContain(endpointId);
    const none = await pages.post(path, { id: gone });
    const [cookie = ''] = (none.headers.get('set-cookie') ?? '').split(';');
    const { text } = await pages.get(path, { cookie });
    expect(text).toContain('0 deliveries retried');
    expect(text).toContain('1 could not be');
  });

  test('are none: the list says so', async () => {
    const answer = await pages.post(path, {});
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('Tick a delivery first.');
  });

  test('are shown before they are cancelled, without those that ended', async () => {
    const waiting = await pending();
    const over = await ended();
    const asked = await pages.get(`${path}/cancel?id=${waiting}&id=${over}`);
    expect(asked.text).toContain('Cancel 1 delivery?');
    expect(asked.text).toContain('1 of those you ticked have ended already');
    expect(await findPageOffences(asked.text)).toEqual([]);
    const done = await pages.post(`${path}/cancel`, { id: waiting });
    expect(done.headers.get('location')).toBe(`${path}/${waiting}`);
    expect((await pages.get(`${path}/cancel?id=${waiting}`)).text).toContain('None of them');
  });

  test('of a viewer stay as they are', async () => {
    const id = await pending();
    await pages.signIn(tenant, 'viewer');
    expect((await pages.get(path)).text).not.toContain('Retry ticked');
    expect((await pages.post(path, { id })).status).toBe(403);
    expect((await pages.post(`${path}/cancel`, { id })).status).toBe(403);
  });

  test('of another tenant are not there', async () => {
    const id = await pending();
    const other = await createTenant(pages.db.database);
    await pages.signIn(other);
    expect((await pages.post(path, { id })).status).toBe(404);
    expect((await pages.get(`/t/${other.name}/p/main/deliveries/cancel?id=${id}`)).status).toBe(
      404,
    );
    await pages.post(`/t/${other.name}/p/main/deliveries/cancel`, { id });
    await pages.signIn(tenant);
    expect((await pages.get(`${path}?status=pending`)).text).toContain(id);
  });
});

test('the volume is read from the rollups', async () => {
  const at = new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString();
  await pages.db.admin.sql`insert into delivery_stats_minute values (${tenant.tenantId},
    ${tenant.projectId}, ${endpointId}, ${at}::text::timestamptz, 7, 2, 12, 5, '{}', '{}')`;
  await addProjectRollups(pages.db.admin.sql);
  const { text } = await pages.get(`${path}?since=1h`);
  expect(text).toContain('9 ended in the last hour · 0 waiting · 2 failed');
  expect(text).toContain('7 delivered, 3 attempts failed, 2 given up');
});

test('each step of the volume leads to what was accepted in it', async () => {
  await ended({ status: 'failed' }, 1_000);
  const { text } = await pages.get(`${path}?since=1h&status=failed`);
  const strip = (text.split('data-strip')[1] ?? '').split('</figure>')[0] ?? '';
  const links = [...strip.matchAll(/<a href="([^"]+)"/g)].map(([, href]) => {
    return (href ?? '').replaceAll('&amp;', '&');
  });
  expect(links.length).toBeGreaterThanOrEqual(60);
  expect(links.every((link) => link.includes('status=failed'))).toBe(true);
  const shown = await Promise.all(
    links.slice(-2).map(async (link) => (await pages.get(link)).text),
  );
  expect(shown.filter((page) => page.includes('1 shown, newest first'))).toHaveLength(1);
});
