/**
 * Every page that the router has, with data as after a while of use: in light and dark axe finds
 * nothing, no page scrolls sideways on a phone, nothing complains and nobody else is asked. A page
 * that is new is opened without a line here; its pictures are kept in dist/screenshots.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser } from 'playwright-core';
import {
  browserTestMs,
  chromiumPath,
  drawIn,
  findBarriers,
  findOverflow,
  keepPicture,
  launchChromium,
  openVisit,
  phone,
  type Visit,
} from '../support/browser.ts';
import { createShowcase } from '../support/showcase.ts';
import { startPages } from '../support/signed-in.ts';
import type { ThingName } from '../support/walls/marked-tenant.ts';

// Here and not in a hook: the titles of the tests are the routes.
const pages = await startPages({ atItsUrl: true });
const tenant = await createShowcase(pages);
afterAll(() => pages.stop());

/** For machines, or drawn by somebody else (Swagger). */
const noPages = /^\/(?:api|healthz|readyz|metrics|swagger|assets|\.well-known)(?:\/|$)/;
const routes = pages.routes
  .filter(({ method, path }) => method === 'GET' && !noPages.test(path))
  .map(({ path }) => path);

/** What `:id` below such a segment is. */
const things: Record<string, ThingName> = {
  endpoints: 'endpoint',
  events: 'event',
  deliveries: 'delivery',
  replays: 'replay',
  sources: 'source',
};
/** Pages that say nothing without it. */
const queries: Record<string, () => string> = {
  '/t/:tenant/p/:project/deliveries/cancel': () => `?id=${tenant.ids.get('pending delivery')}`,
};

function addressOf(route: string): string {
  const path = route
    .replace(':tenant', tenant.name)
    .replace(':project', 'main')
    .replace(/(\w[\w-]*)\/:(\w+)/g, (_, segment: string) => {
      const thing = things[segment];
      const id = thing && tenant.ids.get(thing);
      if (!id) throw new Error(`${route}: say in \`things\` what an id below ${segment} is`);
      return `${segment}/${id}`;
    });
  return `${path}${queries[route]?.() ?? ''}`;
}

describe.skipIf(chromiumPath === null)('in a browser [needs Chromium]', () => {
  let browser: Browser;
  let visit: Visit;

  beforeAll(async () => {
    browser = await launchChromium();
    await pages.signIn(tenant);
    visit = await openVisit(browser, pages.url, { cookie: pages.cookie() });
  }, browserTestMs);
  afterAll(() => browser?.close());

  test.each(routes)(
    '%s holds no barrier, in light, dark and on a phone',
    async (route) => {
      const { page, takeOffences } = visit;
      const answer = await page.goto(addressOf(route));
      expect(answer?.status()).toBe(200);
      const name = route.replace('/t/:tenant', 't').replace('/p/:project', '-p');
      for (const theme of ['light', 'dark'] as const) {
        await drawIn(page, theme);
        expect(await findBarriers(page)).toEqual([]);
        await keepPicture(page, `${name}-${theme}`);
      }
      await drawIn(page, 'light');
      const before = page.viewportSize();
      await page.setViewportSize(phone);
      expect(await findOverflow(page)).toEqual([]);
      await keepPicture(page, `${name}-phone`);
      if (before !== null) await page.setViewportSize(before);
      expect(takeOffences()).toEqual([]);
    },
    browserTestMs,
  );
});
