/**
 * A person's own page: name, second factor, password, sessions, tenants. It stands twice, as a tab
 * of a tenant's settings and, for who is in no tenant, at /account; the forms lead back to where
 * they were sent from.
 */
import { Account, type SecondFactorState } from '../../../views/account.tsx';
import { emptyDraft, type FormDraft } from '../../../views/components/form.tsx';
import { accountPath, tenantPath } from '../../../views/navigation.ts';
import { mayCreateTenant } from '../../usecases/people/create-tenant.ts';
import { listSessions, type SessionView } from '../../usecases/people/list-sessions.ts';
import { readSecurity } from '../../usecases/people/second-factor.ts';
import { deviceOf } from './device-words.ts';
import type { createPages, PageDeps, PersonCall, View } from './page.ts';
import { settingsCrumbs, settingsReader } from './settings.ts';

/** The two kinds of pages that it is made of. */
export type PersonPages = ReturnType<typeof createPages>['person' | 'tenant'];

/** What a form of the page came to: errors of one of its forms, or a step of the second factor. */
type Shown = { draft?: FormDraft; setup?: SecondFactorState };

export async function accountView(
  deps: PageDeps,
  call: PersonCall,
  shown: Shown = {},
): Promise<View> {
  const { person, tenant, nowMs } = call;
  const [security, sessions] = await Promise.all([
    readSecurity(deps.people, person),
    listSessions(deps.people, person),
  ]);
  const secondFactor = shown.setup ?? secondFactorOf(security);
  const props = {
    ...{ secondFactor, nowMs, draft: shown.draft ?? emptyDraft },
    path: accountPath(tenant),
    settings: tenant === null ? null : settingsReader(tenant),
    person: { name: person.name, email: person.email },
    passwordChangedAt: security.passwordChangedAt?.toISOString() ?? null,
    sessions: sessions.map(toLine).sort((a, b) => Number(b.isThisOne) - Number(a.isThisOne)),
    tenants: person.memberships.map(({ name, slug, role }) => ({
      ...{ name, role, isHere: slug === tenant?.slug },
      href: tenantPath({ slug }, '/projects'),
    })),
    newTenantHref: mayCreateTenant(deps.people) ? '/tenants/new' : null,
  };
  return { ...accountFrame(call, 'Security'), body: () => Account(props) };
}

/** Title and crumbs of the page and of those below it. */
export function accountFrame({ tenant }: PersonCall, title: string): Omit<View, 'body'> {
  const above = title === 'Security' ? [] : [{ name: 'Security', href: accountPath(tenant) }];
  if (tenant === null) return { title, nav: null, crumbs: above };
  return { title, nav: 'settings', crumbs: [...settingsCrumbs(tenant), ...above] };
}

function secondFactorOf(security: Awaited<ReturnType<typeof readSecurity>>): SecondFactorState {
  const { secondFactorSince, passwordChangedAt, recoveryCodesLeft } = security;
  if (secondFactorSince !== null) {
    return { step: 'on', since: secondFactorSince.toISOString(), codesLeft: recoveryCodesLeft };
  }
  return { step: passwordChangedAt === null ? 'elsewhere' : 'password' };
}

function toLine(session: SessionView) {
  const { id, isThisOne, remoteAddress, createdAt, lastSeenAt, userAgent } = session;
  return {
    ...{ id, isThisOne, remoteAddress, ...deviceOf(userAgent) },
    createdAt: createdAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
  };
}
