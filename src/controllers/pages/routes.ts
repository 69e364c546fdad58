/** All pages: one line for each feature. */
import { Elysia } from 'elysia';
import { tenantPath } from '../../../views/navigation.ts';
import { problemOf } from '../answer-error.ts';
import { notFoundHere } from '../problem.ts';
import { goTo } from './answers.ts';
import { deliveryPages } from './deliveries.ts';
import { deliveryPage } from './delivery.ts';
import { endpointPages } from './endpoint.ts';
import { endpointActions } from './endpoint-actions.ts';
import { endpointEditPages } from './endpoint-edit.ts';
import { endpointListPage } from './endpoints.ts';
import { errorPage } from './error-page.ts';
import { overviewPages } from './overview.ts';
import type { PageDeps } from './page.ts';
import { projectPages } from './projects.ts';
import { replayPages } from './replays.ts';
import { signInPath } from './sign-in-path.ts';
import { sourcePages } from './sources.ts';
import { themeRoutes } from './theme.ts';

export function pageRoutes(deps: PageDeps) {
  return new Elysia()
    .use(homeRoute(deps))
    .use(themeRoutes(deps))
    .use(projectPages(deps))
    .use(overviewPages(deps))
    .use(deliveryPages(deps))
    .use(endpointListPage(deps))
    .use(endpointEditPages(deps))
    .use(endpointPages(deps))
    .use(endpointActions(deps))
    .use(replayPages(deps))
    .use(sourcePages(deps))
    .use(deliveryPage(deps));
}

/** `/` leads on to the first tenant's projects. */
function homeRoute(deps: PageDeps) {
  return new Elysia().get('/', async ({ request, route }) => {
    try {
      const person = await deps.identifyPerson(request);
      if (person === null) return goTo(request, signInPath(request), []);
      const [first] = person.memberships;
      if (first === undefined) throw notFoundHere();
      return goTo(request, tenantPath(first, '/projects'), []);
    } catch (error) {
      return errorPage(deps, request, problemOf(deps.log, error, request, route));
    }
  });
}
