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
  createMarkedTenant,
  type MarkedTenant,
  makeThing,
  type ThingName,
} from './support/walls/marked-tenant.ts';
import { type Wall, walls } from './support/walls/table.ts';

// Here and not in a hook: the titles of the tests are the routes.
const pages = await startPages();
afterAll(() => pages.stop());

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
      (route) => !operations.includes(asDocumented(route)) && walls[route] === undefined,
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

type OfKind<Kind extends Wall['kind']> = { route: string; wall: Extract<Wall, { kind: Kind }> };

function walled<Kind extends Wall['kind']>(...kinds: Kind[]): OfKind<Kind>[] {
  return Object.entries(walls).flatMap(([route, wall]) =>
    // Safe because the kinds are compared.
    (kinds as string[]).includes(wall.kind) ? [{ route, wall } as OfKind<Kind>] : [],
  );
}

type Arranged = { path: string; asked: Record<string, string> };
type Ids = Record<string, string>;

const pathOf = (route: string, values: Ids) =>
  route.replace(/^\w+ /, '').replace(/:(\w+)/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${route}: name what :${name} is, by \`items\``);
    return value;
  });

/** The ids of what the path names, made for this tenant. */
async function itemsOf(tenant: MarkedTenant, wall: Wall): Promise<Ids> {
  const items = 'items' in wall ? Object.entries(wall.items ?? {}) : [];
  const ids = items.map(async ([parameter, thing]) => [
    parameter,
    await makeThing(pages, tenant, thing),
  ]);
  return Object.fromEntries(await Promise.all(ids));
}

/** The same things as ids that nothing has. */
const nowhere = (ids: Ids): Ids =>
  Object.fromEntries(Object.keys(ids).map((name) => [name, Bun.randomUUIDv7()]));

function addressOf(route: string, slug: string, ids: Ids): Arranged {
  const path = pathOf(route, { tenant: slug, project: 'main', ...ids });
  return { path, asked: { PATH: path, NEXT: encodeURIComponent(path), TENANT: slug, ...ids } };
}

async function fieldsOf(tenant: MarkedTenant, wall: Wall): Promise<Record<string, string>> {
  const fields = 'fields' in wall ? (wall.fields ?? {}) : {};
  if (typeof fields !== 'function') return fields;
  return fields((name: ThingName) => makeThing(pages, tenant, name));
}

/** The lines of the tenant's audit log: what a refused form must leave as they are. */
async function changes({ tenantId }: MarkedTenant): Promise<number> {
  const [row] = await pages.db.admin.sql`
    select count(*)::int as count from audit_log where tenant_id = ${tenantId}`;
  return row?.['count'];
}

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

const nobodysKey = 'ofk_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';

describe.each(walled('page', 'person page'))('$route', ({ route, wall }) => {
  const isTenants = wall.kind === 'page';

  test('sends nobody to sign in, whatever key comes along', async () => {
    const { path } = addressOf(route, own.name, await itemsOf(own, wall));
    pages.signOut();
    const admin = await pages.keyOf(own, ['admin'], { tenantWide: true });
    for (const key of [undefined, nobodysKey, admin]) {
      const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
      const answer = await pages.get(path, headers);
      expectSentToSignIn(answer, path);
      expect(findHeaderOffences(answer)).toEqual([]);
    }
    const stale = await pages.get(path, { cookie: '__Host-opsforge_session=aaaa' });
    expectSentToSignIn(stale, path);
  });

  test('is read by who may, and keeps the rules of pages', async () => {
    const { path } = addressOf(route, own.name, await itemsOf(own, wall));
    await pages.signIn(own, isTenants ? (wall.least ?? 'viewer') : 'viewer');
    const answer = await pages.get(path);
    expect([path, answer.status < 400]).toEqual([path, true]);
    expect(await findPageOffences(answer.text)).toEqual([]);
    expect(findHeaderOffences(answer)).toEqual([]);
  });

  if (!isTenants) return;

  const below = roleBelow(wall.least ?? 'viewer');
  if (below !== null) {
    test('is refused to a role below', async () => {
      const { path } = addressOf(route, own.name, await itemsOf(own, wall));
      await pages.signIn(own, below);
      const answer = await pages.get(path);
      expect(answer.status).toBe(403);
      expect(answer.text).not.toContain(own.marker);
      expect(findHeaderOffences(answer)).toEqual([]);
    });
  }

  test('of another tenant is as one that is not there', async () => {
    const ids = await itemsOf(other, wall);
    await pages.signIn(own);
    await expectAlike(route, ids, (path) => pages.get(path));
    await expectAlike(route, ids, (path) =>
      pages.get(path, { 'hx-request': 'true', 'hx-target': 'main#main' }),
    );
  });
});

