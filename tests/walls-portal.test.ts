/**
 * Every route of a portal, whose token is all that lets one in: tried with tokens that never were,
 * have ended or were revoked, with the link of another customer and of another tenant, and with
 * things outside the link's set. The routes stand in tests/support/walls/table.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { ProjectId } from '../src/domain/ids.ts';
import type { Answer } from './support/api.ts';
import { findPageOffences } from './support/page-rules.ts';
import { startPages, type TestPages } from './support/signed-in.ts';
import { comparable, findHeaderOffences } from './support/walls/answer-rules.ts';
import {
  countChanges,
  fieldsOf,
  type Ids,
  idsOf,
  nowhere,
  portalAddressOf,
  walled,
} from './support/walls/arrange.ts';
import { expectBounded } from './support/walls/form-bounds.ts';
import {
  anotherCustomer,
  createMarkedTenant,
  type MarkedTenant,
  makePortalLink,
  makeThing,
  type ThingName,
} from './support/walls/marked-tenant.ts';
import type { Wall } from './support/walls/table.ts';

/** One customer of a tenant, and its links. */
type Customer = MarkedTenant & { token: string; readOnly: string };

let pages: TestPages;
let own: Customer;
/** Of the same tenant. */
let neighbour: Customer;
/** Of another tenant. */
let stranger: Customer;
/** Tokens that let nobody in (any more), by what they are. */
let dead: Readonly<Record<string, string>>;

beforeAll(async () => {
  pages = await startPages();
  const tenant = await createMarkedTenant(pages);
  own = await withLinks(tenant);
  neighbour = await withLinks(anotherCustomer(tenant));
  stranger = await withLinks(await createMarkedTenant(pages));
  dead = await deadTokens();
});
afterAll(() => pages.stop());

async function withLinks(customer: MarkedTenant): Promise<Customer> {
  const { token } = await makePortalLink(pages, customer);
  const { token: readOnly } = await makePortalLink(pages, customer, { permissions: ['read'] });
  return { ...customer, token, readOnly };
}

const neverMade = `ofp_${'A'.repeat(43)}`;

async function deadTokens() {
  const { sql } = pages.db.admin;
  const key = await pages.keyOf(own, ['admin'], { tenantWide: true });
  const ended = await makePortalLink(pages, own);
  await sql`update portal_links set expires_at = now() - interval '1 s' where id = ${ended.id}`;
  const revoked = await makePortalLink(pages, own);
  await pages.send('DELETE', `/api/v1/portal-links/${revoked.id}`, { key });
  const made = await pages.send('POST', '/api/v1/projects', { key, body: { name: 'Gone' } });
  const projectId = made.string('id');
  // Safe because the service answered it as a project's.
  const orphan = await makePortalLink(pages, { ...own, projectId: projectId as ProjectId });
  const gone = await pages.send('DELETE', `/api/v1/projects/${projectId}`, { key });
  expect(gone.status).toBeLessThan(300);
  await pages.signIn(own);
  const [, session = ''] = pages.cookie().split('=');
  pages.signOut();
  return {
    ...{ ended: ended.token, revoked: revoked.token, 'of a deleted project': orphan.token },
    ...{ 'an API key': key, 'a session': session, 'a link’s id': revoked.id },
    ...{ 'of no form': 'ofp_x', 'cut off': own.token.slice(0, -1) },
  };
}

const idsWithin = (wall: Wall, customer: MarkedTenant) =>
  idsOf(wall, (thing) => makeThing(pages, customer, thing));
const changes = () => countChanges(pages, own.tenantId);

type Ask = (path: string, headers?: Record<string, string>) => Promise<Answer>;

/** As `asked` with a token that never was, word for word. */
async function expectNobody(ask: Ask, route: string, ids: Ids): Promise<void> {
  const absent = portalAddressOf(route, neverMade, ids);
  const unknown = await ask(absent.path);
  expect(unknown.status).toBe(401);
  expect(unknown.headers.getSetCookie()).toEqual([]);
  const words = comparable(unknown, absent.asked);
  for (const [what, token] of Object.entries(dead)) {
    const { path, asked } = portalAddressOf(route, token, ids);
    const answer = await ask(path);
    expect([what, comparable(answer, asked)]).toEqual([what, words]);
    expect(findHeaderOffences(answer)).toEqual([]);
  }
  // Credentials that hold elsewhere open nothing here.
  await pages.signIn(own);
  const cookie = pages.cookie();
  pages.signOut();
  const key = await pages.keyOf(own, ['admin'], { tenantWide: true });
  for (const authorization of [`Bearer ${key}`, `Bearer ${own.token}`]) {
    const answer = await ask(absent.path, { cookie, authorization });
    expect(comparable(answer, absent.asked)).toBe(words);
  }
}

