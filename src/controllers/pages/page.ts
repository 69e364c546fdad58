/**
 * One page, as `operation` is one operation of the API. The order is the same for all: same origin
 * (for what changes something), who asks (else to /sign-in), tenant and project of the path (404,
 * also for those who are not in it), what is asked or sent; then the use case decides. Answers are
 * whole pages, or the part that htmx asks for.
 */
import type { z } from 'zod';
import type { FormDraft } from '../../../views/components/form.tsx';
import type { Toast } from '../../../views/components/toast.tsx';
import { type Crumb, Layout, type PageFrame, type Shell } from '../../../views/layout.tsx';
import { listEntries, type Place, projectPath, tenantPath } from '../../../views/navigation.ts';
import { AppError } from '../../domain/errors.ts';
import { scopesOf } from '../../domain/roles.ts';
import { allows } from '../../domain/scopes.ts';
import type { Log } from '../../lib/log.ts';
import type { Ctx, Deps } from '../../usecases/context.ts';
import type { PeopleDeps } from '../../usecases/people/people-deps.ts';
import type { Membership, Person } from '../../usecases/people/person.ts';
import { findProjectBySlug } from '../../usecases/projects/find-project-by-slug.ts';
import type { Project } from '../../usecases/projects/schemas.ts';
import { problemOf } from '../answer-error.ts';
import { readId, type Thing } from '../api/operation.ts';
import { readQuery } from '../api/request-input.ts';
import type { IdentifyPerson, MemberContext } from '../identify-person.ts';
import type { PageLiveDeps } from '../live-streams.ts';
import type { FindPortalFrames, IdentifyPortal } from '../portal.ts';
import { notFoundHere, problemKinds } from '../problem.ts';
import { goTo, htmlResponse, toastTrigger, wantedPart } from './answers.ts';
import {
  droppedFlash,
  flashCookie,
  lastProjectCookie,
  readFlash,
  readLastProject,
  readSingleKeys,
  readTheme,
} from './cookies.ts';
import { type ErrorPageDeps, errorPage } from './error-page.ts';
import { draftOf, parseForm, readForm } from './form.ts';
import { signInPath } from './sign-in-path.ts';

export type PageDeps = ErrorPageDeps & {
  deps: Deps;
  log: Log;
  identifyPerson: IdentifyPerson;
  memberContext: MemberContext;
  identifyPortal: IdentifyPortal;
  findPortalFrames: FindPortalFrames;
  people: PeopleDeps;
  live: PageLiveDeps;
  /** Throws AppError `forbidden` for a form that another site sent. */
  requireSameOrigin(request: Request): void;
};

/** What every handler gets; `nowMs` is database time. */
export type PersonCall = {
  person: Person;
  /** Null on pages of the person alone. */
  tenant: Membership | null;
  place: Place | null;
  /** What its address is below: the crumbs of each page begin with it. */
  above: readonly Crumb[];
  nowMs: number;
  request: Request;
};
export type TenantCall = PersonCall & { ctx: Ctx; tenant: Membership; place: Place };
export type ProjectCall = TenantCall & { project: Project };

/** A page, made only as far as it is asked for. */
export type View = PageFrame & {
  body(): JSX.Element;
  /** The parts that htmx may ask for, by their id. */
  parts?: Record<string, () => JSX.Element>;
  /** Parts of what this page was before: who still asks for one is sent to what it is now. */
  past?: readonly string[];
};

/**
 * What a form came to: off to another page, a part in place of what was sent, or a page in answer
 * to the form itself, for a secret that no address may lead to again.
 */
export type Outcome =
  | { goTo: string; toast?: Toast; cookies?: string[] }
  | { part: () => JSX.Element; toast?: Toast; elsewise: string }
  | { view: View };

type Input<Id extends string, Query extends z.ZodType> = { item?: Thing<Id>; query?: Query };
type Asked<Id, Query> = { id: Id; query: Query };

type RouteContext = { request: Request; params?: Record<string, string>; route?: string };
type Route = readonly [(context: RouteContext) => Promise<Response>, typeof routeOptions];
const routeOptions = { parse: 'none' as const, detail: { hide: true } };

