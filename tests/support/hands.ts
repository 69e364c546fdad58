/**
 * What a person does on a page, with a mouse or with keys alone. `keyHand` makes no call of the
 * mouse and focuses nothing itself: it presses Tab until what it looks for has the focus, and
 * fails where the focus cannot be seen on the way, where it is caught, or where Tab never gets.
 */
import type { Locator, Page } from 'playwright-core';

export type Hand = {
  press(target: Locator): Promise<void>;
  write(field: Locator, text: string): Promise<void>;
  /** Of a select, by the words of the option. */
  choose(field: Locator, option: string): Promise<void>;
};

/** More than any page has stops. */
const stopsMax = 200;

export function mouseHand(_: Page): Hand {
  return {
    press: (target) => target.click(),
    write: (field, text) => field.fill(text),
    async choose(field, option) {
      await field.selectOption(option);
    },
  };
}

export function keyHand(page: Page): Hand {
  return {
    async press(target) {
      await tabTo(page, target);
      await page.keyboard.press('Enter');
    },
    async write(field, text) {
      await tabTo(page, field);
      await page.keyboard.press('Control+a');
      await page.keyboard.type(text);
    },
    async choose(field, option) {
      await tabTo(page, field);
      await page.keyboard.type(option);
    },
  };
}

/** Null while nothing of the page has the focus, as after it was loaded and past its last stop. */
type Stop = { words: string; hasRing: boolean } | null;

async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  const stops: string[] = [];
  for (let count = 0; count <= stopsMax; count += 1) {
    if (await target.evaluate((element) => element.matches(':focus'))) return;
    await page.keyboard.press('Tab');
    const stop = await readStop(page);
    if (stop?.hasRing === false) throw new Error(`the focus is not seen on ${stop.words}`);
    stops.push(stop?.words ?? 'none');
  }
  throw new Error(`Tab does not reach ${target}: ${stops.slice(-20).join(' > ')}`);
}

/** A ring: an outline or a shadow all around, of the element or of the box around a bare field. */
function readStop(page: Page): Promise<Stop> {
  return page.locator('html').evaluate((root) => {
    const { activeElement: focused, body, defaultView: view } = root.ownerDocument;
    if (focused === null || focused === body || view === null) return null;
    const hasRing = [focused, focused.parentElement ?? focused].some((element) => {
      const { outlineStyle, boxShadow } = view.getComputedStyle(element);
      return outlineStyle !== 'none' || / 0px 0px 0px [1-9]\d*px/.test(boxShadow);
    });
    const words = (focused.textContent ?? '').trim().slice(0, 40);
    return { words: `${focused.tagName.toLowerCase()}#${focused.id} ${words}`, hasRing };
  });
}
