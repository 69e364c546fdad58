/**
 * A page of a portal: no shell, no cookie, the tenant's name and colours, in frames of the listed
 * origins only. What protects its forms is the token in their path: nothing that a browser adds by
 * itself authenticates them, so whoever can address one could do the same anyway, and asking for
 * the same origin would only refuse browsers, which under `no-referrer` send `Origin: null`.
 */
import type { z } from 'zod';
import type { FormDraft } from '../../../views/components/form.tsx';
import type { Toast } from '../../../views/components/toast.tsx';
import { ErrorPage } from '../../../views/error-page.tsx';
import { PortalFrame } from '../../../views/portal-frame.tsx';
import { AppError } from '../../domain/errors.ts';
import { frameAncestors } from '../../domain/portal.ts';
import { allows } from '../../domain/scopes.ts';
import type { PortalVisit } from '../../usecases/portal/identify-visitor.ts';
import { problemOf } from '../answer-error.ts';
import { readId, type Thing } from '../api/operation.ts';
import { readQuery } from '../api/request-input.ts';
import { portalFramePolicy } from '../portal.ts';
import { type Problem, problemKinds } from '../problem.ts';
import { requestFacts } from '../request-id.ts';
import { failedPart, goTo, htmlResponse, plainResponse, wantedPart } from './answers.ts';
import { readTheme } from './cookies.ts';
import { draftOf, parseForm, readForm } from './form.ts';
import { type PageDeps, redrawn } from './page.ts';

/** `path` is the portal's own, without a slash at its end; `nowMs` is database time. */
export type PortalCall = PortalVisit & {
  path: string;
  mayWrite: boolean;
  nowMs: number;
  request: Request;
};

export type PortalView = {
  title: string;
  body(): JSX.Element;
  parts?: Record<string, () => JSX.Element>;
  toast?: Toast | undefined;
};

type PortalOutcome = { goTo: string } | { view: PortalView };

type RouteContext = { request: Request; params?: Record<string, string>; route?: string };
type Route = readonly [(context: RouteContext) => Promise<Response>, typeof routeOptions];
const routeOptions = { parse: 'none' as const, detail: { hide: true } };

/** No address of a portal goes anywhere else. */
const portalHeaders = { 'referrer-policy': 'no-referrer' };

export function createPortalPages(deps: PageDeps) {
  return {
    view<Id extends string = never, Query extends z.ZodType = z.ZodNever>(
      input: { item?: Thing<Id>; query?: Query },
      handler: (call: PortalCall & { id: Id; query: z.output<Query> }) => Promise<PortalView>,
    ): Route {
      return route(deps, async (call, context) => {
        const id = readId(input.item, context.params?.['id']);
        const query = input.query && readQuery(call.request, input.query);
        // Safe because what an input leaves out is `never` in its handler's type.
        const asked = { ...call, id, query } as PortalCall & { id: Id; query: z.output<Query> };
        return showView(deps, call, await handler(asked));
      });
    },
    /** As that of other pages: `refused` draws the form again. */
    action<Id extends string = never, Form extends z.ZodType = z.ZodNever>(
      input: {
        item?: Thing<Id>;
        form?: Form;
        refused?: (call: PortalCall & { id: Id }, draft: FormDraft) => Promise<PortalView>;
      },
      handler: (call: PortalCall & { id: Id; form: z.output<Form> }) => Promise<PortalOutcome>,
    ): Route {
      return route(deps, async (call, context) => {
        const { item, form: schema, refused } = input;
        // Safe as above.
        const made = { ...call, id: readId(item, context.params?.['id']) } as PortalCall & {
          id: Id;
        };
        const values = await readForm(call.request);
        try {
          const form = schema && parseForm(values, schema);
          // Safe as above.
          const formed = { ...made, form } as typeof made & { form: z.output<Form> };
          const outcome = await handler(formed);
          if ('view' in outcome) return await showView(deps, call, outcome.view);
          return goTo(call.request, outcome.goTo, []);
        } catch (error) {
          const again = error instanceof AppError && redrawn.has(error.code) ? error : null;
          if (again === null || refused === undefined) throw error;
          const view = await refused(made, draftOf(values, again));
          return showView(deps, call, view, problemKinds[again.code].status);
        }
      });
    },
    /** What is no page: its style sheet. */
    answer: (handler: (call: PortalCall) => Response): Route =>
      route(deps, async (call) => handler(call)),
  };
}

