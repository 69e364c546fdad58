/** Without a mouse: the skip link, ⌘K, `G E`, and J, K and Enter through a table. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import {
  browserTestMs,
  chromiumPath,
  launchChromium,
  openVisit,
  type Visit,
} from '../support/browser.ts';
import { startPages, type TestPages } from '../support/signed-in.ts';
import { createEndpointRow, createTenant, type TestTenant } from '../support/tenants.ts';

describe.skipIf(chromiumPath === null)('with keys alone [needs Chromium]', () => {
  let pages: TestPages;
  let tenant: TestTenant;
  let browser: Browser;
  let visit: Visit;
  let page: Page;

  beforeAll(async () => {
    pages = await startPages({ atItsUrl: true });
    tenant = await createTenant(pages.db.database);
    for (const description of ['First', 'Second', 'Third']) {
      const url = `https://example.com/${description}`;
      await createEndpointRow(pages.db.database, tenant, url, { description });
    }
    await pages.signIn(tenant);
    browser = await launchChromium();
    visit = await openVisit(browser, pages.url, { cookie: pages.cookie() });
    page = visit.page;
  }, browserTestMs);
  afterAll(async () => {
    await browser?.close();
    await pages?.stop();
  });

  const endpoints = () => `/t/${tenant.name}/p/main/endpoints`;
  const path = () => new URL(page.url()).pathname;
  beforeEach(async () => {
    await page.goto(`/t/${tenant.name}/projects`);
    await page.goto(`/t/${tenant.name}/p/main`);
  }, browserTestMs);

  test(
    'Tab reaches first what skips the menu',
    async () => {
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.locator('main:focus').waitFor();
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    '⌘K finds a page by a part of its name and goes there',
    async () => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').waitFor();
      await page.keyboard.type('endpo');
      await page.keyboard.press('Enter');
      await page.waitForURL(`**${endpoints()}`);
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    'G E goes to the endpoints, and J, K and Enter to one of them',
    async () => {
      await page.keyboard.press('g');
      await page.keyboard.press('e');
      await page.waitForURL(`**${endpoints()}`);
      for (const key of ['j', 'j', 'k', 'j']) await page.keyboard.press(key);
      const link = page.locator('main tbody tr[aria-current="true"] .c-main a');
      const second = page.locator('main tbody tr .c-main a').nth(1);
      expect(await link.getAttribute('href')).toBe(await second.getAttribute('href'));
      const target = (await link.getAttribute('href')) ?? '';
      await page.keyboard.press('Enter');
      await page.waitForURL(`**${target}`);
      expect(path()).toBe(target);
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );
});
