/**
 * Walks the site as a person who is signed in: begins where it is told, and follows what the pages
 * lead to (links, and what htmx would fetch), parts of pages too.
 */
import type { Answer } from '../api.ts';
import type { TestPages } from '../signed-in.ts';

/** Filters multiply: enough for every page with each of its filters once, on one project. */
const addressesMax = 400;
const parametersMax = 1;

export type Crawled = { path: string; answer: Answer };

export async function crawl(
  pages: Pick<TestPages, 'get'>,
  starts: readonly string[],
): Promise<Crawled[]> {
  const waiting = [...starts];
  const seen = new Set(waiting);
  const found: Crawled[] = [];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const answer = await pages.get(path);
    found.push({ path, answer });
    if (found.length > addressesMax) {
      throw new Error(`more than ${addressesMax} addresses: what makes ${path} lead on and on?`);
    }
    for (const next of await addressesIn(answer)) {
      // Each filter by itself: their combinations lead on and on.
      if (seen.has(next) || next.split('&').length > parametersMax) continue;
      seen.add(next);
      waiting.push(next);
    }
  }
  return found;
}

const attributes = ['href', 'hx-get', 'src', 'action'];

/** Paths of ours that the answer names. Files are no pages; forms are addresses to be read, too. */
async function addressesIn({ headers, text }: Answer): Promise<string[]> {
  const addresses = [headers.get('location') ?? ''];
  const rewriter = new HTMLRewriter().on('*', {
    element(element) {
      for (const name of attributes) addresses.push(element.getAttribute(name) ?? '');
    },
  });
  const isPage = headers.get('content-type')?.startsWith('text/html');
  if (isPage) await rewriter.transform(new Response(text)).text();
  return addresses
    .map((address) => address.replace(/#.*/, '').replaceAll('&amp;', '&'))
    .filter((address) => /^\/(?!\/|assets\/|swagger)/.test(address));
}