/** `page.view(input, handler)` and `page.action(input, handler)`: the last arguments of a route. */
export function createPages(deps: PageDeps) {
  return {
    /** Of who is signed in, in whatever tenant or none. */
    person: pageKind(deps, openPerson),
    /** Of `/t/:tenant/…` */
    tenant: pageKind(deps, openTenantPage),
    /** Of `/t/:tenant/p/:project/…` */
    project: pageKind(deps, openProject),
  };
}

function pageKind<Call extends PersonCall>(
  deps: PageDeps,
  open: (deps: PageDeps, context: RouteContext, person: Person) => Promise<Call>,
) {
  const call = async <Id extends string, Query extends z.ZodType>(
    context: RouteContext,
    person: Person,
    input: Input<Id, Query>,
  ) => {
    const opened = await open(deps, context, person);
    const id = readId(input.item, context.params?.['id']);
    const query = input.query && readQuery(context.request, input.query);
    // Safe because what an input leaves out is `never` in its handler's type.
    return { ...opened, id, query } as Call & Asked<Id, z.output<Query>>;
  };
  return {
    view<Id extends string = never, Query extends z.ZodType = z.ZodNever>(
      input: Input<Id, Query>,
      handler: (call: Call & Asked<Id, z.output<Query>>) => Promise<View>,
    ): Route {
      return route(deps, async (context, person) => {
        const made = await call(context, person, input);
        return showView(deps, made, await handler(made));
      });
    },
    /** What is no page: a file, or the way to another address. */
    answer<Query extends z.ZodType = z.ZodNever>(
      input: { query?: Query },
      handler: (call: Call & { query: z.output<Query> }) => Promise<Response>,
    ): Route {
      return route(deps, async (context, person) => handler(await call(context, person, input)));
    },
    /** `refused` draws the page again with what was typed; left out, errors get their own page. */
    action<Id extends string = never, Form extends z.ZodType = z.ZodNever>(
      input: {
        item?: Thing<Id>;
        form?: Form;
        refused?: (call: Call & { id: Id }, draft: FormDraft) => Promise<View>;
      },
      handler: (call: Call & { id: Id; form: z.output<Form> }) => Promise<Outcome>,
    ): Route {
      return route(deps, async (context, person) => {
        const { item, form: schema, refused } = input;
        const made = await call(context, person, item === undefined ? {} : { item });
        const values = await readForm(context.request);
        try {
          const form = schema && parseForm(values, schema);
          // Safe as above.
          const formed = { ...made, form } as Call & { id: Id; form: z.output<Form> };
          return await showOutcome(deps, made, await handler(formed));
        } catch (error) {
          const again = error instanceof AppError && redrawn.has(error.code) ? error : null;
          if (again === null || refused === undefined) throw error;
          const view = await refused(made as Call & { id: Id }, draftOf(values, again));
          return showView(deps, made, view, problemKinds[again.code].status);
        }
      });
    },
  };
}

/** What a change of the form may cure. */
export const redrawn = new Set(['invalid', 'conflict']);

function route(
  deps: PageDeps,
  handle: (context: RouteContext, person: Person) => Promise<Response>,
): Route {
  const answer = async (context: RouteContext): Promise<Response> => {
    const { request } = context;
    try {
      if (request.method !== 'GET') deps.requireSameOrigin(request);
      const person = await deps.identifyPerson(request);
      if (person === null) return goTo(request, signInPath(request), []);
      return await handle(context, person);
    } catch (error) {
      return errorPage(deps, request, problemOf(deps.log, error, request, context.route));
    }
  };
  return [answer, routeOptions];
}

async function openPerson(
  pages: PageDeps,
  { request }: RouteContext,
  person: Person,
): Promise<PersonCall> {
  const nowMs = pages.deps.clock.databaseNow();
  return { person, request, nowMs, tenant: null, place: null, above: [] };
}

