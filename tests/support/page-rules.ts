/**
 * What every page must keep, read off its HTML: nothing inline that the policy would block, nothing
 * from another host, one h1, fields with labels. Answers the offences, none when all is well.
 */
const inlineStyle = /<[^>]*\sstyle\s*=|<style[\s>]/i;
const inlineHandler = /<[^>]*\son[a-z]+\s*=/i;
/** htmx evaluates these, which needs 'unsafe-eval'. */
const evaluated = /\shx-on[:-]|="js:|hx-trigger="[^"]*\[/i;

export async function findPageOffences(html: string): Promise<string[]> {
  const offences: string[] = [];
  const offend = (what: string, found: boolean) => {
    if (found) offences.push(what);
  };
  // Texts may hold what looks like an attribute: only what stands in tags counts.
  const tags = html.match(/<[a-z][^>]*>/gi) ?? [];
  offend(
    'an inline style',
    tags.some((tag) => inlineStyle.test(tag)),
  );
  offend(
    'an inline handler',
    tags.some((tag) => inlineHandler.test(tag)),
  );
  offend(
    'something htmx would evaluate',
    tags.some((tag) => evaluated.test(tag)),
  );
  const ids = new Map<string, number>();
  let heads = 0;
  const rewriter = new HTMLRewriter()
    .on('script', {
      element(script) {
        offend('an inline script', !script.getAttribute('src')?.startsWith('/assets/'));
      },
    })
    .on('[src], link[href]', {
      element(element) {
        const address = element.getAttribute('src') ?? element.getAttribute('href') ?? '';
        offend(`a file from elsewhere: ${address}`, !/^\/(?!\/)/.test(address));
      },
    })
    .on('[id]', {
      element(element) {
        const id = element.getAttribute('id') ?? '';
        ids.set(id, (ids.get(id) ?? 0) + 1);
      },
    })
    .on('h1', {
      element() {
        heads += 1;
      },
    });
  await rewriter.transform(new Response(html)).text();
  for (const [id, count] of ids) offend(`the id ${id} ${count} times`, count > 1);
  offend(`${heads} h1`, html.startsWith('<!doctype html>') && heads !== 1);
  return offences;
}
