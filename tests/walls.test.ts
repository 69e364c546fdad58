/**
 * Every route of the server, tried as nobody, as a viewer, as who belongs to another tenant, with
 * an API key, from another site, and with bodies that no browser sends. A route that is new fails
 * here until tests/support/walls/table.ts says what it is.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ingestRoutes } from '../src/controllers/api/webhooks.ts';
import { openapiDocument } from '../src/controllers/server.ts';
import { type Role, roles } from '../src/domain/roles.ts';
import { createLog } from '../src/lib/log.ts';
import type { Answer } from './support/api.ts';
import { findPageOffences } from './support/page-rules.ts';
import { startPages } from './support/signed-in.ts';
import { comparable, findHeaderOffences } from './support/walls/answer-rules.ts';
import {
  type Address,
  addressOf,
  countChanges,
  fieldsOf,
  type Ids,
  idsOf,
  itemsIn,
  nowhere,
  walled,
} from './support/walls/arrange.ts';
import { expectBounded } from './support/walls/form-bounds.ts';
import { createMarkedTenant, type MarkedTenant, makeThing } from './support/walls/marked-tenant.ts';
import { type Wall, walls } from './support/walls/table.ts';

/** As tests/support/preload.ts has it, whose default is not that of hooks after an `await`. */
const hookTimeoutMs = 60_000;

// Here and not in a hook: the titles of the tests are the routes.
const pages = await startPages();
afterAll(() => pages.stop(), hookTimeoutMs);

let own: MarkedTenant;
let other: MarkedTenant;
beforeAll(async () => {
  own = await createMarkedTenant(pages);
  other = await createMarkedTenant(pages);
});

const operations = Object.entries(Object(openapiDocument()['paths'])).flatMap(([path, methods]) =>
  Object.keys(Object(methods)).map((method) => `${method.toUpperCase()} ${path}`),
);
const asDocumented = (path: string) => path.replace(/:(\w+)/g, '{$1}');

/** Bun's router takes some before the application is asked. */
const plain = ingestRoutes({
  ...{ acceptWebhook: notAsked, acceptWebhookBatch: notAsked, httpRequest: () => {} },
  log: createLog('silent'),
  publicUrl: () => '',
});
async function notAsked(): Promise<Response> {
  throw new Error('the routes are listed, not called');
}

describe('every route', () => {
  const named = [
    ...pages.routes.map(({ method, path }) => `${method} ${path}`),
    ...Object.entries(plain).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    ),
  ];

  test('is an operation of the document or has an entry in the table of walls', () => {
    const missing = named.filter(
      (route) => !operations.includes(asDocumented(route)) && !(route in walls),
    );
    const remedy = missing.map(
      (route) => `'${route}' has no entry: add one to tests/support/walls/table.ts, such as
  '${route}': { kind: '${route.startsWith('GET') ? 'page' : 'form'}' },`,
    );
    expect(remedy.join('\n')).toBe('');
  });

  test('that has an entry is there', () => {
    expect(Object.keys(walls).filter((route) => !named.includes(route))).toEqual([]);
  });
});

const made = (tenant: MarkedTenant, wall: Wall) =>
  idsOf(wall, (thing) => makeThing(pages, tenant, thing));

const changes = ({ tenantId }: MarkedTenant) => countChanges(pages, tenantId);

const signInOf = (path: string) => `/sign-in?next=${encodeURIComponent(path)}`;

function expectSentToSignIn(answer: Answer, next: string): void {
  expect(answer.status).toBe(303);
  expect(answer.headers.get('location')).toBe(signInOf(next));
  expect(answer.text).toBe('');
}

/** The next role below, who may not. Null: everyone in the tenant may. */
function roleBelow(least: Role): Role | null {
  return roles[roles.indexOf(least) + 1] ?? null;
}

/** None of them is a session: pages are for those who signed in. */
async function strayCredentials(): Promise<Record<string, string>[]> {
  const admin = await pages.keyOf(own, ['admin'], { tenantWide: true });
  const body = { projectId: own.projectId, customer: 'one' };
  const link = await pages.send('POST', '/api/v1/portal-links', { key: admin, body });
  const keys = ['ofk_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', admin, link.string('token')];
  return [
    {},
    { cookie: '__Host-opsforge_session=aaaa' },
    { cookie: `opsforge_session=${await strangersSession()}` },
    ...keys.map((key) => ({ authorization: `Bearer ${key}` })),
  ];
}