/** Asked by somebody of `own`: 404 for what is the other tenant's, and word for word the same. */
async function expectAlike(route: string, ids: Ids, ask: (path: string) => Promise<Answer>) {
  const nothing = nowhere(ids);
  const unknown = `tenant-${crypto.randomUUID().slice(-12)}`;
  const pairs = [[addressOf(route, other.name, ids), addressOf(route, unknown, nothing)]];
  // Another's thing below one's own tenant, where the path names things.
  if (Object.keys(ids).length > 0) {
    pairs.push([addressOf(route, own.name, ids), addressOf(route, own.name, nothing)]);
  }
  for (const [theirs, none] of pairs) {
    if (theirs === undefined || none === undefined) throw new Error('two are compared');
    const found = await ask(theirs.path);
    const absent = await ask(none.path);
    expect([theirs.path, found.status]).toEqual([theirs.path, 404]);
    expect(found.text).not.toContain(other.marker);
    expect(comparable(found, theirs.asked)).toBe(comparable(absent, none.asked));
    expect(findHeaderOffences(found)).toEqual([]);
  }
}

describe.each(walled('form', 'person form'))('$route', ({ route, wall }) => {
  const isTenants = wall.kind === 'form';
  const least = isTenants ? (wall.least ?? 'member') : 'viewer';
  const arrange = async () => {
    const ids = await itemsOf(own, wall);
    return { ...addressOf(route, own.name, ids), ids, fields: await fieldsOf(own, wall) };
  };

  test('does its work for who may', async () => {
    const { path, fields } = await arrange();
    await pages.signIn(own, least);
    const answer = await pages.post(path, fields);
    expect([path, `${answer.status}`]).toEqual([path, expect.stringMatching(/^(?:200|204|303)$/)]);
    expect(answer.headers.get('location') ?? '').not.toStartWith('/sign-in');
    expect(findHeaderOffences(answer)).toEqual([]);
  });

  test('sends nobody to sign in, whatever key comes along', async () => {
    const { path, fields } = await arrange();
    pages.signOut();
    const admin = await pages.keyOf(own, ['admin'], { tenantWide: true });
    const before = await changes(own);
    for (const key of [undefined, nobodysKey, admin]) {
      const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
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
    await expectBounded(path);
  });

  if (!isTenants) return;

  test('of another tenant is as one that is not there', async () => {
    const ids = await itemsOf(other, wall);
    const fields = await fieldsOf(own, wall);
    await pages.signIn(own);
    const before = await changes(other);
    await expectAlike(route, ids, (path) => pages.post(path, fields));
    expect(await changes(other)).toBe(before);
  });
});

describe.each(walled('public form'))('$route', ({ route, wall }) => {
  test('is refused from another site', async () => {
    pages.signOut();
    const fields = await fieldsOf(own, wall);
    await expectOwnSiteOnly((headers) => pages.post(pathOf(route, {}), fields, headers));
  });

  test('is bounded, and takes nothing but a form', async () => {
    pages.signOut();
    await expectBounded(pathOf(route, {}));
  });
});

const foreign: Record<string, string>[] = [
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'cross-site', origin: 'https://opsforge.test' },
  { 'sec-fetch-site': '', origin: 'https://evil.example' },
  { 'sec-fetch-site': '', origin: 'null' },
];

async function expectOwnSiteOnly(send: (headers: Record<string, string>) => Promise<Answer>) {
  for (const headers of foreign) {
    const answer = await send(headers);
    expect([headers, answer.status]).toEqual([headers, 403]);
    expect(answer.headers.getSetCookie()).toEqual([]);
  }
}

/** As many bytes as may be sent in one body; more is not even read. */
const formBytesMax = 256 * 1024;

async function expectBounded(path: string): Promise<void> {
  const send = (type: string, rawBody: string | Uint8Array<ArrayBuffer>) =>
    pages.send('POST', path, {
      rawBody,
      headers: {
        ...{ accept: 'text/html', cookie: pages.cookie(), 'sec-fetch-site': 'same-origin' },
        'content-type': type,
      },
    });
  const urlencoded = 'application/x-www-form-urlencoded';
  const fields = Array.from({ length: 10_000 }, (_, index) => `f${index}=1`).join('&');
  const part =
    '--b\r\ncontent-disposition: form-data; name="name"; filename="a"\r\n\r\nx\r\n--b--\r\n';
  const answers = [
    await send(urlencoded, `name=${'x'.repeat(formBytesMax)}`),
    await send(urlencoded, fields),
    await send('multipart/form-data; boundary=b', part),
    await send('application/json', '{"name":"x"}'),
    await send(urlencoded, new Uint8Array([0x61, 0x3d, 0xff])),
  ];
  expect([path, answers.map(({ status }) => status)]).toEqual([path, [413, 413, 415, 415, 400]]);
  for (const answer of answers) expect(findHeaderOffences(answer)).toEqual([]);
}

describe.each(walled('public'))('$route', ({ route, wall }) => {
  test('answers anybody, starts no session, and keeps the rules of headers', async () => {
    pages.signOut();
    const answer = await pages.get(wall.path ?? pathOf(route, {}));
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
        headers: { cookie: pages.cookie(), ...headers },
        body: {},
      }),
    );
    expect(await changes(own)).toBe(before);
  });
});