/** What one link may not see is, word for word, as what is not there. */
async function expectConfined(ask: Ask, route: string, wall: Wall): Promise<void> {
  const theirs = await idsWithin(wall, own);
  if (Object.keys(theirs).length === 0) return;
  const tenants = { ...own, marker: anotherCustomer(own).marker };
  const outside = await idsOf(wall, (thing) => makeThingOfNoCustomer(tenants, thing));
  const tries: [string, Ids][] = [
    [neighbour.token, theirs],
    [stranger.token, theirs],
    [own.token, await idsWithin(wall, neighbour)],
    [own.token, await idsWithin(wall, stranger)],
    [own.token, outside],
  ];
  const before = await changes();
  const markers = [own.marker, neighbour.marker, stranger.marker, tenants.marker];
  for (const [token, ids] of tries) {
    const found = portalAddressOf(route, token, ids);
    const none = portalAddressOf(route, token, nowhere(ids));
    const answer = await ask(found.path);
    expect([found.path, answer.status]).toEqual([found.path, 404]);
    expect(comparable(answer, found.asked)).toBe(comparable(await ask(none.path), none.asked));
    expect(findHeaderOffences(answer)).toEqual([]);
    for (const marker of markers) expect(answer.text.includes(marker)).toBe(false);
  }
  expect(await changes()).toBe(before);
}

/** An endpoint of the tenant's own, or a delivery to one: no customer sees them. */
async function makeThingOfNoCustomer(tenant: MarkedTenant, thing: ThingName): Promise<string> {
  const id = await makeThing(pages, tenant, thing);
  await pages.db.admin.sql`
    update endpoints set customer = null
    where tenant_id = ${tenant.tenantId} and customer = ${tenant.marker}`;
  return id;
}

describe.each(walled('portal page'))('$route', ({ route, wall }) => {
  const ask: Ask = (path, headers) => pages.get(path, headers);

  test('is read by who has the link, and keeps the rules of pages', async () => {
    const { token, readOnly } = own;
    const { path } = portalAddressOf(
      route,
      wall.writes ? token : readOnly,
      await idsWithin(wall, own),
    );
    const answer = await ask(path);
    expect([path, answer.status]).toEqual([path, 200]);
    const isPage = answer.headers.get('content-type')?.startsWith('text/html');
    expect(answer.text.includes(own.marker)).toBe(isPage === true);
    expect(answer.text.includes(neighbour.marker)).toBe(false);
    expect(await findPageOffences(answer.text)).toEqual([]);
    expect(findHeaderOffences(answer)).toEqual([]);
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  if (wall.writes) {
    test('is refused to a link that may only look', async () => {
      const { path } = portalAddressOf(route, own.readOnly, await idsWithin(wall, own));
      const answer = await ask(path);
      expect(answer.status).toBe(403);
      expect(answer.text.includes(own.marker)).toBe(false);
      expect(findHeaderOffences(answer)).toEqual([]);
    });
  }

  test('shows nothing to a link that has ended, was revoked or never was', async () => {
    await expectNobody(ask, route, await idsWithin(wall, own));
  });

  test('shows nothing of another link, another tenant, or outside the link’s set', async () => {
    await expectConfined(ask, route, wall);
  });
});

describe.each(walled('portal form'))('$route', ({ route, wall }) => {
  /** As from a frame: another site's, and no origin under `no-referrer`. */
  const inFrame = { 'sec-fetch-site': 'cross-site', origin: 'null' };
  const asker = async (customer = own): Promise<Ask> => {
    const fields = await fieldsOf(pages, customer, wall);
    return (path, headers = {}) => pages.post(path, fields, { ...inFrame, ...headers });
  };

  test('does its work for who has the link, in a frame too', async () => {
    const ask = await asker();
    const { path } = portalAddressOf(route, own.token, await idsWithin(wall, own));
    const answer = await ask(path);
    expect([path, `${answer.status}`]).toEqual([path, expect.stringMatching(/^(?:200|303)$/)]);
    const location = answer.headers.get('location');
    if (location !== null) expect(location).toStartWith(`/portal/${own.token}`);
    expect(findHeaderOffences(answer)).toEqual([]);
  });

  test('is refused to a link that may only look', async () => {
    const ask = await asker();
    const { path } = portalAddressOf(route, own.readOnly, await idsWithin(wall, own));
    const before = await changes();
    const answer = await ask(path);
    expect(answer.status).toBe(403);
    expect(findHeaderOffences(answer)).toEqual([]);
    expect(await changes()).toBe(before);
  });

  test('does nothing for a link that has ended, was revoked or never was', async () => {
    const ask = await asker();
    const ids = await idsWithin(wall, own);
    const before = await changes();
    await expectNobody(ask, route, ids);
    expect(await changes()).toBe(before);
  });

  test('does nothing to another link’s, another tenant’s, or outside the link’s set', async () => {
    await expectConfined(await asker(), route, wall);
  });

  test('is bounded, and takes nothing but a form', async () => {
    const { path } = portalAddressOf(route, own.token, await idsWithin(wall, own));
    await expectBounded(pages, path);
  });
});
