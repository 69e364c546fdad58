/**
 * /t/{tenant}/settings/security and /account, the same pages for who is in no tenant; and
 * /tenants/new, another tenant for who is signed in.
 */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { EndSessions, NewPassword, NewTenant } from '../../../views/account-forms.tsx';
import { emptyDraft, type FormDraft } from '../../../views/components/form.tsx';
import { accountPath, tenantPath } from '../../../views/navigation.ts';
import { AppError } from '../../domain/errors.ts';
import type { SessionId } from '../../domain/ids.ts';
import { changePassword } from '../../usecases/people/change-password.ts';
import { createTenant, mayCreateTenant } from '../../usecases/people/create-tenant.ts';
import { listSessions } from '../../usecases/people/list-sessions.ts';
import type { Person } from '../../usecases/people/person.ts';
import { renamePerson } from '../../usecases/people/rename-person.ts';
import { revokeSession, signOutEverywhere } from '../../usecases/people/sign-out.ts';
import { browserOf } from '../identify-person.ts';
import { endedSessionCookie } from '../session-cookie.ts';
import { accountFrame, accountView, type PersonPages } from './account-frame.ts';
import { keyboardRoutes } from './account-keyboard.ts';
import { secondFactorRoutes } from './account-second-factor.ts';
import { textField } from './entry.ts';
import { createPages, type Outcome, type PageDeps, type PersonCall, type View } from './page.ts';

const noForm = z.object({});

export function accountPages(deps: PageDeps) {
  const { tenant, person } = createPages(deps);
  return new Elysia()
    .use(accountRoutes(deps, tenant, '/t/:tenant/settings/security'))
    .use(accountRoutes(deps, person, '/account'))
    .use(newTenantPages(deps));
}

function accountRoutes(deps: PageDeps, pages: PersonPages, prefix: string) {
  const back = ({ tenant }: PersonCall, title: string): Outcome => ({
    ...{ goTo: accountPath(tenant), toast: { tone: 'ok', title } },
  });
  return new Elysia({ prefix })
    .get('', ...pages.view({}, (call) => accountView(deps, call)))
    .post(
      '/name',
      ...pages.action(
        {
          form: z.object({ name: textField }),
          refused: (call, draft) => accountView(deps, call, { draft }),
        },
        async (call) => {
          await renamePerson(deps.people, call.person, call.form);
          return back(call, 'Name saved');
        },
      ),
    )
    .get('/password', ...pages.view({}, async (call) => passwordView(call)))
    .post(
      '/password',
      ...pages.action(
        {
          form: z.object({ currentPassword: textField, newPassword: textField }),
          refused: async (call, draft) => passwordView(call, draft),
        },
        async (call) => {
          await changePassword(deps.people, call.person, call.form, browserOf(call.request));
          return back(call, 'Password changed, other sessions ended');
        },
      ),
    )
    .use(keyboardRoutes(deps, pages))
    .use(sessionRoutes(deps, pages, back))
    .use(secondFactorRoutes(deps, pages));
}

function sessionRoutes(
  deps: PageDeps,
  pages: PersonPages,
  back: (call: PersonCall, title: string) => Outcome,
) {
  return new Elysia({ prefix: '/sessions' })
    .post(
      '/end',
      ...pages.action({ form: z.object({ id: z.uuid() }) }, async (call) => {
        // Safe because the use case looks for it among the person's own.
        const isEnded = await endSession(deps, call.person, call.form.id as SessionId);
        return back(call, isEnded ? 'Session ended' : 'The session had ended already');
      }),
    )
    .get(
      '/end-all',
      ...pages.view({}, async (call) => {
        const { length } = await listSessions(deps.people, call.person);
        const path = accountPath(call.tenant);
        const title = length === 1 ? 'Sign out everywhere' : `End all ${length} sessions`;
        return {
          ...accountFrame(call, title),
          body: () => EndSessions({ title, path }),
        };
      }),
    )
    .post(
      '/end-all',
      ...pages.action({ form: noForm }, async ({ person, request }) => {
        await signOutEverywhere(deps.people, person, browserOf(request));
        return { goTo: '/sign-in', cookies: [endedSessionCookie(deps.deps.publicUrl())] };
      }),
    );
}

/** False when it was over: two tabs may ask for the same. */
async function endSession(deps: PageDeps, person: Person, id: SessionId): Promise<boolean> {
  try {
    await revokeSession(deps.people, person, id);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return false;
    throw error;
  }
}

function passwordView(call: PersonCall, draft: FormDraft = emptyDraft): View {
  const path = accountPath(call.tenant);
  const email = call.person.email;
  return {
    ...accountFrame(call, 'Change password'),
    body: () => NewPassword({ path, draft, email }),
  };
}

function newTenantPages(deps: PageDeps) {
  const { person } = createPages(deps);
  return new Elysia({ prefix: '/tenants/new' })
    .get('', ...person.view({}, async (call) => newTenantView(deps, call)))
    .post(
      '',
      ...person.action(
        {
          form: z.object({ name: textField }),
          refused: async (call, draft) => newTenantView(deps, call, draft),
        },
        async ({ person: owner, form, request }) => {
          const { slug } = await createTenant(deps.people, owner, form, browserOf(request));
          const toast = { tone: 'ok', title: 'Tenant created', text: form.name.trim() } as const;
          return { goTo: tenantPath({ slug }, '/projects'), toast };
        },
      ),
    );
}

function newTenantView(deps: PageDeps, call: PersonCall, draft: FormDraft = emptyDraft): View {
  const isOpen = mayCreateTenant(deps.people);
  return {
    ...accountFrame(call, 'New tenant'),
    body: () => NewTenant({ draft, isOpen }),
  };
}
