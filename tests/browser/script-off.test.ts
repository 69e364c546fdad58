/** With script off: reading goes by links, and the main forms work. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import {
  browserTestMs,
  chromiumPath,
  launchChromium,
  openVisit,
  type Visit,
} from '../support/browser.ts';
import { createEventRow } from '../support/deliveries.ts';
import { startPages, type TestPages } from '../support/signed-in.ts';
import { createEndpointRow, createTenant, type TestTenant } from '../support/tenants.ts';

describe.skipIf(chromiumPath === null)('with script off [needs Chromium]', () => {
  let pages: TestPages;
  let tenant: TestTenant;
  let browser: Browser;
  let visit: Visit;
  let page: Page;

  beforeAll(async () => {
    pages = await startPages({ atItsUrl: true });
    tenant = await createTenant(pages.db.database);
    const { database } = pages.db;
    await createEndpointRow(database, tenant, 'https://example.com/a', { description: 'Ledger' });
    await createEventRow(database, tenant, { type: 'invoice.paid' });
    await pages.signIn(tenant);
    browser = await launchChromium();
    const options = { cookie: pages.cookie(), javaScriptEnabled: false };
    visit = await openVisit(browser, pages.url, options);
    page = visit.page;
  }, browserTestMs);
  afterAll(async () => {
    await browser?.close();
    await pages?.stop();
  });

  test(
    'the menu leads to the endpoints, and its link to one of them',
    async () => {
      await page.goto(`/t/${tenant.name}/p/main`);
      await page.getByRole('link', { name: 'Endpoints', exact: true }).first().click();
      await page.getByRole('link', { name: 'Ledger' }).first().click();
      await page.getByRole('heading', { name: 'Ledger' }).waitFor();
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    'a project is made',
    async () => {
      await page.goto(`/t/${tenant.name}/projects/new`);
      await page.locator('main input[name="name"]').fill('Made by hand');
      await page.locator('main form button[type="submit"]').click();
      await page.waitForURL('**/p/made-by-hand');
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    'the theme is switched, and stays',
    async () => {
      await page.goto(`/t/${tenant.name}/projects`);
      const before = await page.locator('html.dark').count();
      await page.getByRole('button', { name: 'Switch theme' }).click();
      await page.locator(before === 0 ? 'html.dark' : 'html:not(.dark)').waitFor();
      await page.reload();
      expect(await page.locator('html.dark').count()).toBe(1 - before);
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );
});
