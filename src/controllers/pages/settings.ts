/** /t/{tenant}/settings leads on to the first part of the settings that the reader may see. */
import { Elysia } from 'elysia';
import { tenantPath } from '../../../views/navigation.ts';
import { listSettings, type SettingsReader } from '../../../views/settings.tsx';
import { scopesOf } from '../../domain/roles.ts';
import { allows } from '../../domain/scopes.ts';
import type { Membership } from '../../usecases/people/person.ts';
import { notFoundHere } from '../problem.ts';
import { goTo } from './answers.ts';
import { createPages, type PageDeps } from './page.ts';

export function settingsRoute(deps: PageDeps) {
  const { tenant } = createPages(deps);
  return new Elysia().get(
    '/t/:tenant/settings',
    ...tenant.answer({}, async ({ tenant: here, request }) => {
      const [first] = listSettings(settingsReader(here));
      if (first === undefined) throw notFoundHere();
      return goTo(request, first.href, []);
    }),
  );
}

/** Who asks, for the tabs. */
export function settingsReader(tenant: Membership): SettingsReader {
  const granted = scopesOf(tenant.role);
  return { tenant, may: (scope) => allows(granted, scope) };
}

/** What stands above the title of each part, below the tenant. */
export function settingsCrumbs(tenant: Membership) {
  return [{ name: 'Settings', href: tenantPath(tenant, '/settings') }];
}
