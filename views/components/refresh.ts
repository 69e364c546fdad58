/**
 * How a part of a page is asked for again. `live(path, kinds)` are the attributes of one that shows
 * something of these kinds: script asks for it when they have news (views/client/live-parts.ts),
 * and without script it stays as it was drawn. The element needs an id.
 */
import type { NewsKind } from '../../src/domain/news.ts';

/** Script dispatches it on the part, and htmx asks. */
const newsEvent = 'news';

type Options = {
  /**
   * While somebody is at it, it stays: `rows` a row is ticked, chosen or focused; `pointer` that,
   * or the pointer is over it; `page` that, or the page is scrolled. For parts whose rows come, go
   * or change their order.
   */
  hold?: 'rows' | 'pointer' | 'page';
  /** Once it says something, no sooner again, in seconds: for what is read aloud. */
  restSeconds?: number;
};

export function live(path: string, kinds: readonly NewsKind[], options: Options = {}) {
  const { hold, restSeconds } = options;
  return {
    'hx-get': path,
    'hx-trigger': newsEvent,
    'hx-target': 'this',
    'hx-swap': 'outerMorph',
    'data-live': kinds.join(' '),
    'data-hold': hold,
    'data-rest': restSeconds === undefined ? undefined : String(restSeconds),
  };
}

/**
 * A portal is no viewer of its project: when the project has news tells a customer how much others
 * are sent. So its pages ask by the clock.
 */
export const refreshPortal = 'every 10s';
