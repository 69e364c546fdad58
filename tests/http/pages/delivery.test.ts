import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { deliveryAttempts } from '../../../db/schema/webhooks.ts';
import {
  type AttemptId,
  type DeliveryId,
  type EndpointId,
  type EventId,
  newId,
} from '../../../src/domain/ids.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../../support/deliveries.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createEndpointRow, createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let endpointId: EndpointId;
let eventId: EventId;
let list: string;

const payload = `{"name":"it's <b>","n":1.0}`;

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  endpointId = await createEndpointRow(pages.db.database, tenant, 'https://example.com/in');
  eventId = await createEventRow(pages.db.database, tenant, { payload });
  list = `/t/${tenant.name}/p/main/deliveries`;
  await pages.signIn(tenant);
});

async function addAttempt(
  deliveryId: DeliveryId,
  attempt: number,
  values: Partial<typeof deliveryAttempts.$inferInsert> = {},
) {
  const startedAt = new Date(Date.now() + attempt * 1_000);
  const row = {
    ...{ tenantId: tenant.tenantId, deliveryId, attempt, startedAt, durationMs: 90 },
    ...{ id: newId<AttemptId>(startedAt.getTime()), outcome: 'failed' as const, worker: 'w-1' },
    requestHeaders: { 'content-type': 'application/json', 'x-token': '[masked]' },
  };
  await pages.db.database.withWorker((tx) =>
    tx.run('insertAttempt', tx.db.insert(deliveryAttempts).values({ ...row, ...values })),
  );
}

const pending = (values = {}) =>
  createPendingRow(pages.db.database, tenant, eventId, endpointId, values);
const ended = (values = {}) =>
  createEndedRow(pages.db.database, tenant, eventId, endpointId, values);

const decoded = (html: string) =>
  html
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');

