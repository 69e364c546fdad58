/**
 * Pages outside the shell, for people who may not be signed in: signing in and up, invitations,
 * new passwords. As page.ts, without tenant and project. Their addresses may hold a one-time token:
 * browsers are told to pass on no more than the origin, and the log names routes, never addresses.
 */
import type { Children } from '@kitajs/html';
import { z } from 'zod';
import { emptyDraft, type FormDraft } from '../../../views/components/form.tsx';
import type { Toast } from '../../../views/components/toast.tsx';
import { Outside } from '../../../views/outside.tsx';
import { AppError } from '../../domain/errors.ts';
import type { Browser } from '../../usecases/people/people-deps.ts';
import type { Person } from '../../usecases/people/person.ts';
import type { SignedIn } from '../../usecases/people/start-session.ts';
import { problemOf } from '../answer-error.ts';
import { browserOf } from '../identify-person.ts';
import { problemKinds, toProblem } from '../problem.ts';
import { sessionCookie } from '../session-cookie.ts';
import { goTo, htmlResponse } from './answers.ts';
import { flashCookie, readTheme } from './cookies.ts';
import { errorPage } from './error-page.ts';
import { draftOf, parseForm, readForm } from './form.ts';
import type { PageDeps } from './page.ts';
import { safeNext } from './sign-in-path.ts';

export type EntryCall = {
  request: Request;
  /** Null when nobody is signed in. */
  person: Person | null;
  browser: Browser;
  /** `token` and `next` of the address, or of the form that was sent. */
  token: string;
  next: string;
};

export type EntryView = {
  title: string;
  status?: number;
  body(): JSX.Element;
  note?(): Children;
};

export type EntryOutcome = { goTo: string; cookies?: string[]; toast?: Toast };

type RouteContext = { request: Request; route?: string };
type Route = readonly [(context: RouteContext) => Promise<Response>, typeof routeOptions];
const routeOptions = { parse: 'none' as const, detail: { hide: true } };

/** What the form may cure, or what has to be read where it was sent. */
const redrawn = new Set([
  'invalid',
  'conflict',
  'unauthenticated',
  'forbidden',
  'not_found',
  'rate_limited',
  'unavailable',
]);

/** A field of text; left out is empty, and the use case says what is wrong with that. */
export const textField = z.string().default('');

export function createEntries(deps: PageDeps) {
  return {
    /** An error of the handler gets a page of its own. */
    view(handler: (call: EntryCall) => Promise<EntryView | EntryOutcome>): Route {
      return route(deps, async (request) => {
        const given = Object.fromEntries(new URL(request.url).searchParams);
        return answer(deps, request, await handler(await callOf(deps, request, given)));
      });
    },
    /** `refused` draws the page again, with what was typed and what is wrong with it. */
    action<Form extends z.ZodType>(
      input: {
        form: Form;
        refused(call: EntryCall, draft: FormDraft): Promise<EntryView | EntryOutcome>;
      },
      handler: (call: EntryCall & { form: z.output<Form> }) => Promise<EntryView | EntryOutcome>,
    ): Route {
      return route(deps, async (request) => {
        const values = await readForm(request);
        const call = await callOf(deps, request, values);
        try {
          const form = parseForm(values, input.form);
          return await answer(deps, request, await handler({ ...call, form }));
        } catch (error) {
          if (!(error instanceof AppError) || !redrawn.has(error.code)) throw error;
          const view = await input.refused(call, draftOf(values, error));
          if ('goTo' in view) return leave(deps, request, view);
          const { status } = problemKinds[error.code];
          return show(
            deps,
            request,
            { ...view, status },
            toProblem(error).headers?.['retry-after'],
          );
        }
      });
    },
  };
}

function route(deps: PageDeps, handle: (request: Request) => Promise<Response>): Route {
  const respond = async ({ request, route: pattern }: RouteContext) => {
    try {
      if (request.method !== 'GET') deps.requireSameOrigin(request);
      return await handle(request);
    } catch (error) {
      return errorPage(deps, request, problemOf(deps.log, error, request, pattern));
    }
  };
  return [respond, routeOptions];
}

async function callOf(
  deps: PageDeps,
  request: Request,
  { token, next }: { token?: unknown; next?: unknown },
): Promise<EntryCall> {
  return {
    request,
    person: await deps.identifyPerson(request),
    browser: browserOf(request),
    token: typeof token === 'string' ? token : '',
    next: safeNext(typeof next === 'string' ? next : null),
  };
}

function answer(
  deps: PageDeps,
  request: Request,
  made: EntryView | EntryOutcome,
): Response | Promise<Response> {
  return 'goTo' in made ? leave(deps, request, made) : show(deps, request, made);
}

function leave(deps: PageDeps, request: Request, outcome: EntryOutcome): Response {
  const { cookies = [], toast } = outcome;
  const flash = toast === undefined ? [] : [flashCookie(deps.deps.publicUrl(), toast)];
  return goTo(request, outcome.goTo, [...cookies, ...flash]);
}

async function show(
  deps: PageDeps,
  request: Request,
  view: EntryView,
  retryAfter?: string,
): Promise<Response> {
  const { title, status = 200, body, note } = view;
  const shell = { files: await deps.files(), theme: readTheme(request) };
  const html = await Outside({ shell, title, note: note?.(), children: body() });
  const wait: Record<string, string> =
    retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  return htmlResponse(html, { status, headers: { 'referrer-policy': 'strict-origin', ...wait } });
}

/** On to where somebody wanted to be, in the session that has begun. */
export function enter(deps: PageDeps, { token }: SignedIn, next: string): EntryOutcome {
  return { goTo: next, cookies: [sessionCookie(deps.deps.publicUrl(), token)] };
}

/** An error that no form brought: as one that a form has. */
export function noticeDraft(message: string): FormDraft {
  return { ...emptyDraft, notices: [message] };
}

export function withCookies(outcome: EntryOutcome, cookies: string[]): EntryOutcome {
  return { ...outcome, cookies: [...(outcome.cookies ?? []), ...cookies] };
}
