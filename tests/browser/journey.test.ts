/**
 * A newcomer's way through the built binary, by what is to be seen: from the link that the first
 * start prints to a delivered event, a receiver that breaks, and all of it delivered in the end.
 * Every press is counted; no page is loaded again by hand. Once with a mouse, and once with keys
 * alone, which reach by Tab whatever the mouse does.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser, Locator, Page } from 'playwright-core';
import { cleanUp, type Service, startService } from '../support/binary.ts';
import {
  browserTestMs,
  chromiumPath,
  findBarriers,
  keepPicture,
  launchChromium,
  openVisit,
  type Visit,
} from '../support/browser.ts';
import { type Hand, keyHand, mouseHand } from '../support/hands.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

/** "Under 3 minutes" is for people who read; the clicks alone take seconds. */
const firstDeliveryMsMax = 60_000;

describe.skipIf(chromiumPath === null).each([
  ['with a mouse', mouseHand],
  ['with keys alone', keyHand],
] as const)('a newcomer %s [needs Chromium]', (_, createHand) => {
  let receiver: Receiver;
  let service: Service;
  let browser: Browser;
  let visit: Visit;
  let page: Page;
  let hand: Hand;
  let clicks = 0;
  let key = '';

  beforeAll(async () => {
    receiver = startReceiver();
    service = await startService();
    browser = await launchChromium();
    visit = await openVisit(browser, new URL(service.url));
    page = visit.page;
    hand = createHand(page);
  }, browserTestMs);
  afterAll(async () => {
    await browser?.close();
    await receiver?.stop();
    await cleanUp();
  });

  async function click(target: Locator): Promise<void> {
    clicks += 1;
    await hand.press(target);
  }
  const button = (name: string | RegExp) => page.getByRole('button', { name });
  const link = (name: string) => page.getByRole('link', { name, exact: true });
  const main = () => page.getByRole('main');

  async function post(type: string): Promise<void> {
    const answer = await fetch(`${service.url}/api/v1/webhooks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ type, payload: { number: 'A-1' } }),
    });
    expect(answer.status).toBe(202);
  }

  /** That the page is the one that was loaded, whatever changes in it by itself. */
  async function withoutReload(act: () => Promise<void>): Promise<void> {
    let loads = 0;
    const count = () => {
      loads += 1;
    };
    page.on('domcontentloaded', count);
    await act();
    page.off('domcontentloaded', count);
    expect(loads).toBe(0);
  }

  test(
    'signs up by the printed link and sees a test delivered within seconds',
    async () => {
      const startedMs = performance.now();
      const [, path = ''] = /(\/sign-up\?token=[\w-]+)/.exec(service.stderr()) ?? [];
      await page.goto(path);
      await hand.write(page.getByLabel('Your name'), 'Ines Ortega');
      await hand.write(page.getByLabel('E-mail'), 'ines@example.com');
      await hand.write(page.getByLabel('Password'), 'correct horse battery staple');
      await hand.write(page.getByLabel('Company or team'), 'Acme');
      await click(button('Make account'));
      await page.getByRole('heading', { name: 'Send your first webhook' }).waitFor();
      await click(button('Use the echo'));
      await click(button('Send a test'));
      await main().getByText('Delivered: the receiver answered 200').waitFor();
      const tookMs = performance.now() - startedMs;
      console.info(`first delivery: ${clicks} clicks, ${(tookMs / 1_000).toFixed(1)} s`);
      expect(clicks).toBe(3);
      expect(tookMs).toBeLessThan(firstDeliveryMsMax);
      // No other test meets a project without events.
      expect(await findBarriers(page)).toEqual([]);
      await keepPicture(page, 'first-run');
      await click(link('See the delivery'));
      await main().getByText('A test event from opsforge.').first().waitFor();
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    'makes a project, an endpoint of its own and a key, and the page moves on by itself',
    async () => {
      await click(page.getByRole('link', { name: 'Projects', exact: true }).first());
      await click(link('New project'));
      await hand.write(page.getByLabel('Name'), 'Billing');
      await click(button('Create project'));
      await hand.write(page.getByLabel('URL of the endpoint'), `${receiver.url}/in`);
      await click(button('Add endpoint'));
      await click(button('Send a test'));
      await main().getByText('Delivered: the receiver answered 204').waitFor();
      expect(receiver.requests).toHaveLength(1);
      await click(button('Make a key'));
      const command = await main().locator('pre', { hasText: 'ofk_' }).textContent();
      [key = ''] = /ofk_[\w-]+/.exec(command ?? '') ?? [];
      expect(command).toContain(`${service.url.replace('127.0.0.1', 'localhost')}/api/v1/webhooks`);
      await post('invoice.paid');
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      expect((await receiver.waitFor(2))[1]?.path).toBe('/in');
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    'sees events arrive, and why one failed, without loading a page again',
    async () => {
      await click(page.getByRole('link', { name: 'Events', exact: true }).first());
      await main().getByText('invoice.paid').first().waitFor();
      receiver.respondWith(() => new Response('the disk is full', { status: 500 }));
      await withoutReload(async () => {
        await post('invoice.voided');
        await main()
          .getByText(/invoice\.voided|1 newer/)
          .first()
          .waitFor();
      });
      await click(page.getByRole('link', { name: 'Deliveries', exact: true }).first());
      await click(
        main()
          .getByRole('link', { name: /invoice\.voided/ })
          .first(),
      );
      await main().getByText('the disk is full').first().waitFor();
      expect(await main().textContent()).toContain('500');
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    'repairs the receiver, retries the delivery and sees it arrive',
    async () => {
      receiver.respondWith(() => new Response(null, { status: 204 }));
      await click(button('Retry now'));
      await main().getByText('Delivered', { exact: true }).first().waitFor();
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );

  test(
    'replays what the endpoint got, after its number was shown',
    async () => {
      await click(page.getByRole('link', { name: 'Endpoints', exact: true }).first());
      await click(main().locator('.c-main a').first());
      await click(link('Replay…'));
      await hand.choose(page.getByLabel('State'), 'However it ended');
      await click(button('Count what matches'));
      const before = receiver.requests.length;
      const replay = button(/^Replay \d+ /);
      const count = Number(/\d+/.exec((await replay.textContent()) ?? '')?.[0]);
      expect(count).toBeGreaterThan(0);
      await click(replay);
      await receiver.waitFor(before + count);
      await main().getByText('Done', { exact: true }).first().waitFor();
      console.info(`the whole way: ${clicks} clicks`);
      expect(visit.takeOffences()).toEqual([]);
    },
    browserTestMs,
  );
});
