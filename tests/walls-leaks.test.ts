/**
 * Two tenants, each with one of everything and a word of its own in every text: whoever of the one
 * walks through all pages and all reading operations meets the other's word nowhere, headers
 * included. That the same walk finds one's own word everywhere shows that it would be found.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { openapiDocument } from '../src/controllers/server.ts';
import type { Answer } from './support/api.ts';
import { startPages, type TestPages } from './support/signed-in.ts';
import { addressOf, idsOf, portalAddressOf, walled } from './support/walls/arrange.ts';
import { crawl } from './support/walls/crawl.ts';
import {
  anotherCustomer,
  createMarkedTenant,
  fillTenant,
  type MarkedTenant,
  makePortalLink,
  type ThingName,
} from './support/walls/marked-tenant.ts';
import { walls } from './support/walls/table.ts';

type Filled = MarkedTenant & { ids: ReadonlyMap<ThingName, string> };

let pages: TestPages;
let own: Filled;
let other: Filled;

beforeAll(async () => {
  pages = await startPages();
  own = await filled();
  other = await filled();
});
afterAll(() => pages.stop());

async function filled(): Promise<Filled> {
  const tenant = await createMarkedTenant(pages);
  return { ...tenant, ids: await fillTenant(pages, tenant) };
}

/** Figures and bookkeeping without a text, and what the service does not write yet. */
const unfilled = [
  ...['usage_deltas', 'usage_days', 'tenant_quotas'],
  ...['monitors', 'monitor_logs', 'idempotency_keys', 'replay_deliveries'],
  ...['delivery_stats_deltas', 'delivery_stats_minute', 'delivery_stats_hour'],
];

test('both tenants have something in every table, or this would prove nothing', async () => {
  const { sql } = pages.db.admin;
  const tables = await sql<{ name: string }[]>`
    select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
      and not c.relispartition and a.attname = 'tenant_id' and not a.attisdropped`;
  for (const { name } of tables) {
    if (unfilled.includes(name)) continue;
    const [row] = await sql`select count(distinct tenant_id)::int as count from ${sql(name)}
      where tenant_id in ${sql([own.tenantId, other.tenantId])}`;
    expect([name, row?.['count']]).toEqual([name, 2]);
  }
});

/** Where each page's address leads with the ids of this tenant, below this slug. */
async function pathsOf(tenant: Filled, slug: string): Promise<string[]> {
  const routes = Object.entries(walls).filter(
    ([route, { kind }]) => route.startsWith('GET ') && !kind.startsWith('portal'),
  );
  const paths = routes.map(async ([route, wall]) => {
    const ids = await idsOf(wall, (thing) => tenant.ids.get(thing) ?? thing);
    return addressOf(route, slug, ids).path;
  });
  return Promise.all(paths);
}

/** The same of a portal's pages, below the path of this token. */
async function portalPathsOf(customer: Filled, token: string): Promise<string[]> {
  const paths = walled('portal page').map(async ({ route, wall }) => {
    const ids = await idsOf(wall, (thing) => customer.ids.get(thing) ?? thing);
    return portalAddressOf(route, token, ids).path;
  });
  return Promise.all(paths);
}

const isPage = ({ status, headers }: Answer) =>
  status === 200 && headers.get('content-type')?.startsWith('text/html') === true;
const holds = ({ headers, text }: Answer, word: string) =>
  `${JSON.stringify([...headers])}${text}`.includes(word);

describe('a walk through all pages', () => {
  test('meets one’s own word, and nothing of the other tenant', async () => {
    await pages.signIn(own);
    const ownPaths = await pathsOf(own, own.name);
    const theirs = [...(await pathsOf(other, own.name)), ...(await pathsOf(other, other.name))];
    const found = await crawl(pages, [...ownPaths, ...theirs]);
    expect(found.filter(({ answer }) => answer.status >= 500).map(({ path }) => path)).toEqual([]);
    const leaks = found.filter(({ answer }) => holds(answer, other.marker));
    expect(leaks.map(({ path }) => path)).toEqual([]);
    // What leads on, is a style sheet or a stream has no text of its own.
    const read = found.filter(
      ({ path, answer }) => ownPaths.includes(path) && path.startsWith('/t/') && isPage(answer),
    );
    expect(read.filter(({ answer }) => !holds(answer, own.marker))).toEqual([]);
    expect(read.length).toBeGreaterThan(40);
  });

  test('meets nobody’s word when nobody is signed in', async () => {
    pages.signOut();
    const starts = [await pathsOf(own, own.name), await pathsOf(other, other.name)];
    const found = await crawl(pages, starts.flat());
    const leaks = found.filter(
      ({ answer }) => holds(answer, own.marker) || holds(answer, other.marker),
    );
    expect(leaks.map(({ path }) => path)).toEqual([]);
  });
});

describe('a walk through a portal', () => {
  test('meets its customer’s word, and none of the tenant’s others', async () => {
    pages.signOut();
    const marked = anotherCustomer(own);
    const customer: Filled = { ...marked, ids: await fillTenant(pages, marked) };
    const { token } = await makePortalLink(pages, customer);
    const ownPaths = await portalPathsOf(customer, token);
    const beyond = [await portalPathsOf(own, token), await portalPathsOf(other, token)];
    const found = await crawl(pages, [...ownPaths, ...beyond.flat()]);
    expect(found.filter(({ answer }) => answer.status >= 500).map(({ path }) => path)).toEqual([]);
    const leaks = found.filter(
      ({ answer }) => holds(answer, own.marker) || holds(answer, other.marker),
    );
    expect(leaks.map(({ path }) => path)).toEqual([]);
    const silent = ownPaths.filter(
      (path) => !found.some((one) => one.path === path && holds(one.answer, customer.marker)),
    );
    expect(silent).toEqual([`/portal/${token}/brand.css`]);
  });
});

describe('the API', () => {
  const readings = Object.entries(Object(openapiDocument()['paths'])).flatMap(([path, methods]) =>
    'get' in Object(methods) ? [path] : [],
  );

  test('shows whoever is signed in nothing of the other tenant', async () => {
    await pages.signIn(own);
    const headers = { cookie: pages.cookie() };
    const leaks: string[] = [];
    let ownSeen = 0;
    for (const path of readings) {
      const ids = path.includes('{') ? [...own.ids.values(), ...other.ids.values()] : [''];
      for (const id of ids) {
        for (const query of ['', `?projectId=${own.projectId}`, `?projectId=${other.projectId}`]) {
          const address = path.replace(/\{\w+\}/, id) + query;
          const answer = await pages.send('GET', address, { headers });
          if (holds(answer, other.marker)) leaks.push(address);
          if (holds(answer, own.marker)) ownSeen += 1;
        }
      }
    }
    expect(leaks).toEqual([]);
    expect(ownSeen).toBeGreaterThan(10);
  });
});
