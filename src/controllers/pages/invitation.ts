/** /invitation?token=…: joins who is signed in as the invited, or makes their account. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import type { FormDraft } from '../../../views/components/form.tsx';
import { formatDate } from '../../../views/components/format.ts';
import { EntryMessage } from '../../../views/entry.tsx';
import { Invitation, type InvitationProps } from '../../../views/invitation.tsx';
import { tenantPath } from '../../../views/navigation.ts';
import {
  acceptInvitation,
  readInvitation,
  signUpInvited,
} from '../../usecases/people/accept-invitation.ts';
import type { Person } from '../../usecases/people/person.ts';
import {
  createEntries,
  type EntryCall,
  type EntryOutcome,
  type EntryView,
  textField,
} from './entry.ts';
import type { PageDeps } from './page.ts';
import { signInNext } from './sign-in-path.ts';
import { singleSignOnHref } from './single-sign-on-href.ts';

export function invitationPages(deps: PageDeps) {
  const { view, action } = createEntries(deps);
  return new Elysia().get('/invitation', ...view((call) => invitationView(deps, call))).post(
    '/invitation',
    ...action(
      {
        form: z.object({ name: textField, password: textField }),
        refused: (call, draft) => invitationView(deps, call, draft),
      },
      async ({ person, form, token, browser }) => {
        if (person !== null) {
          const { tenantSlug } = await acceptInvitation(deps.people, person, token, browser);
          const toast = { tone: 'ok', title: 'You are in', text: tenantSlug } as const;
          return { goTo: tenantPath({ slug: tenantSlug }, '/projects'), toast };
        }
        const { tenantSlug } = await signUpInvited(deps.people, { ...form, token }, browser);
        return signInNext(invitationPath(token, tenantSlug));
      },
    ),
  );
}

async function invitationView(
  deps: PageDeps,
  { token, person, request }: EntryCall,
  draft?: FormDraft,
): Promise<EntryView | EntryOutcome> {
  const offer = await readInvitation(deps.people, token);
  const joined = new URL(request.url).searchParams.get('tenant');
  const own = person?.memberships.find(({ slug }) => slug === joined);
  if (offer === null) return own ? { goTo: tenantPath(own, '/projects') } : goneView();
  const { tenantName, tenantSlug, invitedBy, role, email } = offer;
  const path = invitationPath(token, tenantSlug);
  const props: InvitationProps = {
    ...{ token, path, tenantName, invitedBy, role, email },
    way: wayOf(offer, person),
    signedInAs: person?.email ?? '',
    singleSignOnHref: singleSignOnHref(deps, { token, next: path }),
    ...(draft === undefined ? {} : { draft }),
  };
  return {
    title: `Join ${tenantName}`,
    body: () => Invitation(props),
    note: () => `The invitation ends on ${formatDate(offer.expiresAt.toISOString())}`,
  };
}

/** Names the tenant, too: who comes back here and has joined meanwhile goes on to it. */
const invitationPath = (token: string, tenant: string) =>
  `/invitation?${new URLSearchParams({ token, tenant })}`;

function wayOf(offer: { email: string }, person: Person | null): InvitationProps['way'] {
  if (person === null) return 'outside';
  return person.email === offer.email ? 'join' : 'other';
}

function goneView(): EntryView {
  const title = 'This invitation does not count any more';
  const text = 'It was accepted, withdrawn or is too old: ask whoever invited you for a new one.';
  const actions = [{ label: 'Sign in', href: '/sign-in' }];
  return {
    title: 'Invitation',
    status: 404,
    body: () => EntryMessage({ title, text, actions }),
  };
}
