/** /t/{tenant}/settings/team: members and their roles, invitations. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { FormPage } from '../../../views/components/dialog.tsx';
import type { FormDraft } from '../../../views/components/form.tsx';
import { tenantPath } from '../../../views/navigation.ts';
import { roleWords } from '../../../views/roles.ts';
import { Team, type TeamMember, type TeamProps } from '../../../views/team.tsx';
import type { InvitationId, UserId } from '../../domain/ids.ts';
import { type Role, roles, scopesOf } from '../../domain/roles.ts';
import { allows, type Scope } from '../../domain/scopes.ts';
import { changeMember, removeMember } from '../../usecases/people/change-member.ts';
import {
  createInvitation,
  listInvitations,
  revokeInvitation,
} from '../../usecases/people/invite.ts';
import { findMember, listMembers } from '../../usecases/people/list-members.ts';
import { invitationInput, type Member, memberChanges } from '../../usecases/people/schemas.ts';
import { thing } from '../api/operation.ts';
import { createPages, type PageDeps, type TenantCall, type View } from './page.ts';
import { settingsCrumbs } from './settings.ts';

/** More than a team has; the API pages through all. */
const membersMax = 200;
/** As many as may be open. */
const invitationsMax = 200;
const member = thing<UserId>('member');
const noForm = z.object({});

export function teamPages(deps: PageDeps) {
  const { tenant } = createPages(deps);
  const pathOf = (call: TenantCall) => tenantPath(call.tenant, '/settings/team');
  return new Elysia({ prefix: '/t/:tenant/settings/team' })
    .get('', ...tenant.view({ query: z.strictObject({}) }, (call) => teamView(call)))
    .use(invitationActions(deps))
    .post(
      '/:id/role',
      ...tenant.action({ item: member, form: memberChanges }, async (call) => {
        const { name } = await changeMember(call.ctx, call.id, call.form);
        const text = `${name} is ${roleWords[call.form.role].label.toLowerCase()} now`;
        return { goTo: pathOf(call), toast: { tone: 'ok', title: 'Role changed', text } };
      }),
    )
    .get(
      '/:id/remove',
      ...tenant.view({ item: member }, async (call) =>
        removeView(call, await findMember(call.ctx, call.id)),
      ),
    )
    .post(
      '/:id/remove',
      ...tenant.action({ item: member, form: noForm }, async (call) => {
        await removeMember(call.ctx, call.id);
        const isSelf = call.id === call.person.userId;
        const toast = { tone: 'ok', title: isSelf ? 'You left' : 'Member removed' } as const;
        return { goTo: isSelf ? '/' : pathOf(call), toast };
      }),
    );
}

function invitationActions(deps: PageDeps) {
  const { tenant } = createPages(deps);
  return new Elysia()
    .post(
      '/invitations',
      ...tenant.action(
        { form: invitationInput, refused: (call, draft) => teamView(call, { draft }) },
        async (call) => {
          const made = await createInvitation(call.ctx, call.form);
          return { view: await teamView(call, { made }) };
        },
      ),
    )
    .post(
      '/invitations/:id/revoke',
      ...tenant.action(
        { item: thing<InvitationId>('invitation'), form: noForm },
        async ({ ctx, id, tenant: here }) => {
          await revokeInvitation(ctx, id);
          const toast = { tone: 'ok', title: 'Invitation withdrawn' } as const;
          return { goTo: tenantPath(here, '/settings/team'), toast };
        },
      ),
    );
}

async function teamView(
  { ctx, tenant, person, nowMs }: TenantCall,
  shown: { made?: TeamProps['made'] & object; draft?: FormDraft } = {},
): Promise<View> {
  const [members, invitations] = await Promise.all([
    listMembers(ctx, { limit: membersMax }),
    listInvitations(ctx, { limit: invitationsMax }),
  ]);
  const may = (scope: Scope) => allows(scopesOf(tenant.role), scope);
  const mayInvite = may('members:write');
  const list = members.data
    .map(
      (one): TeamMember => ({
        ...one,
        isSelf: one.id === person.userId,
        grantable: mayInvite ? grantable(tenant.role, one.role) : [],
      }),
    )
    .sort((a, b) => roles.indexOf(a.role) - roles.indexOf(b.role));
  const props: TeamProps = {
    ...{ tenant, members: list, mayInvite, may, nowMs, ...shown },
    path: tenantPath(tenant, '/settings/team'),
    sentence: sentenceOf(list),
    hasMore: members.nextCursor !== null,
    invitations: invitations.data,
  };
  return {
    title: 'Team',
    nav: 'settings',
    crumbs: settingsCrumbs(tenant),
    body: () => Team(props),
  };
}

/** As the use case decides: owners alone make owners, and change them. */
function grantable(own: Role, of: Role): readonly Role[] {
  if (own === 'owner') return roles;
  return of === 'owner' ? [] : roles.filter((role) => role !== 'owner');
}

function sentenceOf(members: readonly TeamMember[]): string {
  const count = members.length === 1 ? 'Just you' : `${members.length} people`;
  const without = members.filter(({ secondFactor }) => !secondFactor).length;
  if (without === 0) return `${count}, all with a second factor.`;
  return members.length === 1
    ? `${count}, without a second factor.`
    : `${count}, ${without} of them without a second factor.`;
}

function removeView({ tenant, person }: TenantCall, { id, name, email }: Member): View {
  const list = tenantPath(tenant, '/settings/team');
  const isSelf = id === person.userId;
  const title = isSelf ? `Leave ${tenant.name}?` : `Remove ${name}?`;
  const text = isSelf
    ? 'You lose access at once. An owner or admin can invite you again.'
    : `${email} loses access to ${tenant.name} at once. Keys that they made keep working.`;
  return {
    title,
    nav: 'settings',
    crumbs: [...settingsCrumbs(tenant), { name: 'Team', href: list }],
    body: () =>
      FormPage({
        ...{ title, text, cancelHref: list, action: `${list}/${id}/remove` },
        submit: isSelf ? 'Leave' : `Remove ${name}`,
        variant: 'destructive',
      }),
  };
}
