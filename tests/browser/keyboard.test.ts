/** Without a mouse: the skip link, ⌘K, `G E`, `?`, J, K and Enter through a table, [ ], ⌘↵. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { deliveryAttempts } from '../../db/schema/webhooks.ts';
import { type AttemptId, type DeliveryId, newId } from '../../src/domain/ids.ts';
import {
  browserTestMs,
  chromiumPath,
  findBarriers,
  launchChromium,
  openVisit,
  type Visit,
} from '../support/browser.ts';
import { createEventRow, createPendingRow } from '../support/deliveries.ts';
import { startPages, type TestPages } from '../support/signed-in.ts';
import { createEndpointRow, createTenant, type TestTenant } from '../support/tenants.ts';

describe.skipIf(chromiumPath === null)('with keys alone [needs Chromium]', () => {
  let pages: TestPages;
  let tenant: TestTenant;
  let browser: Browser;
  let visit: Visit;
  let page: Page;
  let deliveryId: DeliveryId;

  beforeAll(async () => {
    pages = await startPages({ atItsUrl: true });
    tenant = await createTenant(pages.db.database);
    for (const description of ['First', 'Second', 'Third']) {
      const url = `https://example.com/${description}`;
      await createEndpointRow(pages.db.database, tenant, url, { description });
    }
    deliveryId = await createAttempted(pages, tenant, 3);
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

  const dialog = () => page.locator('dialog#keys');
  /** What is seen of it: the element itself has no size. */
  const title = () => dialog().getByRole('heading', { name: 'Keyboard shortcuts' });
  const line = (words: string) => dialog().locator('li', { hasText: words });

  test(
    '? lists the keys of this page and of all, and Escape closes it',
    async () => {
      await page.keyboard.press('?');
      await title().waitFor();
      await line('Time range: 7 d').filter({ hasText: '3' }).waitFor();
      await line('Endpoints').filter({ hasText: 'G' }).waitFor();
      expect(await line('Next row, previous row').isVisible()).toBe(
        (await page.locator('main tbody tr .c-main a').count()) > 0,
      );
      expect(await findBarriers(page, 'all')).toEqual([]);
      await page.keyboard.press('Escape');
      await title().waitFor({ state: 'hidden' });
      await page.goto(endpoints());
      await page.keyboard.press('?');
      await line('New endpoint').filter({ hasText: 'N' }).waitFor();
      expect(await line('Next row, previous row').isVisible()).toBe(true);
      expect(await line('Time range').count()).toBe(0);
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    '1 to 4 choose the range of the overview',
    async () => {
      await page.keyboard.press('3');
      await page.waitForURL('**?range=7d');
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    '[ and ] go through the attempts of a delivery, and stop at its first and last',
    async () => {
      await page.goto(`/t/${tenant.name}/p/main/deliveries/${deliveryId}`);
      for (const [key, attempt] of [
        ...[[']', 3] as const, ['[', 2] as const, ['[', 1] as const],
        ...[['[', 1] as const, [']', 2] as const],
      ]) {
        await page.keyboard.press(key);
        await page.locator(`#attempt-${attempt}`).waitFor();
        expect(await page.locator('.attempt-views > div:visible').count()).toBe(1);
      }
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    '⌘↵ saves a form from a field of several lines',
    async () => {
      await page.goto(`${endpoints()}/new`);
      await page.locator('main input[name="url"]').fill('https://example.com/saved');
      await page.locator('main textarea').first().focus();
      await page.keyboard.press('Control+Enter');
      await page.getByText('Endpoint created').first().waitFor();
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    'a form that is refused has the focus on its first wrong field',
    async () => {
      await page.goto(`${endpoints()}/new`);
      const url = page.locator('main input[name="url"]');
      await url.fill('https://user@example.com/in');
      await page.keyboard.press('Enter');
      await page.locator('main [role="alert"]').waitFor();
      await page.locator('main input[name="url"][aria-invalid="true"]:focus').waitFor();
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    '⌘K is left by Escape, with the focus where it was',
    async () => {
      const opener = page.locator('main a:visible').first();
      await opener.focus();
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('combobox').waitFor({ state: 'hidden' });
      expect(await opener.evaluate((element) => element.matches(':focus'))).toBe(true);
    },
    browserTestMs,
  );

  test(
    'single keys are turned off and on again, found by ⌘K; ⌘K itself goes on',
    async () => {
      const openKeys = async () => {
        await page.keyboard.press('Control+k');
        await page.getByRole('combobox').waitFor();
        await page.keyboard.type('keyb');
        await page.keyboard.press('Enter');
        await title().waitFor();
      };
      await openKeys();
      expect(await page.locator('#palette[open]').count()).toBe(0);
      await dialog().getByRole('button', { name: 'Turn single keys off' }).click();
      await page.getByText('Single keys are off').waitFor();
      const before = page.url();
      for (const key of ['?', '3', 'g', 'e']) await page.keyboard.press(key);
      await openKeys();
      expect(page.url()).toBe(before);
      await dialog().getByRole('button', { name: 'Turn single keys on' }).click();
      await page.getByText('Single keys are on').waitFor();
      await page.keyboard.press('?');
      await title().waitFor();
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );
});

/** A delivery that waits, after so many attempts that failed. */
async function createAttempted(
  { db: { database } }: TestPages,
  tenant: TestTenant,
  attempts: number,
): Promise<DeliveryId> {
  const endpointId = await createEndpointRow(database, tenant, 'https://example.com/Fourth');
  const eventId = await createEventRow(database, tenant);
  const deliveryId = await createPendingRow(database, tenant, eventId, endpointId, {
    ...{ attempts, lastStatusCode: 503 },
    nextAttemptAt: new Date(Date.now() + 3_600_000),
  });
  const rows = Array.from({ length: attempts }, (_, index) => {
    const startedAt = new Date(Date.now() - (attempts - index) * 60_000);
    return {
      ...{ tenantId: tenant.tenantId, deliveryId, attempt: index + 1, startedAt, durationMs: 90 },
      ...{ id: newId<AttemptId>(startedAt.getTime()), outcome: 'failed' as const, worker: 'w-1' },
      ...{ requestHeaders: {}, statusCode: 503 },
    };
  });
  await database.withWorker((tx) =>
    tx.run('insertAttempts', tx.db.insert(deliveryAttempts).values(rows)),
  );
  return deliveryId;
}
