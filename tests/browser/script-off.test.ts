/**
 * With script off: every page is reached by links, lists are narrowed by forms, and the main forms
 * do what they do with script. Signing in and the second factor: sign-in.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import type { DeliveryId } from '../../src/domain/ids.ts';
import { listEntries } from '../../views/navigation.ts';
import {
  browserTestMs,
  chromiumPath,
  launchChromium,
  openVisit,
  phone,
  type Visit,
} from '../support/browser.ts';
import { createEndedRow, createEventRow } from '../support/deliveries.ts';
import { startPages, type TestPages } from '../support/signed-in.ts';
import { createEndpointRow, createTenant, type TestTenant } from '../support/tenants.ts';

describe.skipIf(chromiumPath === null)('with script off [needs Chromium]', () => {
  let pages: TestPages;
  let tenant: TestTenant;
  let failedId: DeliveryId;
  let browser: Browser;
  let visit: Visit;
  let page: Page;

  beforeAll(async () => {
    pages = await startPages({ atItsUrl: true });
    tenant = await createTenant(pages.db.database);
    const { database } = pages.db;
    const url = 'https://example.com/a';
    const endpointId = await createEndpointRow(database, tenant, url, { description: 'Ledger' });
    const eventId = await createEventRow(database, tenant, { type: 'invoice.paid' });
    const values = { status: 'failed', reason: 'retries_exhausted' } as const;
    failedId = await createEndedRow(database, tenant, eventId, endpointId, values);
    await createEventRow(database, tenant, { type: 'parcel.sent' });
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

  const project = (path = '') => `/t/${tenant.name}/p/main${path}`;
  const main = () => page.getByRole('main');
  const button = (name: string | RegExp) => main().getByRole('button', { name });
  const link = (name: string | RegExp) => main().getByRole('link', { name });
  const heading = (name: string | RegExp) => main().getByRole('heading', { name });
  const rows = () => main().locator('tbody tr');

  function works(title: string, act: () => Promise<void>): void {
    test(
      title,
      async () => {
        await act();
        expect(visit.takeOffences()).toEqual([]);
      },
      browserTestMs,
    );
  }

  works('the menu leads to every page, on a phone too', async () => {
    const place = {
      tenant: { slug: tenant.name, name: tenant.name },
      project: { slug: 'main', name: 'main' },
    };
    const entries = listEntries(place, () => true).flatMap(({ items }) => items);
    await page.setViewportSize(phone);
    await page.goto(project());
    for (const { name } of entries) {
      await page.getByLabel('Menu', { exact: true }).first().click();
      const menu = page.getByRole('navigation', { name: 'Menu' });
      await menu.getByRole('link', { name, exact: true }).click();
      await page.getByRole('heading', { level: 1 }).waitFor();
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    for (const { name, href } of entries) {
      await page.getByRole('link', { name, exact: true }).first().click();
      // Settings lead on to their first tab.
      expect(new URL(page.url()).pathname).toStartWith(href);
    }
  });

  works(
    'rows lead from an event to its delivery, and on to its endpoint and its pages',
    async () => {
      await page.goto(project('/events'));
      await link('invoice.paid').click();
      await heading('invoice.paid').waitFor();
      await main().locator('a[href*="/deliveries/"]').first().click();
      await button('Retry now').waitFor();
      await link('Ledger').first().click();
      await heading('Ledger').waitFor();
      for (const tab of ['Signing', 'Settings', 'Health']) {
        await link(tab).first().click();
        await main().locator('[aria-current="page"]', { hasText: tab }).waitFor();
      }
    },
  );

  works('lists are searched and narrowed', async () => {
    await page.goto(project('/events'));
    expect(await rows().count()).toBe(2);
    await main().locator('summary', { hasText: 'Event type' }).click();
    await page.getByLabel('Event type', { exact: true }).fill('parcel.*');
    await button('Apply').first().click();
    await page.waitForURL(/type=parcel/);
    expect(await rows().count()).toBe(1);
    await link(/parcel\.\*/).click();
    await page.waitForURL(/events$|events\?(?!.*type=)/);
    expect(await rows().count()).toBe(2);
    await page.goto(project('/deliveries'));
    const search = page.getByLabel('Search deliveries');
    await search.fill('parcel.sent');
    await search.press('Enter');
    await page.waitForURL(/q=parcel/);
    expect(await rows().count()).toBe(0);
    await page.goto(project('/deliveries'));
    await main().locator('summary', { hasText: 'Status' }).click();
    await main().getByRole('link', { name: 'Failed', exact: true }).click();
    await page.waitForURL(/status=failed/);
    expect(await rows().count()).toBe(1);
  });

  works('a project is made', async () => {
    await page.goto(`/t/${tenant.name}/projects/new`);
    await page.locator('main input[name="name"]').fill('Made by hand');
    await page.locator('main form button[type="submit"]').click();
    await page.waitForURL('**/p/made-by-hand');
  });

  works('an endpoint is made, changed, tested, paused, resumed and deleted', async () => {
    await page.goto(project('/endpoints'));
    await link('New endpoint').first().click();
    await page.getByLabel('URL', { exact: true }).fill('https://hooks.example/in');
    await page.locator('#description').fill('Parcels');
    await page.getByLabel('Event types').fill('parcel.* invoice.paid');
    await page.getByLabel('How it shows itself').selectOption('bearer');
    await page.getByLabel('Token').fill('token-of-ours');
    await button('Create endpoint').click();
    await heading('Parcels').waitFor();
    await link('Settings').click();
    await main().getByText('invoice.paid').first().waitFor();
    await link('Edit').first().click();
    await page.locator('#filter').fill('{');
    await button('Save changes').click();
    await page.locator('#filter-error').waitFor();
    await page.locator('#filter').fill('');
    await page.getByLabel('Timeout').fill('20');
    await button('Save changes').click();
    await heading('Parcels').waitFor();
    await button('Send test').click();
    await main().getByText('The test event waits to be sent').waitFor();
    await button('Pause').click();
    await button('Resume').click();
    await button('Pause').waitFor();
    await link('Disable…').click();
    await link('Cancel').click();
    await link('Settings').click();
    await link(/^Delete/).click();
    await main().locator('input[name="name"]').fill('Parcels');
    await button(/^Delete/).click();
    await page.waitForURL(`**${project('/endpoints')}`);
    expect(await main().textContent()).not.toContain('Parcels');
  });

  works('a replay is counted, then started', async () => {
    await page.goto(project('/endpoints'));
    await link('Ledger').click();
    await link('Replay…').click();
    await button('Count what matches').click();
    await main().getByText('1 delivery matches').waitFor();
    await button('Replay 1 delivery').click();
    await main().getByRole('heading', { name: 'Replays', exact: true }).waitFor();
    await main().getByText('Running').first().waitFor();
  });

  works('a failed delivery is retried', async () => {
    await page.goto(project(`/deliveries/${failedId}`));
    await button('Retry now').click();
    await page.getByText('One attempt is on its way').waitFor();
  });

  works('an API key is made and shown once', async () => {
    await page.goto(`/t/${tenant.name}/settings/keys/new`);
    await page.getByLabel('Name').fill('terraform');
    await main().locator('input[name="access"][value="custom"]').check();
    for (const scope of ['events:read', 'deliveries:read']) {
      await main().locator(`input[name="scopes"][value="${scope}"]`).check();
    }
    await main().locator('form button[type="submit"]').click();
    await main()
      .getByText(/ofk_[\w-]{20}/)
      .first()
      .waitFor();
    await link('I have it').click();
    await rows().filter({ hasText: 'terraform' }).waitFor();
    expect(await main().textContent()).not.toMatch(/ofk_[\w-]/);
  });

  works('a source is made and its secret shown once', async () => {
    await page.goto(project('/sources'));
    await link(/GitHub/)
      .first()
      .click();
    await page.getByLabel('Name').fill('our repository');
    await main().locator('form button[type="submit"]').click();
    await main().getByText('The secret of our repository is shown this once').waitFor();
    await link('I have it').click();
    await main().getByText('It was shown once').waitFor();
  });

  works('a portal link is made, and its customer adds an endpoint', async () => {
    await page.goto(project('/portal'));
    await page.getByLabel('Customer').fill('tallybridge');
    await button('Make link').click();
    const made = (await main().locator('.secret code').first().textContent()) ?? '';
    await page.goto(new URL(made).pathname);
    await page.getByRole('link', { name: 'Add endpoint' }).first().click();
    await page.getByLabel('URL', { exact: true }).fill('https://tally.example/in');
    await page.locator('form button[type="submit"]').last().click();
    await page.getByText('tally.example').first().waitFor();
  });

  works('the theme is switched, and stays', async () => {
    await page.goto(`/t/${tenant.name}/projects`);
    const before = await page.locator('html.dark').count();
    await page.getByRole('button', { name: 'Switch theme' }).click();
    await page.locator(before === 0 ? 'html.dark' : 'html:not(.dark)').waitFor();
    await page.reload();
    expect(await page.locator('html.dark').count()).toBe(1 - before);
  });
});
