/** /sign-in/single-sign-on leaves for the provider; /sign-in/callback is where it sends people. */
import { Elysia } from 'elysia';
import { AppError } from '../../domain/errors.ts';
import {
  beginSingleSignOn,
  finishSingleSignOn,
  singleSignOnPath,
} from '../../usecases/people/single-sign-on.ts';
import { problemKinds } from '../problem.ts';
import { readCookie, setCookie } from '../session-cookie.ts';
import {
  createEntries,
  type EntryCall,
  type EntryOutcome,
  type EntryView,
  enter,
  noticeDraft,
  withCookies,
} from './entry.ts';
import type { PageDeps } from './page.ts';
import { signInView } from './sign-in.ts';
import { safeNext } from './sign-in-path.ts';

/** What the browser brings back from the provider, and where it wanted to go. */
const signOnCookie = 'opsforge_sign_on';
const nextCookie = 'opsforge_next';
const signOnCookieSeconds = 600;

export function singleSignOnPages(deps: PageDeps) {
  const { view } = createEntries(deps);
  return new Elysia()
    .get('/sign-in/single-sign-on', ...view((call) => leaveForProvider(deps, call)))
    .get(singleSignOnPath, ...view((call) => comeBack(deps, call)));
}

async function leaveForProvider(
  deps: PageDeps,
  { token, next }: EntryCall,
): Promise<EntryView | EntryOutcome> {
  const invitation = token === '' ? null : token;
  const { url, state } = await beginSingleSignOn(deps.people, { invitation });
  const cookies = [
    ownCookie(deps, signOnCookie, state, signOnCookieSeconds),
    ownCookie(deps, nextCookie, encodeURIComponent(next), signOnCookieSeconds),
  ];
  return { goTo: url, cookies };
}

/** Whatever fails is said on the page to sign in, which is where people try again. */
async function comeBack(deps: PageDeps, call: EntryCall): Promise<EntryView | EntryOutcome> {
  const { request, browser } = call;
  const cookieOf = (name: string) => readCookie(request, deps.deps.publicUrl(), name) ?? '';
  const next = safeNext(decodeNext(cookieOf(nextCookie)));
  const dropped = [signOnCookie, nextCookie].map((name) => ownCookie(deps, name, '', 0));
  try {
    const input = { query: new URL(request.url).search, state: cookieOf(signOnCookie) };
    const entered = await finishSingleSignOn(deps.people, input, browser);
    return withCookies(enter(deps, entered, next), dropped);
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'internal') throw error;
    const view = signInView(deps, { ...call, next }, noticeDraft(error.message));
    return { ...view, status: problemKinds[error.code].status };
  }
}

function decodeNext(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not written by us: then there is nowhere to go on to.
    return null;
  }
}

function ownCookie(deps: PageDeps, name: string, value: string, seconds: number): string {
  return setCookie(deps.deps.publicUrl(), name, value, seconds);
}
