/** The tenant's side of portals: how they look, and the links that are made and revoked. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
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
  path = `/t/${tenant.name}/p/main/portal`;
  await pages.signIn(tenant);
});

const form = { customer: 'tallybridge', expiresInSeconds: '86400', permission: 'write' };
const makeLink = (values: Record<string, string> = {}) =>
  pages.post(`${path}/links`, { ...form, ...values });
const linkIn = (html: string) =>
  /https:\/\/opsforge\.test(\/portal\/ofp_[\w-]{43})/.exec(html)?.[1] ?? 'none';
const revokeIn = (html: string) => /href="([^"]+\/revoke)"/.exec(html)?.[1] ?? 'none';

describe('a link', () => {
  test('is made, shown once, opens its portal, and is listed', async () => {
    const { text, status } = await makeLink();
    expect(status).toBe(200);
    expect(text).toContain('The link for tallybridge is shown this once');
    expect((await pages.get(linkIn(text))).text).toContain('This link is for tallybridge');
    const again = await pages.get(path);
    expect(linkIn(again.text)).toBe('none');
    expect(again.text).toContain('in 23 h');
    for (const html of [text, again.text]) expect(await findPageOffences(html)).toEqual([]);
  });

  test('may be one that lets its customer look', async () => {
    const { text } = await makeLink({ permission: 'read' });
    expect((await pages.get(linkIn(text))).text).not.toContain('Add endpoint');
  });

  test.each([
    ['customer', { customer: ' ' }],
    ['expiresInSeconds', { expiresInSeconds: '604801' }],
  ])('is refused at %s', async (field, values) => {
    const { text, status } = await makeLink(values);
    expect(status).toBe(422);
    expect(text).toContain(`id="${field}-error"`);
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('is revoked, and opens nothing from then on', async () => {
    const link = linkIn((await makeLink()).text);
    const revoke = revokeIn((await pages.get(path)).text);
    expect((await pages.get(revoke)).text).toContain('Revoke the link of tallybridge');
    expect((await pages.post(revoke, {})).headers.get('location')).toBe(path);
    expect((await pages.get(link)).status).toBe(401);
    expect((await pages.post(revoke, {})).status).toBe(404);
    expect((await pages.get(revoke)).status).toBe(404);
  });

  test('is neither made nor revoked by a viewer or in another tenant', async () => {
    await makeLink();
    const revoke = revokeIn((await pages.get(path)).text);
    await pages.signIn(tenant, 'viewer');
    const { text } = await pages.get(path);
    expect(text).toContain('tallybridge');
    expect(revokeIn(text)).toBe('none');
    expect(text).not.toContain('Make link');
    expect((await makeLink()).status).toBe(403);
    expect((await pages.post(revoke, {})).status).toBe(403);
    const other = await createTenant(pages.db.database);
    await pages.signIn(other);
    expect((await makeLink()).status).toBe(404);
    expect((await pages.post(revoke, {})).status).toBe(404);
    const own = revoke.replace(tenant.name, other.name);
    expect((await pages.post(own, {})).status).toBe(404);
  });
});

describe('how it looks', () => {
  const look = { name: 'Northwind', color: '#00665C', darkColor: '', frameOrigins: '' };

  test('is saved, and previewed by a style sheet of its own', async () => {
    const frameOrigins = 'https://a.example\nhttps://b.example/';
    const answer = await pages.post(`${path}/look`, { ...look, frameOrigins });
    expect(answer.headers.get('location')).toBe(path);
    const { text } = await pages.get(path);
    for (const words of ['Northwind', '#00665c', 'https://a.example\nhttps://b.example<']) {
      expect(text).toContain(words);
    }
    const sheet = await pages.get(`${path}/brand.css`);
    expect(sheet.text).toContain('.brand-preview {\n  --primary: #00665c;');
    expect(sheet.text).toMatch(/html\.dark \.brand-preview \{\n {2}--primary: #[0-9a-f]{6};/);
    expect(await findPageOffences(text)).toEqual([]);
    await pages.post(`${path}/look`, { name: '', color: '', darkColor: '', frameOrigins: '' });
    expect((await pages.get(`${path}/brand.css`)).text).toBe('');
    expect((await pages.get(path)).text).toContain('No colour is set');
  });

  test.each([
    ['color', { color: '#ffcc00' }, 'The nearest is #'],
    ['darkColor', { darkColor: '#101010' }, 'The nearest is #'],
    ['color', { color: 'teal' }, 'must be a colour like #2559bf'],
    ['frameOrigins', { frameOrigins: 'https://*.example' }, 'must be an origin'],
    ['name', { name: 'x'.repeat(201) }, '200 characters'],
  ])('is refused at %s for %j', async (field, values, words) => {
    const { text, status } = await pages.post(`${path}/look`, { ...look, ...values });
    expect(status).toBe(422);
    expect(text).toContain(`id="${field}-error"`);
    expect(text).toContain(words);
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('is changed by no viewer and in no other tenant', async () => {
    await pages.signIn(tenant, 'viewer');
    expect((await pages.post(`${path}/look`, look)).status).toBe(403);
    const other = await createTenant(pages.db.database);
    expect((await pages.post(`/t/${other.name}/p/main/portal/look`, look)).status).toBe(404);
    expect((await pages.get(`/t/${other.name}/p/main/portal/brand.css`)).status).toBe(404);
  });
});
