/**
 * Every page that the router has, with data as after a while of use: in light and dark axe finds
 * nothing, no page scrolls sideways on a phone, each prints light, nothing complains and nobody
 * else is asked. A new page is opened without a line here; its pictures are in dist/screenshots.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import {
  browserTestMs,
  chromiumPath,
  desktop,
  drawIn,
  findBarriers,
  findOverflow,
  keepPicture,
  launchChromium,
  measureWeight,
  openVisit,
  phone,
  showWhole,
  type Visit,
} from '../support/browser.ts';
import { createShowcase } from '../support/showcase.ts';
import { startPages } from '../support/signed-in.ts';
import type { ThingName } from '../support/walls/marked-tenant.ts';

// Here and not in a hook: the titles of the tests are the routes.
const pages = await startPages({ atItsUrl: true });
const tenant = await createShowcase(pages);
afterAll(() => pages.stop());

/** Of a first load, with style, script and fonts. */
const weightBytesMax = 150 * 1_024;
/** Pages at once: what one waits for (a picture, an answer) is time for the other. */
const visitsAtOnce = 2;
/** Its turn included. */
const lookMs = 10 * browserTestMs;

/** For machines, drawn by somebody else (Swagger), files, or on the way to somewhere else. */
const noPages = [
  /^\/(?:api|healthz|readyz|metrics|swagger|assets|\.well-known)(?:\/|$)/,
  /\/(?:export|brand\.css|live|start)$/,
  /^\/sign-in\/(?:single-sign-on|callback|second-step)$/,
];
/** Before anybody is signed in; a link that is no good has a page too. */
const outside = /^\/(?:sign-in|sign-up|forgot-password|reset-password|invitation)$/;
const routes = pages.routes
  .filter(({ method, path }) => method === 'GET' && !noPages.some((each) => each.test(path)))
  .map(({ path }) => path);

/** What `:id` below such a segment is. */
const things: Record<string, ThingName> = {
  endpoints: 'endpoint',
  events: 'event',
  deliveries: 'delivery',
  replays: 'replay',
  sources: 'source',
  keys: 'api key',
  team: 'member',
  invitations: 'invitation',
};
/** Pages that say nothing without it. */
const queries: Record<string, () => string> = {
  '/t/:tenant/p/:project/deliveries/cancel': () => `?id=${tenant.ids.get('pending delivery')}`,
};

function addressOf(route: string): string {
  const path = route
    .replace(':tenant', tenant.name)
    .replace(':project', 'main')
    .replace(':token', tenant.portal.token)
    .replace('links/:id', `links/${tenant.portal.id}`)
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
  const free: { member: Visit; nobody: Visit }[] = [];
  const waiting: (() => void)[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
    await pages.signIn(tenant);
    for (let made = 0; made < visitsAtOnce; made += 1) {
      free.push({
        member: await openVisit(browser, pages.url, { cookie: pages.cookie() }),
        nobody: await openVisit(browser, pages.url),
      });
    }
  }, browserTestMs);
  afterAll(() => browser?.close());

  async function withVisits(act: (visits: (typeof free)[number]) => Promise<void>) {
    for (;;) {
      const visits = free.pop();
      if (visits === undefined) {
        await new Promise<void>((resolve) => void waiting.push(resolve));
        continue;
      }
      try {
        return await act(visits);
      } finally {
        free.push(visits);
        waiting.shift()?.();
      }
    }
  }

  async function look(route: string, { page, takeOffences }: Visit): Promise<void> {
    const isOutside = outside.test(route);
    const answer = await page.goto(addressOf(route));
    if (!isOutside) expect(answer?.status()).toBe(200);
    expect(await measureWeight(page)).toBeLessThanOrEqual(weightBytesMax);
    const name = route.replace('/t/:tenant', 't').replace('/p/:project', '-p').replace(/^\//, '');
    await showWhole(page);
    const colours = await coloursOf(page);
    for (const theme of ['light', 'dark'] as const) {
      await drawIn(page, theme);
      expect(await findBarriers(page, theme === 'light' ? 'all' : 'colours')).toEqual([]);
      await keepPicture(page, `${name}-${theme}`);
    }
    // Still dark on the screen: paper is as light as ever.
    expect(await coloursOf(page)).not.toBe(colours);
    await page.emulateMedia({ media: 'print' });
    expect(await coloursOf(page)).toBe(colours);
    expect(await findOverflow(page)).toEqual([]);
    await page.emulateMedia({ media: null });
    await drawIn(page, 'light');
    await page.setViewportSize(phone);
    expect(await findOverflow(page)).toEqual([]);
    await keepPicture(page, `${name}-phone`);
    await page.setViewportSize(desktop);
    // The browser itself calls a page for a link that is no good a failed resource.
    const isRefusal = (offence: string) => isOutside && offence.includes('the server responded');
    expect(takeOffences().filter((offence) => !isRefusal(offence))).toEqual([]);
  }

  /** Of paper and ink. */
  function coloursOf(page: Page): Promise<string> {
    return page.locator('body').evaluate((body) => {
      const style = body.ownerDocument.defaultView?.getComputedStyle(body);
      return `${style?.backgroundColor} ${style?.color}`;
    });
  }

  test.concurrent.each(routes)(
    '%s holds no barrier, in light, dark and on a phone',
    async (route) => {
      await withVisits(({ member, nobody }) => look(route, outside.test(route) ? nobody : member));
    },
    lookMs,
  );
});