function route(
  deps: PageDeps,
  handle: (call: PortalCall, context: RouteContext) => Promise<Response>,
): Route {
  const answer = async (context: RouteContext): Promise<Response> => {
    const { request } = context;
    let visit: PortalVisit | null = null;
    try {
      visit = await deps.identifyPortal(request);
      const call = {
        ...{ ...visit, request },
        path: `/portal/${context.params?.['token'] ?? ''}`,
        mayWrite: allows(visit.ctx.actor.scopes, 'endpoints:write'),
        nowMs: deps.deps.clock.databaseNow(),
      };
      return await handle(call, context);
    } catch (error) {
      const problem = problemOf(deps.log, error, request, context.route);
      return showError(deps, request, problem, visit);
    }
  };
  return [answer, routeOptions];
}

async function showView(
  deps: PageDeps,
  call: PortalCall,
  view: PortalView,
  status = 200,
): Promise<Response> {
  const { request, look, expiresAt, path, nowMs, ctx } = call;
  const options = { status, headers: portalHeaders, frameAncestors: portalFramePolicy(look) };
  const wanted = wantedPart(request);
  const part = wanted && (view.parts?.[wanted.id] ?? view.body);
  if (part) return htmlResponse(await part(), options);
  const html = await PortalFrame({
    title: view.title,
    files: await deps.files(),
    theme: readTheme(request),
    path,
    brand: `${path}/brand.css`,
    name: look.name,
    customer: ctx.actor.customer,
    expiresAt: expiresAt.toISOString(),
    nowMs,
    toasts: view.toast === undefined ? [] : [view.toast],
    children: view.body(),
  });
  return htmlResponse(html, options);
}

/** What a browser says of a page that it will show within another. */
const framedAs = new Set(['iframe', 'frame', 'embed', 'object']);

/**
 * Whom to ask stands in the words; there is no way on to pages of ours. In the frames that the link
 * was listed for it is shown as its pages were; in a frame where no origin is known it is plain
 * text, which anybody may frame since nothing in it can be pressed: better than the browser's own
 * page for what it blocks.
 */
async function showError(
  deps: PageDeps,
  request: Request,
  problem: Problem,
  visit: PortalVisit | null,
): Promise<Response> {
  const { status, title } = problemKinds[problem.code];
  const isLink = problem.code === 'unauthenticated';
  const words = {
    title: isLink ? 'This link has ended' : title,
    text: isLink
      ? 'A link like this holds for a while only, or it was ended. Ask whoever gave it to you for a new one: in their app, or the person who sent it.'
      : problem.detail,
  };
  const headers = { ...problem.headers, ...portalHeaders };
  const [, path = '/'] = /^(\/portal\/[^/]+)/.exec(new URL(request.url).pathname) ?? [];
  if (wantedPart(request) !== null) {
    // The page itself then says that its link has ended.
    return isLink ? goTo(request, path, []) : failedPart(words, { status, headers });
  }
  const frames = await framesOf(deps, request, visit, isLink);
  const isFramed = framedAs.has(request.headers.get('sec-fetch-dest') ?? '');
  if (visit === null && frames === frameAncestors([]) && isFramed) {
    return plainResponse(`${words.title}\n\n${words.text}\n`, { status, headers });
  }
  const html = await ErrorPage({
    ...{ status, files: await deps.files(), theme: readTheme(request), parts: [] },
    ...words,
    actions: visit === null ? [] : [{ label: 'Your webhooks', href: path }],
    requestId: requestFacts(request).id,
    at: new Date().toISOString(),
  });
  return htmlResponse(html, { status, headers, frameAncestors: frames });
}

/** Nobody's while it is not known whose link it is, as when the database is away. */
async function framesOf(
  deps: PageDeps,
  request: Request,
  visit: PortalVisit | null,
  isLink: boolean,
): Promise<string> {
  if (visit !== null) return portalFramePolicy(visit.look);
  return isLink ? deps.findPortalFrames(request) : frameAncestors([]);
}
