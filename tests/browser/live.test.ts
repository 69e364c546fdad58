/** What comes by itself while a page is open, what waits, and what a lost connection looks like. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { connect, createServer, type Socket } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { browserTestMs, chromiumPath, launchChromium, openVisit } from '../support/browser.ts';
import { eventually } from '../support/delivery-engine.ts';
import { startPages, type TestPages } from '../support/signed-in.ts';
import { createEndpointRow, type TestTenant } from '../support/tenants.ts';

type Tenant = TestTenant & { key: string };

describe.skipIf(chromiumPath === null)('an open page [needs Chromium]', () => {
  let pages: TestPages;
  let wire: Wire;
  let browser: Browser;
  let tenant: Tenant;
  let page: Page;
  let takeOffences: () => string[];
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    pages = await startPages({ atItsUrl: true });
    wire = await startWire(Number(pages.url.port));
    browser = await launchChromium();
  }, browserTestMs);
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  afterAll(async () => {
    await browser?.close();
    await wire?.stop();
    await pages?.stop();
  });

  /** Of a tenant with one event, whose page of this path is open and hears of news. */
  async function open(path: string): Promise<void> {
    tenant = await pages.newTenant();
    await createEndpointRow(pages.db.database, tenant, 'http://127.0.0.1:9/');
    await post('first.one');
    await pages.signIn(tenant);
    const visit = await openVisit(browser, wire.url, { cookie: pages.cookie() });
    closing.push(visit.close);
    ({ page, takeOffences } = visit);
    const news = page.waitForResponse(/\/live\?types=/);
    await page.goto(`/t/${tenant.name}/p/main${path}`);
    await news;
  }

  async function post(type: string): Promise<void> {
    const body = { type, payload: { n: 1 } };
    const answer = await pages.send('POST', '/api/v1/webhooks', { key: tenant.key, body });
    expect(answer.status).toBe(202);
  }

  const rowOf = (type: string) => page.locator('main tbody tr', { hasText: type });
  const newer = (words: string) => page.getByRole('link', { name: words });

  test(
    'of events shows one that is posted, marked, without a reload',
    async () => {
      await open('/events');
      await page.evaluate('window.isSame = true');
      await post('second.one');
      await rowOf('second.one').waitFor();
      expect(await page.locator('tr.is-new').count()).toBe(1);
      expect(await page.locator('main tbody tr').count()).toBe(2);
      expect(await page.evaluate('window.isSame')).toBe(true);
      expect(takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    'lets newer events wait while the pointer is over the rows, and shows them when it has left',
    async () => {
      await open('/events');
      await rowOf('first.one').hover();
      await post('second.one');
      await newer('Show 1 newer event').waitFor();
      expect(await rowOf('second.one').count()).toBe(0);
      await page.getByRole('heading', { name: 'Events' }).hover();
      await rowOf('second.one').waitFor();
      expect(await newer('Show').count()).toBe(0);
    },
    browserTestMs,
  );

  test(
    'lets newer events wait while a row is chosen by the keys',
    async () => {
      await open('/events');
      await page.keyboard.press('j');
      await post('second.one');
      await newer('Show 1 newer event').click();
      await rowOf('second.one').waitFor();
    },
    browserTestMs,
  );

  test(
    'of deliveries changes states in place, and lets newer rows wait behind a link',
    async () => {
      await open('/deliveries');
      const cells = page.locator('main tbody tr td.c-state');
      const pending = await cells.first().textContent();
      const { key } = tenant;
      const [id] = (await pages.send('GET', '/api/v1/deliveries', { key })).ids();
      await pages.send('POST', `/api/v1/deliveries/${id}/cancel`, { key });
      await cells.filter({ hasText: 'Cancelled' }).waitFor();
      expect(pending).not.toContain('Cancelled');
      await post('second.one');
      await newer('Show 1 newer delivery').click();
      await rowOf('second.one').waitFor();
      expect(takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    'of a delivery keeps the focus near when the button that had it goes',
    async () => {
      await open('/deliveries');
      const { key } = tenant;
      const [id] = (await pages.send('GET', '/api/v1/deliveries', { key })).ids();
      const news = page.waitForResponse(/\/live\?types=/);
      await page.goto(`/t/${tenant.name}/p/main/deliveries/${id}`);
      await news;
      await page.locator('main').getByRole('link', { name: 'Cancel…' }).focus();
      await pages.send('POST', `/api/v1/deliveries/${id}/cancel`, { key });
      await page.locator('#delivery:focus').waitFor();
      expect(takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    'of the overview changes its figures',
    async () => {
      await open('');
      const pending = page
        .locator('#figures .stat, #figures .card', { hasText: 'Pending' })
        .first();
      expect(await pending.textContent()).toMatch(/Pending\s*1/i);
      await post('second.one');
      await pending.filter({ hasText: /Pending\s*2/i }).waitFor();
    },
    browserTestMs,
  );

  test(
    'says that it lost its connection, since when, and shows what it missed when it is back',
    async () => {
      await open('/events');
      const badge = page.locator('#live');
      expect(await badge.textContent()).toBe('Live');
      wire.cut();
      await page.locator('#live[data-state="lost"]').waitFor();
      expect(await badge.textContent()).toMatch(/^Reconnecting, numbers from \d\d:\d\d:\d\d$/);
      await post('missed.one');
      wire.restore();
      await rowOf('missed.one').waitFor();
      await page.locator('#live:not([data-state])').waitFor();
      // Nobody asked for what failed, so no toast says so.
      expect(await page.locator('.toast').count()).toBe(0);
    },
    browserTestMs,
  );

  test(
    'goes to the page where one signs in when its session has ended',
    async () => {
      await open('/events');
      await pages.post('/sign-out', {});
      await page.waitForURL(/\/sign-in\?next=%2Ft%2F/);
    },
    browserTestMs,
  );

  test(
    'lets go of its stream while it is out of view',
    async () => {
      await open('/events');
      const before = pages.streams.count();
      await page.evaluate(`Object.defineProperty(document, 'hidden', { value: true });
        document.dispatchEvent(new Event('visibilitychange'))`);
      const count = () => pages.streams.count();
      await eventually(count, (open) => open === before - 1);
    },
    browserTestMs,
  );
});

type Wire = { url: URL; cut(): void; restore(): void; stop(): Promise<void> };

/** Between a browser and the server: once cut, connections end and none begins. */
async function startWire(port: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    if (isCut) client.destroy();
    else client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const ownPort = typeof address === 'object' && address !== null ? address.port : 0;
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: new URL(`http://127.0.0.1:${ownPort}`),
    cut,
    restore() {
      isCut = false;
    },
    stop() {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