/** Good, but without the prefix that binds it to this host: another host may have planted it. */
async function strangersSession(): Promise<string> {
  await pages.signIn(own);
  const [, token = ''] = pages.cookie().split('=');
  pages.signOut();
  return token;
}

/** Of an answer without end: its status and headers. */
async function beginningOf(path: string): Promise<Answer> {
  const headers = { cookie: pages.cookie() };
  const { status, headers: told, body } = await fetch(new URL(path, pages.url), { headers });
  await body?.cancel();
  return { status, headers: told, text: '', body: null, string: () => '', ids: () => [] };
}

describe.each(walled('page', 'person page'))('$route', ({ route, wall }) => {
  const isTenants = wall.kind === 'page';

  test('sends nobody to sign in, whatever credential comes along', async () => {
    const { path } = addressOf(route, own.name, await made(own, wall));
    pages.signOut();
    for (const headers of await strayCredentials()) {
      const answer = await pages.get(path, headers);
      expectSentToSignIn(answer, path);
      expect(findHeaderOffences(answer)).toEqual([]);
    }
  });

  test('is read by who may, and keeps the rules of pages', async () => {
    const { path } = addressOf(route, own.name, await made(own, wall));
    await pages.signIn(own, isTenants ? (wall.least ?? 'viewer') : 'viewer');
    const isEndless = isTenants && wall.isEndless === true;
    const answer = isEndless ? await beginningOf(path) : await pages.get(path);
    expect([path, answer.status < 400]).toEqual([path, true]);
    expect(await findPageOffences(answer.text)).toEqual([]);
    expect(findHeaderOffences(answer)).toEqual([]);
  });

  if (!isTenants) return;

  const below = roleBelow(wall.least ?? 'viewer');
  if (below !== null) {
    test('is refused to a role below', async () => {
      const { path } = addressOf(route, own.name, await made(own, wall));
      await pages.signIn(own, below);
      const answer = await pages.get(path);
      expect(answer.status).toBe(403);
      expect(answer.text.includes(own.marker)).toBe(false);
      expect(findHeaderOffences(answer)).toEqual([]);
    });
  }

  test('of another tenant is as one that is not there', async () => {
    const ids = await made(other, wall);
    await pages.signIn(own);
    await expectAlike(route, wall, ids, (path) => pages.get(path));
    await expectAlike(route, wall, ids, (path) =>
      pages.get(path, { 'hx-request': 'true', 'hx-target': 'main#main' }),
    );
  });
});

/** Asked by somebody of `own`: what is the other's is, word for word, as what is not there. */
async function expectAlike(
  route: string,
  wall: Wall,
  ids: Ids,
  ask: (path: string) => Promise<Answer>,
): Promise<void> {
  const nothing = nowhere(ids);
  const unknown = `tenant-${crypto.randomUUID().slice(-12)}`;
  const compare = async (theirs: Address, none: Address, status: number | null) => {
    const found = await ask(theirs.path);
    const absent = await ask(none.path);
    expect([theirs.path, found.status]).toEqual([theirs.path, status ?? absent.status]);
    expect(found.text.includes(other.marker)).toBe(false);
    expect(comparable(found, theirs.asked)).toBe(comparable(absent, none.asked));
    expect(findHeaderOffences(found)).toEqual([]);
  };
  await compare(addressOf(route, other.name, ids), addressOf(route, unknown, nothing), 404);
  if (Object.keys(ids).length === 0) return;
  // Another's thing below one's own tenant. A filter by what is not there may find nothing, too.
  const status = Object.keys(itemsIn(wall)).length > 0 ? 404 : null;
  await compare(addressOf(route, own.name, ids), addressOf(route, own.name, nothing), status);
}

