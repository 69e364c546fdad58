import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import type { webhookEvents } from '../../../db/schema/webhooks.ts';
import { type EventId, newId } from '../../../src/domain/ids.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../../support/deliveries.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import {
  createEndpointRow,
  createKey,
  createTenant,
  type TestTenant,
} from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let path: string;

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  path = `/t/${tenant.name}/p/main/events`;
  await pages.signIn(tenant);
});

type Values = Partial<typeof webhookEvents.$inferInsert>;
const event = (values: Values = {}, ageMs = 0, of = tenant) =>
  createEventRow(pages.db.database, of, { id: newId<EventId>(Date.now() - ageMs), ...values });
const part = (id: string) => ({ 'hx-request': 'true', 'hx-target': `div#${id}` });

describe('the list of events', () => {
  test('shows who got them, their size and key, and none of another tenant', async () => {
    const { id: apiKeyId } = await createKey(pages.db.database, tenant);
    const payload = '{"name":"ü"}';
    const id = await event({ payload, apiKeyId, orderingKey: 'order:1' }, 2_000);
    const lonely = await event({ type: 'audit.exported' }, 1_000);
    const endpoint = await createEndpointRow(pages.db.database, tenant, 'https://example.com/');
    await createEndedRow(pages.db.database, tenant, id, endpoint);
    await createPendingRow(pages.db.database, tenant, id, endpoint);
    const other = await createTenant(pages.db.database);
    const theirs = await event({}, 0, other);
    const { text, status } = await pages.get(path);
    expect(status).toBe(200);
    expect(await findPageOffences(text)).toEqual([]);
    expect(text.indexOf(lonely)).toBeLessThan(text.indexOf(id));
    expect(text).not.toContain(theirs);
    for (const words of ['1 delivered', '1 pending', 'no endpoint wants it', 'order:1', '13 B']) {
      expect(text).toContain(words);
    }
    expect(text).toContain('API key test');
    await pages.signIn(tenant, 'viewer');
    expect((await pages.get(path)).text).not.toContain('API key test');
  });

  test('finds by key, label, words, type and time, and says how far words reach', async () => {
    const id = await event({ orderingKey: 'order:7', metadata: { build: 'b9' } }, 5_000);
    const old = await event({ type: 'order.lost', payload: '{"note":"needle"}' }, 7_200_000);
    const shown = async (query: string) => {
      const { text } = await pages.get(path + query);
      expect(await findPageOffences(text)).toEqual([]);
      return [id, old].filter((one) => text.includes(`/events/${one}`));
    };
    expect(await shown('')).toEqual([id, old]);
    expect(await shown('?q=order%3A7')).toEqual([id]);
    expect(await shown('?q=b9')).toEqual([id]);
    expect(await shown('?q=NEEDLE')).toEqual([old]);
    expect(await shown(`?q=${old}`)).toEqual([old]);
    expect(await shown('?type=order.*')).toEqual([old]);
    expect(await shown('?since=1h')).toEqual([id]);
    expect((await pages.get(`${path}?q=x`)).text).toContain('in the last 24 h');
  });

  test('says what it did not understand, and keeps it as text', async () => {
    await event();
    const { text } = await pages.get(`${path}?type=${encodeURIComponent('<b> "')}`);
    expect(text).toContain('The filter was not understood');
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('is empty with the line that posts the first one, or with a way out', async () => {
    const none = await pages.get(path);
    expect(none.text).toContain('https://opsforge.test/api/v1/webhooks');
    const filtered = await pages.get(`${path}?q=nothing&since=1h`);
    expect(filtered.text).toContain('Nothing matches in the last hour');
    expect(filtered.text).toContain('Clear the filters');
  });

  test('newer ones wait behind a link, and rows stay where they are', async () => {
    const seen = await event({}, 5_000);
    const page = await pages.get(path);
    const [, own = ''] = /id="rows"[^>]*hx-get="([^"]*)"/.exec(page.text) ?? [];
    const later = await event({}, 1_000);
    const newer = await pages.get(`${path}?seen=${seen}`, part('newer'));
    expect(newer.text).toContain('Show 1 newer event<');
    const rows = await pages.get(own.replaceAll('&amp;', '&'), part('rows'));
    expect(rows.text).toStartWith('<div id="rows"');
    expect(rows.text).toContain(seen);
    expect(rows.text).not.toContain(later);
    expect((await pages.get(`${path}?seen=${seen}`)).text).toContain('<tr class="is-new"');
  });
});

describe('the strip above the events', () => {
  const stripOf = (text: string) => (text.split('data-strip')[1] ?? '').split('</figure>')[0] ?? '';
  const counts = (strip: string) =>
    [...strip.matchAll(/UTC: (\d+) accepted<\/title>/g)].map(([, count]) => Number(count));

  test('counts what came in each step, none of another tenant, and leads there', async () => {
    for (let made = 0; made < 3; made += 1) await event({}, 1_000);
    await event({}, 0, await createTenant(pages.db.database));
    const { text } = await pages.get(`${path}?since=1h`);
    expect(text).toContain('3 accepted in the last hour');
    const strip = stripOf(text);
    expect(counts(strip)).toHaveLength(60);
    expect(counts(strip).at(-1)).toBe(3);
    const links = [...strip.matchAll(/<a href="([^"]+)"/g)].map(([, href]) => href ?? '');
    expect(links).toHaveLength(60);
    const { text: narrowed } = await pages.get(links.at(-1)?.replaceAll('&amp;', '&') ?? '');
    expect(narrowed).toContain('3 shown, newest first');
    const { text: earlier } = await pages.get(links.at(0)?.replaceAll('&amp;', '&') ?? '');
    expect(earlier).toContain('No events in the chosen time');
  });

  test('is not there before the first event', async () => {
    expect((await pages.get(path)).text).not.toContain('data-strip');
  });
});

test('an event is copied as the command that posts it once more, its payload as written', async () => {
  const id = await event({ payload: '{"n":1.0,"it":"it\'s"}', orderingKey: 'a' });
  const { text } = await pages.get(`${path}/${id}`);
  const [, copied = ''] = /data-copy="(curl [^"]*)"/.exec(text) ?? [];
  const command = copied.replaceAll('&#34;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
  expect(command).toContain('"type":"invoice.paid","orderingKey":"a"');
  expect(command).toContain(`"payload":{"n":1.0,"it":"it'\\''s"}}`);
});
