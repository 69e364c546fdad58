/**
 * Signing in, the second factor and signing out everywhere, as people do it: with the code that an
 * authenticator makes of the key on the page. With script and without.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { generate } from 'otplib';
import type { Browser, Page } from 'playwright-core';
import {
  browserTestMs,
  chromiumPath,
  findBarriers,
  keepPicture,
  launchChromium,
  openVisit,
  type Visit,
} from '../support/browser.ts';
import { createAccount, type TestAccount, testPassword } from '../support/people.ts';
import { startPages, type TestPages } from '../support/signed-in.ts';
import { createTenant, type TestTenant } from '../support/tenants.ts';

/** As authenticators have it. */
const stepSeconds = 30;

describe.skipIf(chromiumPath === null).each([
  ['with script', true],
  ['with script off', false],
])('a person %s [needs Chromium]', (_, javaScriptEnabled) => {
  let pages: TestPages;
  let tenant: TestTenant;
  let account: TestAccount;
  let browser: Browser;
  let visit: Visit;
  let other: Visit;
  let page: Page;
  let secret = '';
  let recoveryCodes: string[] = [];

  beforeAll(async () => {
    pages = await startPages({ atItsUrl: true });
    tenant = await createTenant(pages.db.database);
    account = await createAccount(pages.db, pages.people, [{ tenant, role: 'owner' }]);
    browser = await launchChromium();
    visit = await openVisit(browser, pages.url, { javaScriptEnabled });
    other = await openVisit(browser, pages.url, { javaScriptEnabled });
    page = visit.page;
  }, browserTestMs);
  afterAll(async () => {
    await browser?.close();
    await pages?.stop();
  });

  const security = () => `/t/${tenant.name}/settings/security`;
  const code = (epoch: number) => generate({ secret, epoch });
  const nowSeconds = () => Math.floor(Date.now() / 1_000);

  async function givePassword(on: Page, password: string): Promise<void> {
    await on.getByLabel('E-mail').fill(account.email);
    await on.getByLabel('Password').fill(password);
    await on.getByRole('button', { name: 'Sign in' }).click();
  }

  async function giveCode(on: Page, text: string, button = 'Go on'): Promise<void> {
    await on.locator('input[name="code"]').fill(text);
    await on.getByRole('button', { name: button }).click();
  }

  /** That nothing bars anybody from a state that no address leads to. */
  async function expectGoodPage(name: string): Promise<void> {
    expect(visit.takeOffences()).toEqual([]);
    if (!javaScriptEnabled) return;
    expect(await findBarriers(page)).toEqual([]);
    await keepPicture(page, name);
  }

  test(
    'is refused with a wrong password, and let in with the right one',
    async () => {
      await page.goto(security());
      await page.waitForURL(/\/sign-in\?next=/);
      await givePassword(page, 'not the password');
      await page.getByText('The e-mail address or the password is not right.').waitFor();
      await expectGoodPage('sign-in-refused');
      await givePassword(page, testPassword);
      await page.waitForURL(`**${security()}`);
    },
    browserTestMs,
  );

  test(
    'turns the second factor on with what the authenticator shows',
    async () => {
      await page.getByLabel('Current password').fill(testPassword);
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor();
      const key = page.locator('main .secret code').first();
      secret = ((await key.textContent()) ?? '').replaceAll(' ', '');
      await expectGoodPage('second-factor-code');
      await giveCode(page, '000000', 'Confirm');
      await page.locator('#code-error').waitFor();
      await giveCode(page, await code(nowSeconds()), 'Confirm');
      await page.getByRole('link', { name: 'I have them' }).waitFor();
      const list = page.getByRole('status').locator('li');
      recoveryCodes = await list.allTextContents();
      expect(recoveryCodes).toHaveLength(10);
      await expectGoodPage('second-factor-recovery-codes');
      await page.getByRole('link', { name: 'I have them' }).click();
      await page.getByText('10 recovery codes left').waitFor();
      expect(await page.locator('main').textContent()).not.toContain(recoveryCodes[0]);
    },
    browserTestMs,
  );

  test(
    'signs out, and in again with the code, which works once',
    async () => {
      await page.getByRole('button', { name: 'Sign out', exact: true }).click();
      await page.waitForURL('**/sign-in');
      await givePassword(page, testPassword);
      await page.getByRole('heading', { name: 'Type the code of your app' }).waitFor();
      await expectGoodPage('second-step');
      // This step's was used; the next one's is right a step early, for clocks that differ.
      const used = await code(nowSeconds() + stepSeconds);
      await giveCode(page, used);
      await page.waitForURL(`**/t/${tenant.name}/**`);
      await other.page.goto(`/sign-in?next=${encodeURIComponent(security())}`);
      await givePassword(other.page, testPassword);
      await giveCode(other.page, used);
      await other.page.getByText('This code is not right, or it was used already.').waitFor();
    },
    browserTestMs,
  );

  test(
    'signs in elsewhere with a recovery code',
    async () => {
      await other.page.getByRole('link', { name: 'Use a recovery code' }).click();
      await giveCode(other.page, recoveryCodes[0] ?? '');
      await other.page.waitForURL(`**${security()}`);
      await other.page.getByText('9 recovery codes left').waitFor();
      expect(other.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    'signs out everywhere, and every browser has to sign in',
    async () => {
      await page.goto(security());
      await page.getByRole('link', { name: 'Sign out everywhere' }).click();
      await page.getByRole('heading', { name: 'End all 2 sessions?' }).waitFor();
      await page.locator('main form button[type="submit"]').click();
      await page.waitForURL('**/sign-in');
      for (const { page: ended, takeOffences } of [visit, other]) {
        await ended.goto(security());
        await ended.waitForURL(/\/sign-in\?next=/);
        expect(takeOffences()).toEqual([]);
      }
    },
    browserTestMs,
  );
});
