/**
 * An error as the page that people see. Which code is which status stands in problem.ts; here are
 * the words. What is no AppError has a fixed text, as in the API; the request id finds it.
 */
import { ErrorPage, type ErrorPageProps } from '../../../views/error-page.tsx';
import { type Problem, problemKinds } from '../problem.ts';
import { requestFacts } from '../request-id.ts';
import { failedPart, htmlResponse, wantedPart } from './answers.ts';
import { readTheme } from './cookies.ts';
import type { LoadFiles } from './files.ts';

/** When the page that could not be answered tries again, if nothing says when. */
const retrySeconds = 8;

export type ErrorPageDeps = {
  files: LoadFiles;
  /** As /readyz: reasons why not. */
  readiness(): Promise<string[]>;
};

type Words = Pick<ErrorPageProps, 'title' | 'text' | 'actions'>;

const home = { label: 'Overview', href: '/' };

/** The list that an address is below. */
function listAbove(path: string): Words['actions'] {
  const [, href, name] =
    /^(\/t\/[^/]+\/p\/[^/]+\/(events|deliveries|endpoints|sources))\/./.exec(path) ?? [];
  return href === undefined ? [] : [{ label: `All ${name}`, href }];
}

function wordsOf(problem: Problem, path: string): Words {
  const again = { label: 'Try again now', href: path, icon: 'rotate-cw' } as const;
  switch (problem.code) {
    case 'not_found':
      return {
        title: 'There is nothing here',
        text: 'It was deleted, it belongs to a tenant you are not in, or the link is cut off.',
        actions: [...listAbove(path), home],
      };
    case 'internal':
      return {
        title: 'This page failed on the server',
        text: 'A fault in opsforge, not in what you did. It is logged with its request id.',
        actions: [{ ...again, label: 'Load the page again' }, home],
      };
    case 'unavailable':
      return {
        title: 'opsforge cannot answer this now',
        text: `${problem.detail} This page tries again by itself.`,
        actions: [again, home],
      };
    default:
      return { title: problemKinds[problem.code].title, text: problem.detail, actions: [home] };
  }
}

export async function errorPage(
  deps: ErrorPageDeps,
  request: Request,
  problem: Problem,
): Promise<Response> {
  const { status } = problemKinds[problem.code];
  const { pathname, search } = new URL(request.url);
  const isGet = request.method === 'GET';
  const words = wordsOf(problem, isGet ? pathname + search : pathname);
  if (wantedPart(request) !== null) {
    const { title, text } = words;
    return failedPart({ title, text }, { status, headers: problem.headers });
  }
  const retryAfter = Number(problem.headers?.['retry-after'] ?? retrySeconds);
  const html = await ErrorPage({
    ...words,
    status,
    files: await deps.files(),
    theme: readTheme(request),
    parts: status >= 500 ? await partsOf(deps) : [],
    ...(problem.code === 'not_found' ? { asked: pathname } : {}),
    requestId: requestFacts(request).id,
    at: new Date().toISOString(),
    reloadSeconds:
      problem.code === 'unavailable' && isGet ? Math.max(retryAfter, retrySeconds) : undefined,
  });
  return htmlResponse(html, { status, headers: problem.headers ?? {} });
}

async function partsOf(deps: ErrorPageDeps): Promise<ErrorPageProps['parts']> {
  const reasons = await deps.readiness();
  const answering = { glyph: 'ok', name: 'Pages and API', state: 'answering' } as const;
  if (reasons.length === 0)
    return [answering, { glyph: 'ok', name: 'Database', state: 'answering' }];
  return [
    answering,
    { glyph: 'bad', name: 'Database', state: reasons.join('; ') },
    { glyph: 'pending', name: 'Deliveries', state: 'waiting, none lost' },
  ];
}
