/**
 * A real Chromium for one test file, driven as a person would use it. Each visit is a context of
 * its own that writes down what a page must never do: errors on the console or of scripts, what the
 * policy refused, requests to any host but ours, and files that are not there.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findTestTool } from './test-tools.ts';

/** Null where this machine has none: `describe.skipIf(chromiumPath === null)`. */
export const chromiumPath = findTestTool('chromium');

/** A machine with all its cores in use takes ten times as long as an idle one. */
export const browserTestMs = 120_000;
const stepMs = 30_000;
export const desktop = { width: 1280, height: 800 };
/** The narrowest phone that is common. */
export const phone = { width: 390, height: 844 };

/** Build output, for a look. */
const screenshotFolder = join(import.meta.dir, '../../dist/screenshots');

const colourRules = ['color-contrast', 'link-in-text-block'];
const ruleTags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
/**
 * What passed is not described node by node, and no file is read for rules that are not among
 * these tags: the same violations in two thirds of the time.
 */
const axeOptions = { resultTypes: ['violations'] as 'violations'[], preload: false };

export type Visit = {
  page: Page;
  context: BrowserContext;
  /** What went wrong on any page since the last time it was asked. */
  takeOffences(): string[];
  close(): Promise<void>;
};

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath ?? '',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    timeout: browserTestMs,
  });
}

/** `cookie` is a `Cookie` header of one cookie, as TestPages.cookie() answers it; empty: nobody. */
export async function openVisit(
  browser: Browser,
  url: URL,
  options: { cookie?: string; javaScriptEnabled?: boolean } = {},
): Promise<Visit> {
  const context = await browser.newContext({
    baseURL: url.origin,
    viewport: desktop,
    colorScheme: 'light',
    reducedMotion: 'reduce',
    javaScriptEnabled: options.javaScriptEnabled ?? true,
  });
  context.setDefaultTimeout(stepMs);
  const [name, value] = (options.cookie ?? '').split('=');
  if (name && value) await context.addCookies([{ name, value, url: url.origin }]);
  const offences: string[] = [];
  context.on('console', (message) => {
    // Answers are judged below: the page of a link that is no good is a 404 as it should be.
    const isAnswer = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isAnswer) offences.push(`console: ${message.text()}`);
  });
  context.on('weberror', (failed) => offences.push(`script: ${failed.error().message}`));
  context.on('request', (request) => {
    const asked = new URL(request.url());
    const isOurs = asked.origin === url.origin || asked.protocol === 'data:';
    if (!isOurs) offences.push(`request to ${asked.href}`);
  });
  context.on('response', (response) => {
    const statusMin = response.request().isNavigationRequest() ? 500 : 400;
    if (response.status() >= statusMin) offences.push(`${response.status()} of ${response.url()}`);
  });
  return {
    page: await context.newPage(),
    context,
    takeOffences: () => offences.splice(0),
    close: () => context.close(),
  };
}

/**
 * One line for each element that breaks a rule of WCAG 2.2 A or AA. `colours`: the rules that a
 * theme can change, for the second theme of a page whose first was asked for all; they take a
 * fifth of the time. Legacy mode opens no page of its own, which only frames would need.
 */
export async function findBarriers(
  page: Page,
  rules: 'all' | 'colours' = 'all',
): Promise<string[]> {
  const axe = new AxeBuilder({ page }).options(axeOptions).setLegacyMode();
  const chosen = rules === 'all' ? axe.withTags(ruleTags) : axe.withRules(colourRules);
  const { violations } = await chosen.analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
  );
}

/**
 * Compressed bytes of the page and all its files, also of those that the browser had already; what
 * is fetched afterwards does not count.
 */
export function measureWeight(page: Page): Promise<number> {
  return page.evaluate(() =>
    performance
      .getEntries()
      .map((entry) => entry.toJSON())
      .filter(({ initiatorType }) => initiatorType !== 'fetch')
      .reduce((bytes: number, { encodedBodySize = 0 }) => bytes + encodedBodySize, 0),
  );
}

/** As the server draws it for who chose this theme. */
export async function drawIn(page: Page, theme: 'light' | 'dark'): Promise<void> {
  await page
    .locator('html')
    .evaluate((root, isDark) => root.classList.toggle('dark', isDark), theme === 'dark');
}

/** A window as high as the page: axe takes what has scrolled below a form's foot for covered. */
export async function showWhole(page: Page): Promise<void> {
  const height = await page.locator('html').evaluate((root) => root.scrollHeight);
  await page.setViewportSize({ ...desktop, height: Math.max(desktop.height, height) });
}

/** One line for a page that is wider than its window, with what sticks out. */
export function findOverflow(page: Page): Promise<string[]> {
  return page.locator('html').evaluate((root) => {
    if (root.scrollWidth <= root.clientWidth) return [];
    const wide = [...root.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1)
      .slice(0, 5)
      .map((element) => `${element.tagName}.${element.getAttribute('class') ?? ''}`);
    return [`${root.scrollWidth} px wide: ${wide.join(', ')}`];
  });
}

export async function keepPicture(page: Page, name: string): Promise<void> {
  mkdirSync(screenshotFolder, { recursive: true });
  const path = join(screenshotFolder, `${name.replace(/[^\w-]+/g, '_')}.png`);
  await page.screenshot({ path, fullPage: true, animations: 'disabled' });
}
