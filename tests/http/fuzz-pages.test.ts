/**
 * Whatever a browser, or who poses as one, asks of a page or sends by a form, the answer is no 5xx
 * and carries the headers that every answer of ours must. The routes are those of the router.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Answer } from '../support/api.ts';
import { oddTexts } from '../support/fuzz.ts';
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts';
import { startPages } from '../support/signed-in.ts';
import { findHeaderOffences } from '../support/walls/answer-rules.ts';
import { fieldsOf } from '../support/walls/arrange.ts';
import {
  createMarkedTenant,
  fillTenant,
  type MarkedTenant,
  makePortalLink,
} from '../support/walls/marked-tenant.ts';
import { walls } from '../support/walls/table.ts';

const seed = 20261123;
/** Of each of some 110 routes; together 15 s on two cores. */
const roundsEach = 12;
/** Above 16 KiB Bun itself answers 431, before the request is ours. */
const addressLengthMax = 8_000;

// Here and not in a hook: the titles of the tests are the routes.
const pages = await startPages();
afterAll(() => pages.stop(), 60_000);

let tenant: MarkedTenant;
let ids: readonly string[];
let portalToken: string;
beforeAll(async () => {
  tenant = await createMarkedTenant(pages);
  ids = [...(await fillTenant(pages, tenant)).values()];
  portalToken = (await makePortalLink(pages, tenant)).token;
});

/** What stands in the document is tried by fuzz.test.ts. */
const routes = pages.routes.filter(({ path }) => !/^\/(?:api|\.well-known)\//.test(path));
const isOf = (wanted: string) => routes.filter(({ method }) => method === wanted);

/** What pages and forms of ours call their parameters and fields, and what nobody does. */
const names = [
  ...['q', 'cursor', 'page', 'status', 'state', 'endpoint', 'type', 'since', 'until', 'view', 'id'],
  ...[
    'range',
    'entry',
    'action',
    'actorKind',
    'projectId',
    'format',
    'next',
    'token',
    'done',
    'kind',
  ],
  ...[
    'name',
    'url',
    'customer',
    'email',
    'password',
    'role',
    'confirm',
    'scopes',
    'access',
    'code',
  ],
  ...['expiresAt', 'overlapSeconds', 'eventTypes', 'headers', 'filter.since', 'retrySchedule'],
  ...['__proto__', 'constructor', 'a[]', 'a[b][c]', '', '\u0000', '\u202e', 'x'.repeat(300)],
];
const good = [
  '1',
  'on',
  'all',
  'failed',
  'paused',
  '2026-11-23T10:00',
  '24h',
  'https://example.com/',
];

function encoded(text: string, random: SeededRandom): string {
  // Now and then what is no UTF-8, or no escape at all.
  if (random.next() < 0.08) return random.pick(['%', '%zz', '%ff%fe', '%c0%80', '%ED%A0%80', '+']);
  return encodeURIComponent(text.toWellFormed());
}

function pairs(random: SeededRandom, given: Readonly<Record<string, string>> = {}): string {
  const value = () => random.pick([...oddTexts, ...good, ...ids]);
  const known = Object.entries(given).map(([name, text]) => {
    return [name, random.next() < 0.6 ? text : value()] as const;
  });
  const more = Array.from(
    { length: random.below(4) },
    () => [random.pick(names), value()] as const,
  );
  return (
    [...known, ...more]
      // A name may come twice: then it is a list.
      .flatMap((pair) => (random.next() < 0.1 ? [pair, pair] : [pair]))
      .map(([name, text]) => `${encoded(name, random)}=${encoded(text, random)}`)
      .join('&')
  );
}

function addressOf(pattern: string, random: SeededRandom): string {
  const path = pattern.replace(/:(\w+)/g, (_, name: string) => {
    if (random.next() < 0.12) return encoded(random.pick(oddTexts), random) || 'x';
    if (name === 'tenant') return tenant.name;
    if (name === 'project') return 'main';
    if (name === 'token') return portalToken;
    return random.pick(ids);
  });
  const query = pairs(random);
  const address = query === '' ? path : `${path}?${query}`;
  return address.length > addressLengthMax ? path.slice(0, addressLengthMax) : address;
}

function expectHeld(what: string, answer: Answer): void {
  if (answer.status >= 500) {
    expect.unreachable(`${what} → ${answer.status}; ${JSON.stringify(pages.logged.at(-1))}`);
  }
  expect([what, findHeaderOffences(answer)]).toEqual([what, []]);
}

const asHtmx: Record<string, string> = { 'hx-request': 'true', 'hx-target': 'div#deliveries' };

describe.each(isOf('GET'))('GET $path', ({ method, path }) => {
  test('answers whatever is asked', async () => {
    const random = seededRandom(seed + Bun.hash.crc32(`${method} ${path}`));
    await pages.signIn(tenant);
    for (let round = 0; round < roundsEach; round += 1) {
      const address = addressOf(path, random);
      const answer = await pages.get(address, random.next() < 0.2 ? asHtmx : {});
      expectHeld(`GET ${address}`, answer);
    }
  });
});

describe.each(isOf('POST'))('POST $path', ({ method, path }) => {
  test('answers whatever is sent', async () => {
    const random = seededRandom(seed + Bun.hash.crc32(`${method} ${path}`));
    const wall = walls[`${method} ${path}`];
    await pages.signIn(tenant);
    for (let round = 0; round < roundsEach; round += 1) {
      const given = wall && random.next() < 0.5 ? await fieldsOf(pages, tenant, wall) : {};
      const rawBody = pairs(random, given);
      const address = addressOf(path, random);
      const answer = await pages.send('POST', address, {
        rawBody,
        headers: {
          ...{ accept: 'text/html', cookie: pages.cookie(), 'sec-fetch-site': 'same-origin' },
          'content-type': 'application/x-www-form-urlencoded',
          ...(random.next() < 0.2 ? asHtmx : {}),
        },
      });
      expectHeld(`POST ${address} ${rawBody.slice(0, 2_000)}`, answer);
    }
  });
});
