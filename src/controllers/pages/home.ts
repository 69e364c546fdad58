/** `/` leads on: to the only project, the projects of the first tenant, or to sign in. */
import { Elysia } from 'elysia';
import { EntryMessage, SignOutForm } from '../../../views/entry.tsx';
import { accountPath, projectPath, tenantPath } from '../../../views/navigation.ts';
import { mayCreateTenant } from '../../usecases/people/create-tenant.ts';
import type { Person } from '../../usecases/people/person.ts';
import { listProjects } from '../../usecases/projects/list-projects.ts';
import { createEntries, type EntryView } from './entry.ts';
import type { PageDeps } from './page.ts';
import { signInPath } from './sign-in-path.ts';

export function homePage(deps: PageDeps) {
  const { view } = createEntries(deps);
  return new Elysia().get(
    '/',
    ...view(async ({ person, request }) => {
      if (person === null) return { goTo: signInPath(request) };
      const [tenant] = person.memberships;
      if (tenant === undefined) return alone(deps, person);
      const ctx = deps.memberContext(request, person, tenant.slug);
      const { data } = await listProjects(ctx, { limit: 2 });
      const [project, another] = data;
      const isOnly = project !== undefined && another === undefined;
      return { goTo: isOnly ? projectPath({ tenant, project }) : tenantPath(tenant, '/projects') };
    }),
  );
}

/** Who was the member of one tenant and is not any more still has an account. */
function alone({ people }: PageDeps, { email }: Person): EntryView {
  const title = 'You are in no tenant';
  const text = `${email} has an account here and belongs to nothing: ask for an invitation.`;
  const actions = [
    ...(mayCreateTenant(people) ? [{ label: 'Make a tenant', href: '/tenants/new' }] : []),
    { label: 'Your account', href: accountPath(null) },
  ];
  const children = SignOutForm({ next: '/', label: 'Sign out' });
  return { title, body: () => EntryMessage({ title, text, actions, children }) };
}
