/** All pages: one line for each feature. */
import { Elysia } from 'elysia';
import { accountPages } from './account.ts';
import { auditPages } from './audit.ts';
import { deliveryPages } from './deliveries.ts';
import { deliveryPage } from './delivery.ts';
import { endpointPages } from './endpoint.ts';
import { endpointActions } from './endpoint-actions.ts';
import { endpointEditPages } from './endpoint-edit.ts';
import { endpointListPage } from './endpoints.ts';
import { eventPage } from './event.ts';
import { eventsPages } from './events.ts';
import { firstRunPages } from './first-run.ts';
import { homePage } from './home.ts';
import { invitationPages } from './invitation.ts';
import { keyFormPages } from './key-form.ts';
import { keyPages } from './keys.ts';
import { livePages } from './live.ts';
import { overviewPages } from './overview.ts';
import type { PageDeps } from './page.ts';
import { passwordResetPages } from './password-reset.ts';
import { portalPages } from './portal.ts';
import { portalSettingPages } from './portal-settings.ts';
import { projectPages } from './projects.ts';
import { replayPages } from './replays.ts';
import { settingsRoute } from './settings.ts';
import { signInPages } from './sign-in.ts';
import { signUpPages } from './sign-up.ts';
import { singleSignOnPages } from './single-sign-on.ts';
import { sourcePages } from './sources.ts';
import { teamPages } from './team.ts';
import { themeRoutes } from './theme.ts';
import { usagePages } from './usage.ts';

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
    .use(settingsRoute(deps))
    .use(keyPages(deps))
    .use(keyFormPages(deps))
    .use(accountPages(deps))
    .use(auditPages(deps))
    .use(usagePages(deps))
    .use(livePages(deps))
    .use(overviewPages(deps))
    .use(firstRunPages(deps))
    .use(deliveryPages(deps))
    .use(endpointListPage(deps))
    .use(endpointEditPages(deps))
    .use(endpointPages(deps))
    .use(endpointActions(deps))
    .use(replayPages(deps))
    .use(sourcePages(deps))
    .use(portalPages(deps))
    .use(portalSettingPages(deps))
    .use(deliveryPage(deps))
    .use(eventsPages(deps))
    .use(eventPage(deps));
}
