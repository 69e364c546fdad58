/** The first run: an endpoint, a test and a key by buttons alone, and who is not offered them. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { echoUrl } from '../../../src/domain/echo.ts';
import { createEventRow } from '../../support/deliveries.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createEndpointRow, createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let home: string;

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  home = `/t/${tenant.name}/p/main`;
  await pages.signIn(tenant);
});

const partial = { 'hx-request': 'true', 'hx-request-type': 'partial' };
const addEcho = () => pages.post(`${home}/start`, { step: 'endpoint', url: '', echo: 'on' });

async function endpointUrls(): Promise<string[]> {
  const { sql } = pages.db.admin;
  const rows = await sql`select url from endpoints where tenant_id = ${tenant.tenantId}`;
  return rows.map((row) => String(row['url']));
}

test('the echo, a test of it and what became of it are a click each', async () => {
  const added = await addEcho();
  expect([added.status, added.headers.get('location')]).toEqual([303, home]);
  expect(await endpointUrls()).toEqual([echoUrl]);
  const { text } = await pages.get(home);
  expect(text).toContain('Endpoint added: Echo');
  const [, action = ''] = /action="([^"]+\/test)"/.exec(text) ?? [];
  expect((await pages.post(action, {})).status).toBe(303);
  const sent = await pages.get(home);
  expect(sent.text).toContain('On its way…');
  expect(await findPageOffences(sent.text)).toEqual([]);
  const figures = await pages.get(`${home}?range=24h`);
  expect(figures.text).not.toContain('Send your first webhook');
});

test('an own URL is taken, and a bad one is refused at its field', async () => {
  const path = `${home}/start`;
  const bad = await pages.post(path, { step: 'endpoint', url: 'nowhere' });
  expect(bad.status).toBe(422);
  expect(bad.text).toContain('id="url-error"');
  expect(bad.text).toContain('value="nowhere"');
  const good = await pages.post(path, { step: 'endpoint', url: 'https://example.com/in' });
  expect(good.status).toBe(303);
  expect(await endpointUrls()).toEqual(['https://example.com/in']);
});

test('a key is made in place, and stands in the command this once', async () => {
  const made = await pages.post(`${home}/start`, { step: 'key' });
  const [key = ''] = /ofk_[\w-]+/.exec(made.text) ?? [];
  expect(made.text).toContain('/api/v1/webhooks');
  expect(key.length).toBeGreaterThan(30);
  const answer = await pages.send('POST', '/api/v1/webhooks', {
    ...{ key, body: { type: 'invoice.paid', payload: {} } },
  });
  expect(answer.status).toBe(202);
  const again = await pages.get(`${home}/start`);
  expect([again.status, again.headers.get('location')]).toEqual([303, home]);
});

test('an event that is no test ends it, and an open page is sent on', async () => {
  const asked = { ...partial, 'hx-target': 'div#waiting' };
  expect((await pages.get(home, asked)).text).toContain('Waiting for the first event');
  await createEventRow(pages.db.database, tenant, { type: 'invoice.paid' });
  const moved = await pages.get(home, asked);
  expect([moved.status, moved.headers.get('hx-redirect')]).toEqual([204, home]);
  expect((await pages.get(home)).text).not.toContain('Send your first webhook');
});

test('who may not change endpoints or keys is not offered to, and refused', async () => {
  await pages.signIn(tenant, 'viewer');
  const { text } = await pages.get(home);
  expect(text).not.toContain('Use the echo');
  expect(text).not.toContain('Make a key');
  expect((await addEcho()).status).toBe(403);
  expect((await pages.post(`${home}/start`, { step: 'key' })).status).toBe(403);
  expect(await endpointUrls()).toEqual([]);
});

test('an endpoint of another tenant is not tested from here', async () => {
  const other = await createTenant(pages.db.database);
  const id = await createEndpointRow(pages.db.database, other, 'https://example.com/other');
  expect((await pages.post(`${home}/start/endpoints/${id}/test`, {})).status).toBe(404);
});
