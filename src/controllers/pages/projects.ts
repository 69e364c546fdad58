/** /t/{tenant}/projects */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { projectPath, tenantPath } from '../../../views/navigation.ts';
import {
  NewProject,
  type ProjectCard,
  type ProjectState,
  Projects,
} from '../../../views/projects.tsx';
import { scopesOf } from '../../domain/roles.ts';
import { allows } from '../../domain/scopes.ts';
import { mayCreateTenant } from '../../usecases/people/create-tenant.ts';
import type { Membership } from '../../usecases/people/person.ts';
import { createProject } from '../../usecases/projects/create-project.ts';
import { listProjectHealth, type ProjectDay } from '../../usecases/projects/list-project-health.ts';
import { listProjects } from '../../usecases/projects/list-projects.ts';
import { type Project, projectInput } from '../../usecases/projects/schemas.ts';
import { createPages, type PageDeps, type View } from './page.ts';

/** More than anybody looks through; the API pages through all. */
const projectsMax = 200;
/** Below it a day's success is shown as a warning. */
const lowRatio = 0.995;

const stateOrder: readonly ProjectState[] = ['attention', 'failing', 'healthy', 'quiet', 'new'];
const noQuery = z.strictObject({});

export function projectPages(deps: PageDeps) {
  const { tenant } = createPages(deps);
  return new Elysia({ prefix: '/t/:tenant/projects' })
    .get(
      '',
      ...tenant.view({ query: noQuery }, async ({ ctx, tenant: here, place, person, nowMs }) => {
        const [{ data }, dayOf] = await Promise.all([
          listProjects(ctx, { limit: projectsMax }),
          listProjectHealth(ctx),
        ]);
        const cards = data
          .map((project) => ({
            ...toCard(here, project, dayOf(project.id)),
            isHere: place?.project?.slug === project.slug,
          }))
          .sort((a, b) => stateOrder.indexOf(a.state) - stateOrder.indexOf(b.state));
        const mayMake = allows(scopesOf(here.role), 'projects:write');
        const others = person.memberships
          .filter(({ tenantId }) => tenantId !== here.tenantId)
          .map((other) => ({ name: other.name, href: tenantPath(other, '/projects') }));
        return {
          title: 'Projects',
          nav: 'projects',
          crumbs: [],
          body: () =>
            Projects({
              ...{ cards, others, nowMs },
              newTenantHref: mayCreateTenant(deps.people) ? '/tenants/new' : null,
              sentence: sentenceOf(cards),
              newHref: mayMake ? tenantPath(here, '/projects/new') : null,
            }),
        };
      }),
    )
    .get('/new', ...tenant.view({}, async ({ tenant: here }) => newProjectView(here)))
    .post(
      '/new',
      ...tenant.action(
        {
          form: projectInput,
          refused: async ({ tenant: here }, draft) => newProjectView(here, draft),
        },
        async ({ ctx, tenant: here, form }) => {
          const project = await createProject(ctx, form);
          const toast = { tone: 'ok', title: 'Project created', text: project.name } as const;
          return { goTo: projectPath({ tenant: here, project }), toast };
        },
      ),
    );
}

function newProjectView(
  tenant: Membership,
  draft?: Parameters<typeof NewProject>[0]['draft'],
): View {
  const list = tenantPath(tenant, '/projects');
  return {
    title: 'New project',
    nav: 'projects',
    crumbs: [{ name: 'Projects', href: list }],
    body: () =>
      NewProject({
        action: `${list}/new`,
        cancelHref: list,
        ...(draft === undefined ? {} : { draft }),
      }),
  };
}

function toCard(
  tenant: Membership,
  project: Project,
  day: ProjectDay,
): Omit<ProjectCard, 'isHere'> {
  const { health, totals, series } = day;
  const { successRatio } = totals;
  return {
    name: project.name,
    href: projectPath({ tenant, project }),
    state: stateOf(day),
    endpoints: health.endpoints,
    breakersOpen: health.breakersOpen,
    failing: health.failing,
    stopped: health.stopped,
    pending: health.pending,
    delivered: totals.delivered,
    successRatio,
    isLow: successRatio !== null && successRatio < lowRatio,
    series: series.map(({ figures }) => figures.delivered + figures.failed),
    lastDeliveryAt: health.lastDeliveryAt,
  };
}

function stateOf({ health, totals }: ProjectDay): ProjectState {
  if (health.breakersOpen > 0) return 'attention';
  if (health.failing > 0) return 'failing';
  if (totals.attempts > 0) return 'healthy';
  return health.lastDeliveryAt === null && health.pending === 0 ? 'new' : 'quiet';
}

/** The worst by name, so that the sentence alone tells where to go. */
function sentenceOf(cards: readonly ProjectCard[]): string {
  const rest = 'Each project has its own keys, endpoints and events.';
  const named = (state: ProjectState, words: string) => {
    const [first, ...others] = cards.filter((card) => card.state === state);
    if (first === undefined) return [];
    if (others.length === 0) return [`${first.name} ${words}`];
    return [`${first.name} and ${others.length} more ${words.replace(/s\b/, '')}`];
  };
  const worst = [...named('attention', 'needs attention'), ...named('failing', 'fails in part')];
  return worst.length === 0 ? rest : `${worst.join(', ')}. ${rest}`;
}