async function openTenant(
  pages: PageDeps,
  { request, params }: RouteContext,
  person: Person,
): Promise<TenantCall> {
  const ctx = pages.memberContext(request, person, params?.['tenant'] ?? '');
  const tenant = person.memberships.find(({ tenantId }) => tenantId === ctx.tenantId);
  if (tenant === undefined) throw notFoundHere();
  const nowMs = pages.deps.clock.databaseNow();
  const above = [{ name: tenant.name, href: tenantPath(tenant, '/projects') }];
  return { ...{ ctx, person, tenant, request, nowMs, above }, place: { tenant, project: null } };
}

async function openTenantPage(
  pages: PageDeps,
  context: RouteContext,
  person: Person,
): Promise<TenantCall> {
  const call = await openTenant(pages, context, person);
  const { ctx, tenant } = call;
  const slug = readLastProject(context.request, pages.deps.publicUrl(), tenant.slug);
  const project = slug === null ? null : await findLastProject(ctx, slug);
  return { ...call, place: { tenant, project } };
}

/** Null when it is gone: a cookie is only a memory. */
async function findLastProject(ctx: Ctx, slug: string): Promise<Project | null> {
  try {
    return await findProjectBySlug(ctx, slug);
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return null;
    throw error;
  }
}

async function openProject(
  pages: PageDeps,
  context: RouteContext,
  person: Person,
): Promise<ProjectCall> {
  const call = await openTenant(pages, context, person);
  const project = await findProjectBySlug(call.ctx, context.params?.['project'] ?? '');
  const place = { tenant: call.tenant, project };
  return { ...call, project, place, above: [{ name: project.name, href: projectPath(place) }] };
}

async function showView(
  deps: PageDeps,
  call: PersonCall,
  view: View,
  status = 200,
): Promise<Response> {
  const { request, person, tenant, place } = call;
  const wanted = wantedPart(request);
  if (wanted && view.past?.includes(wanted.id)) {
    return goTo(request, new URL(request.url).pathname, []);
  }
  const part = wanted && (view.parts?.[wanted.id] ?? view.body);
  if (part) return htmlResponse(await part(), { status });
  const publicUrl = deps.deps.publicUrl();
  const flash = readFlash(request, publicUrl);
  const { pathname, search } = new URL(request.url);
  const shell: Shell = {
    files: await deps.files(),
    theme: readTheme(request),
    hasSingleKeys: readSingleKeys(request, publicUrl),
    path: pathname + search,
    place,
    nowMs: call.nowMs,
    person: { name: person.name || person.email, role: tenant?.role ?? null },
    groups: listMenu(call),
    toasts: flash === null ? [] : [flash],
  };
  const { body, parts: _, past: __, ...own } = view;
  const frame = { ...own, crumbs: [...call.above, ...own.crumbs] };
  const html = await Layout({ shell, frame, children: body() });
  const cookies = flash === null ? [] : [droppedFlash(publicUrl)];
  if (place !== null && place.project !== null) {
    const { tenant: here, project } = place;
    if (readLastProject(request, publicUrl, here.slug) !== project.slug) {
      cookies.push(lastProjectCookie(publicUrl, here, project));
    }
  }
  return htmlResponse(html, { status, cookies });
}

/** What this reader may open from where they are. */
export function listMenu({ place, tenant }: PersonCall): Shell['groups'] {
  const granted = tenant === null ? [] : scopesOf(tenant.role);
  return place === null ? [] : listEntries(place, (scope) => allows(granted, scope));
}

async function showOutcome(deps: PageDeps, call: PersonCall, outcome: Outcome): Promise<Response> {
  if ('view' in outcome) return showView(deps, call, outcome.view);
  const { request } = call;
  const { toast } = outcome;
  const cookies = toast === undefined ? [] : [flashCookie(deps.deps.publicUrl(), toast)];
  if ('goTo' in outcome) {
    return goTo(request, outcome.goTo, [...cookies, ...(outcome.cookies ?? [])]);
  }
  // Without script a part has nowhere to go: the page that it is of is shown instead.
  if (wantedPart(request) === null) return goTo(request, outcome.elsewise, cookies);
  const headers = toast === undefined ? {} : { 'hx-trigger': toastTrigger(toast) };
  return htmlResponse(await outcome.part(), { headers });
}
