import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import type { webhookEvents } from '../../../db/schema/webhooks.ts';
import type { EndpointId, EventId } from '../../../src/domain/ids.ts';
import { createEndedRow, createEventRow } from '../../support/deliveries.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createEndpointRow, createTenant, type TestTenant } from '../../support/tenants.ts';

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

const event = (values: Partial<typeof webhookEvents.$inferInsert> = {}) =>
  createEventRow(pages.db.database, tenant, values);
const endpoint = (name: string, values = {}): Promise<EndpointId> =>
  createEndpointRow(pages.db.database, tenant, `https://${name}.example/`, {
    description: name,
    ...values,
  });
const delivered = (eventId: EventId, endpointId: EndpointId, values = {}) =>
  createEndedRow(pages.db.database, tenant, eventId, endpointId, values);

describe('the page of an event', () => {
  test('shows who got it, its payload to the byte with its hash, and labels as links', async () => {
    const payload = '{\n  "n": 1.0,\n  "text": "<script>alert(1)</script>"\n}';
    const id = await event({ payload, metadata: { env: 'a&b' } });
    await delivered(id, await endpoint('billing'));
    const { text, status } = await pages.get(`${path}/${id}`);
    expect(status).toBe(200);
    expect(await findPageOffences(text)).toEqual([]);
    expect(text).toContain('1 of 1 endpoints has it');
    expect(text).toContain('billing');
    expect(text).toContain(new Bun.CryptoHasher('sha256').update(payload).digest('hex'));
    expect(text).toContain('<span class="jn">1.0</span>');
    expect(text).toContain(`${path}?q=a%26b`);
  });

  test.each(['lines', 'tree', 'raw'])('shows the payload as %s', async (view) => {
    const id = await event({ payload: '{"a":[1.0,{"b":"<i>"}]}' });
    const { text } = await pages.get(`${path}/${id}?view=${view}`);
    expect(text.replaceAll(/<[^>]*>/g, '')).toContain('1.0');
    expect(text).not.toContain('<i>"');
    expect(text.includes('json-tree')).toBe(view === 'tree');
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('a long line comes as a tree, and what is too large for one by its lines', async () => {
    const long = await event({ payload: JSON.stringify({ text: 'x'.repeat(200) }) });
    expect((await pages.get(`${path}/${long}`)).text).toContain('json-tree');
    const large = await event({ payload: JSON.stringify(Array(3_000).fill(1)) });
    expect((await pages.get(`${path}/${large}`)).text).not.toContain('json-tree');
  });

  test('tells who did not get it, and why', async () => {
    const id = await event({ payload: '{"country":"NO"}' });
    await endpoint('types', { eventTypes: ['order.*'] });
    await endpoint('filtered', { filter: { payload: { country: 'PL' } } });
    await endpoint('off', { status: 'disabled' });
    const { text } = await pages.get(`${path}/${id}`);
    const words = text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
    expect(words).toContain('filtered its filter says no');
    expect(words).toContain('off disabled');
    expect(words).toContain('1 endpoint want other event types');
    expect(words).toContain('no endpoint wanted it');
  });

  test('is not there for another tenant, nor under another project', async () => {
    const id = await event();
    const other = await createTenant(pages.db.database);
    await pages.signIn(other);
    expect((await pages.get(`/t/${other.name}/p/main/events/${id}`)).status).toBe(404);
    await pages.signIn(tenant);
    await pages.post(`/t/${tenant.name}/projects/new`, { name: 'Second' });
    expect((await pages.get(`/t/${tenant.name}/p/second/events/${id}`)).status).toBe(404);
  });
});

describe('Send again', () => {
  test('offers the newest delivery of each endpoint and asks for one attempt', async () => {
    const id = await event();
    const endpointId = await endpoint('billing');
    const delivery = await delivered(id, endpointId, { status: 'failed' });
    const form = await pages.get(`${path}/${id}/again`);
    expect(form.text).toContain(delivery);
    expect(form.text).toContain('failed; one more attempt');
    expect(await findPageOffences(form.text)).toEqual([]);
    const answer = await pages.post(`${path}/${id}/again`, { id: delivery });
    expect(answer.headers.get('location')).toBe(`${path}/${id}`);
    expect(pages.woken).toContain(endpointId);
  });

  test('to nobody is refused with the form', async () => {
    const id = await event();
    await delivered(id, await endpoint('billing'));
    const answer = await pages.post(`${path}/${id}/again`, {});
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('Tick a delivery first.');
  });

  test('sends nothing of another event', async () => {
    const id = await event();
    const endpointId = await endpoint('other');
    const foreign = await delivered(await event(), endpointId);
    await pages.post(`${path}/${id}/again`, { id: foreign });
    expect(pages.woken).not.toContain(endpointId);
  });

  test('is refused to a viewer, and in another tenant', async () => {
    const id = await event();
    const delivery = await delivered(id, await endpoint('billing'));
    await pages.signIn(tenant, 'viewer');
    expect((await pages.get(`${path}/${id}`)).text).not.toContain('Send again');
    expect((await pages.get(`${path}/${id}/again`)).status).toBe(403);
    expect((await pages.post(`${path}/${id}/again`, { id: delivery })).status).toBe(403);
    const other = await createTenant(pages.db.database);
    await pages.signIn(other);
    const theirs = `/t/${other.name}/p/main/events/${id}/again`;
    expect((await pages.post(theirs, { id: delivery })).status).toBe(404);
  });
});