describe('the page of a delivery', () => {
  test('tells what is next, why the last attempt failed, and what to do', async () => {
    const nextAttemptAt = new Date(Date.now() + 600_000);
    const id = await pending({ attempts: 2, lastStatusCode: 503, nextAttemptAt });
    await addAttempt(id, 1, { errorCode: 'timeout', errorMessage: 'No answer within 15 s' });
    await addAttempt(id, 2, { statusCode: 503, dnsMs: 1, firstByteMs: 80, responseHeaders: {} });
    const { text, status } = await pages.get(`${list}/${id}`);
    expect(status).toBe(200);
    expect(await findPageOffences(text)).toEqual([]);
    const words = decoded(text);
    expect(words).toContain('2 of 4 attempts failed · next in');
    expect(words).toContain('The endpoint answered 503.');
    expect(words).toContain('A fault on the receiver. It is sent again at ');
    expect(words).toContain(' UTC and, if that fails, once more.');
    expect(words).toContain('Attempt 3, due');
    expect(words.indexOf('Attempt 2')).toBeLessThan(words.indexOf('Attempt 1'));
    expect(text).toContain('aria-label="DNS 1 ms, First byte 80 ms, Download 9 ms"');
    expect(text).toContain('its phases were not measured');
  });

  test('shows each attempt at its own anchor, what it sent masked, what it got as text', async () => {
    const id = await ended({ status: 'failed', attempts: 2, reason: 'retries_exhausted' });
    await addAttempt(id, 1, { statusCode: 500, responseBody: '<script>alert(1)</script>' });
    await addAttempt(id, 2, { statusCode: 502, responseHeaders: { server: 'nginx' } });
    const { text } = await pages.get(`${list}/${id}`);
    expect(text).toContain('<div id="attempt-1"');
    expect(text).toContain('<div id="attempt-2"');
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text).toContain('[masked]');
    expect(text).toContain('nginx');
    expect(text).toContain('Given up after 2 failed attempts');
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('copies as a command that sends the payload to the byte', async () => {
    const id = await ended();
    await addAttempt(id, 1, { outcome: 'delivered', statusCode: 200 });
    const { text } = await pages.get(`${list}/${id}`);
    let command = '';
    const rewriter = new HTMLRewriter().on('button[aria-keyshortcuts="C"]', {
      element(button) {
        command = button.getAttribute('data-copy') ?? '';
      },
    });
    await rewriter.transform(new Response(text)).text();
    const plain = command
      .replaceAll('&#34;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&')
      .replaceAll('&lt;', '<');
    const print = `curl() { for one; do printf '%s\\0' "$one"; done; }\n${plain}`;
    const shell = Bun.spawn(['sh', '-c', print], { stdout: 'pipe' });
    const given = (await new Response(shell.stdout).text()).split('\0');
    expect(given).toContain('https://example.com/in');
    expect(given[given.indexOf('--data-binary') + 1]).toBe(payload);
  });

  test('is all there for an attempt that came too late, and without any', async () => {
    const id = await ended();
    await addAttempt(id, 1, { outcome: 'delivered' });
    await addAttempt(id, 1, { outcome: 'superseded' });
    const { text } = await pages.get(`${list}/${id}`);
    expect(text).toContain('came too late to count');
    expect(await findPageOffences(text)).toEqual([]);
    const none = await pages.get(`${list}/${await pending()}`);
    expect(none.text).toContain('waits for its first attempt');
    expect(await findPageOffences(none.text)).toEqual([]);
  });

  test('is told again as a part, with what came meanwhile', async () => {
    const id = await pending();
    await addAttempt(id, 1, { statusCode: 500 });
    const htmx = { 'hx-request': 'true', 'hx-target': 'div#delivery' };
    const { text } = await pages.get(`${list}/${id}`, htmx);
    expect(text).toStartWith('<div id="delivery"');
    expect(text).toContain('Attempt 1');
  });

  test.each([
    ['circuit_breaker' as const, 'breaker is open'],
    ['retry_after' as const, 'asked to be left alone until'],
  ])('says that the endpoint waits: %s', async (pauseReason, words) => {
    const pausedUntil = new Date(Date.now() + 60_000);
    endpointId = await createEndpointRow(pages.db.database, tenant, 'https://example.com/in', {
      ...{ pauseReason, pausedUntil },
    });
    const { text } = await pages.get(`${list}/${await pending({ attempts: 1 })}`);
    expect(text).toContain(words);
  });

  test('is not there for another tenant, nor under another project', async () => {
    const id = await pending();
    const other = await createTenant(pages.db.database);
    await pages.signIn(other);
    expect((await pages.get(`/t/${other.name}/p/main/deliveries/${id}`)).status).toBe(404);
    await pages.signIn(tenant);
    await pages.post(`/t/${tenant.name}/projects/new`, { name: 'Second' });
    expect((await pages.get(`/t/${tenant.name}/p/second/deliveries/${id}`)).status).toBe(404);
  });
});

describe('Retry now', () => {
  test('asks for one attempt and comes back', async () => {
    const id = await ended({ status: 'failed' });
    const answer = await pages.post(`${list}/${id}/retry`, {});
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(`${list}/${id}`);
    expect(pages.woken).toContain(endpointId);
  });

  test('says why not, where it cannot be', async () => {
    endpointId = await createEndpointRow(pages.db.database, tenant, 'https://example.com/in', {
      status: 'disabled',
    });
    const id = await ended({ status: 'failed' });
    const answer = await pages.post(`${list}/${id}/retry`, {});
    const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
    const { text } = await pages.get(`${list}/${id}`, { cookie });
    expect(text).toContain('Enable it first');
  });

  test('is refused to a viewer, and in another tenant', async () => {
    const id = await ended({ status: 'failed' });
    await pages.signIn(tenant, 'viewer');
    expect((await pages.get(`${list}/${id}`)).text).not.toContain('Retry now<');
    expect((await pages.post(`${list}/${id}/retry`, {})).status).toBe(403);
    const other = await createTenant(pages.db.database);
    await pages.signIn(other);
    const theirs = `/t/${other.name}/p/main/deliveries/${id}/retry`;
    expect((await pages.post(theirs, {})).status).toBe(404);
  });
});