describe.each(walled('form', 'person form'))('$route', ({ route, wall }) => {
  const isTenants = wall.kind === 'form';
  const least = isTenants ? (wall.least ?? 'member') : 'viewer';
  const arrange = async () => {
    const ids = await made(own, wall);
    return { ...addressOf(route, own.name, ids), ids, fields: await fieldsOf(pages, own, wall) };
  };

  test('does its work for who may', async () => {
    const { path, fields } = await arrange();
    await pages.signIn(own, least);
    const answer = await pages.post(path, fields);
    const statuses = wall.refused ? /^(?:403|409|422)$/ : /^(?:200|204|303)$/;
    expect([path, `${answer.status}`]).toEqual([path, expect.stringMatching(statuses)]);
    expect(answer.headers.get('location') ?? '').not.toStartWith('/sign-in?');
    expect(findHeaderOffences(answer)).toEqual([]);
  });

  test('sends nobody to sign in, whatever credential comes along', async () => {
    const { path, fields } = await arrange();
    pages.signOut();
    const credentials = await strayCredentials();
    const before = await changes(own);
    for (const headers of credentials) {
      const answer = await pages.post(path, fields, headers);
      expectSentToSignIn(answer, '/');
      expect(findHeaderOffences(answer)).toEqual([]);
    }
    expect(await changes(own)).toBe(before);
  });

  test('is refused from another site, to the owner too', async () => {
    const { path, fields } = await arrange();
    await pages.signIn(own);
    const before = await changes(own);
    await expectOwnSiteOnly((headers) => pages.post(path, fields, headers));
    expect(await changes(own)).toBe(before);
  });

  const below = isTenants ? roleBelow(least) : null;
  if (below !== null) {
    test('is refused to a role below', async () => {
      const { path, fields } = await arrange();
      await pages.signIn(own, below);
      const before = await changes(own);
      const answer = await pages.post(path, fields);
      expect([path, answer.status]).toEqual([path, 403]);
      expect(findHeaderOffences(answer)).toEqual([]);
      expect(await changes(own)).toBe(before);
    });
  }

  test('is bounded, and takes nothing but a form', async () => {
    const { path } = await arrange();
    await pages.signIn(own);
    await expectBounded(pages, path);
  });

  if (!isTenants) return;

  test('of another tenant is as one that is not there', async () => {
    const ids = await made(other, wall);
    const fields = await fieldsOf(pages, own, wall);
    await pages.signIn(own);
    const before = await changes(other);
    await expectAlike(route, wall, ids, (path) => pages.post(path, fields));
    expect(await changes(other)).toBe(before);
  });

  if (typeof wall.fields !== 'function') return;

  test('changes nothing of another tenant that its fields name', async () => {
    const { path } = await arrange();
    const fields = await fieldsOf(pages, other, wall, own.marker);
    await pages.signIn(own);
    const before = await changes(other);
    const answer = await pages.post(path, fields);
    expect(answer.status).toBeLessThan(500);
    expect(answer.text.includes(other.marker)).toBe(false);
    expect(await changes(other)).toBe(before);
  });
});

describe.each(walled('public form'))('$route', ({ route, wall }) => {
  test('is refused from another site', async () => {
    pages.signOut();
    const fields = await fieldsOf(pages, own, wall);
    await expectOwnSiteOnly((headers) =>
      pages.post(addressOf(route, '', {}).path, fields, headers),
    );
  });

  test('is bounded, and takes nothing but a form', async () => {
    pages.signOut();
    await expectBounded(pages, addressOf(route, '', {}).path);
  });
});

const foreign: Record<string, string>[] = [
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'cross-site', origin: 'https://opsforge.test' },
  { 'sec-fetch-site': '', origin: 'https://evil.example' },
  { 'sec-fetch-site': '', origin: 'null' },
];

/** As `pages.post` does: older browsers send no Sec-Fetch-Site. */
const withoutEmpty = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));

async function expectOwnSiteOnly(send: (headers: Record<string, string>) => Promise<Answer>) {
  for (const headers of foreign) {
    const answer = await send(headers);
    expect([headers, answer.status]).toEqual([headers, 403]);
    expect(answer.headers.getSetCookie()).toEqual([]);
  }
}

describe.each(walled('public'))('$route', ({ route }) => {
  test('answers anybody, starts no session, and keeps the rules of headers', async () => {
    pages.signOut();
    const answer = await pages.get(addressOf(route, '', {}).path);
    expect(answer.status).toBeLessThan(500);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(findHeaderOffences(answer)).toEqual([]);
  });
});

/** Senders of webhooks sign what they send; no cookie is looked at. */
const unasked = ['POST /api/v1/sources/{id}'];
const unsafe = operations.filter((name) => !name.startsWith('GET ') && !unasked.includes(name));

describe.each(unsafe)('%s', (operation) => {
  test('believes no cookie that another site made a browser send', async () => {
    await pages.signIn(own);
    const [method = '', path = ''] = operation.split(' ');
    const before = await changes(own);
    await expectOwnSiteOnly((headers) =>
      pages.send(method, path.replace(/\{\w+\}/g, Bun.randomUUIDv7()), {
        headers: { cookie: pages.cookie(), ...withoutEmpty(headers) },
        body: {},
      }),
    );
    expect(await changes(own)).toBe(before);
  });
});
