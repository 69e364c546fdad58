/** All pages: one line for each feature. */
import { Elysia } from 'elysia';
import { deliveryPages } from './deliveries.ts';
import { endpointPages } from './endpoint.ts';
import { endpointActions } from './endpoint-actions.ts';
import { endpointListPage } from './endpoints.ts';
import { homePage } from './home.ts';
import { invitationPages } from './invitation.ts';
import { overviewPages } from './overview.ts';
import type { PageDeps } from './page.ts';
import { passwordResetPages } from './password-reset.ts';
import { projectPages } from './projects.ts';
import { replayPages } from './replays.ts';
import { signInPages } from './sign-in.ts';
import { signUpPages } from './sign-up.ts';
import { singleSignOnPages } from './single-sign-on.ts';
import { sourcePages } from './sources.ts';
import { teamPages } from './team.ts';
import { themeRoutes } from './theme.ts';

export function pageRoutes(deps: PageDeps) {
  return new Elysia()
    .use(homePage(deps))
    .use(signInPages(deps))
    .use(singleSignOnPages(deps))
    .use(signUpPages(deps))
    .use(passwordResetPages(deps))
    .use(invitationPages(deps))
    .use(themeRoutes(deps))
    .use(projectPages(deps))
    .use(teamPages(deps))
    .use(overviewPages(deps))
    .use(deliveryPages(deps))
    .use(endpointListPage(deps))
    .use(endpointPages(deps))
    .use(endpointActions(deps))
    .use(replayPages(deps))
    .use(sourcePages(deps));
}
