/** Who is in a tenant, who is invited, and what each role may do. */
import { type Role, roles } from '../src/domain/roles.ts';
import type { Scope } from '../src/domain/scopes.ts';
import { Button, LinkButton } from './components/button.tsx';
import { Choices, emptyDraft, type FormDraft, FormNotice, TextField } from './components/form.tsx';
import { Icon } from './components/icon.tsx';
import { PageHead, Panel } from './components/panel.tsx';
import { NewSecret } from './components/secret.tsx';
import { Glyph, Mark } from './components/state.tsx';
import { Table } from './components/table.tsx';
import { Ago, Avatar, Until } from './components/text.tsx';
import { roleRights, roleWords } from './roles.ts';
import { SettingsTabs } from './settings.tsx';

export type TeamMember = {
  id: string;
  name: string;
  email: string;
  role: Role;
  secondFactor: boolean;
  createdAt: string;
  isSelf: boolean;
  /** The roles that the reader may give; none when they may not change this member. */
  grantable: readonly Role[];
};

export type TeamInvitation = {
  id: string;
  email: string;
  role: Role;
  invitedBy: string | null;
  createdAt: string;
  expiresAt: string;
};

export type TeamProps = {
  tenant: { slug: string; name: string };
  path: string;
  sentence: string;
  members: readonly TeamMember[];
  /** Whether there are more than are shown. */
  hasMore: boolean;
  invitations: readonly TeamInvitation[];
  mayInvite: boolean;
  may(scope: Scope): boolean;
  nowMs: number;
  /** Of an invitation that was just made. */
  made?: { email: string; link: string; mailed: boolean };
  /** An invitation that was refused. */
  draft?: FormDraft;
};

export function Team(props: TeamProps) {
  const { tenant, path, sentence, mayInvite, may, made } = props;
  return (
    <>
      <PageHead title="Team" sentence={sentence} />
      <SettingsTabs tenant={tenant} current="team" may={may} />
      {made === undefined ? null : (
        <NewSecret
          title={
            made.mailed
              ? `The invitation is on its way to ${made.email}; this is its link, shown only now`
              : `No mail is sent here: hand this link to ${made.email}, it is shown only now`
          }
          text={made.link}
          what="link"
          doneHref={path}
        />
      )}
      <Members {...props} />
      <div class="grid items-start gap-5 xl:grid-cols-2">
        {mayInvite ? <Invite {...props} /> : null}
        <div class="flex flex-col gap-5">
          <Invitations {...props} />
          <RoleTable />
        </div>
      </div>
    </>
  );
}

function Members({ members, path, hasMore, nowMs }: TeamProps) {
  const columns = [
    { name: 'Person' },
    { name: 'Second factor' },
    { name: 'Role' },
    { name: 'Since', number: true },
    { name: '' },
  ];
  return (
    <Panel
      title="Members"
      flush
      footer={
        <span>
          {hasMore ? 'More are listed by the API. ' : ''}
          Each use case asks for the role, for pages and the API alike. The last owner cannot leave.
        </span>
      }
    >
      <Table columns={columns} label="Members">
        {members.map((member) => (
          <tr>
            <td class="c-main w-full max-w-0">
              <span class="flex items-center gap-3">
                <Avatar name={member.name} />
                <span class="min-w-0">
                  <span class="block truncate font-medium">
                    <span safe>{member.name}</span>
                    {member.isSelf ? <span class="count ml-1">you</span> : null}
                  </span>
                  <span class="block truncate text-xs text-muted-foreground" safe>
                    {member.email}
                  </span>
                </span>
              </span>
            </td>
            <td class="max-sm:pl-10!">
              <span class="st">
                <Glyph name={member.secondFactor ? 'ok' : 'warn'} />
                {member.secondFactor ? 'Authenticator app' : 'Off'}
              </span>
            </td>
            <td class="c-state">
              <RoleOf member={member} path={path} />
            </td>
            <td class="r text-muted-foreground max-sm:hidden!">
              <Ago at={member.createdAt} nowMs={nowMs} />
            </td>
            <td class="r">
              {member.isSelf || member.grantable.length > 0 ? (
                <LinkButton
                  label={member.isSelf ? 'Leave' : 'Remove'}
                  size="xs"
                  href={`${path}/${member.id}/remove`}
                />
              ) : null}
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

/** Script saves on change; without it there is a button. */
function RoleOf({ member, path }: { member: TeamMember; path: string }) {
  const { role, grantable, name, id } = member;
  if (grantable.length === 0) return <span safe>{roleWords[role].label}</span>;
  const action = `${path}/${id}/role`;
  return (
    <form method="post" action={action} class="flex items-center gap-1">
      <select
        class="select h-7! w-28 text-xs!"
        name="role"
        aria-label={`Role of ${name}`}
        hx-post={action}
        hx-trigger="change"
        hx-swap="none"
      >
        {grantable.map((one) => (
          <option value={one} selected={one === role} safe>
            {roleWords[one].label}
          </option>
        ))}
      </select>
      <Button label="Save" type="submit" size="xs" class="in-[.scripted]:hidden" />
    </form>
  );
}

function Invite({ path, draft = emptyDraft, members }: TeamProps) {
  const self = members.find(({ isSelf }) => isSelf);
  const offered = roles.filter((role) => role !== 'owner' || self?.role === 'owner');
  const choices = offered.map((value) => ({ value, ...roleWords[value] }));
  return (
    <form method="post" action={`${path}/invitations`}>
      <Panel
        title="Invite somebody"
        footer={<Button label="Invite" type="submit" variant="primary" size="default" />}
      >
        <div class="flex flex-col gap-4">
          <FormNotice draft={draft} labels={{ email: 'E-mail' }} />
          <TextField
            name="email"
            label="E-mail"
            type="email"
            autocomplete="off"
            value={draft.value('email')}
            error={draft.errors.get('email')}
            help="The link works once and ends after 7 days. An earlier one is void."
            required
            maxlength={300}
          />
          <Choices
            name="role"
            legend="Role"
            value={draft.value('role') ?? 'member'}
            choices={choices}
          />
        </div>
      </Panel>
    </form>
  );
}

function Invitations({ invitations, path, mayInvite, nowMs }: TeamProps) {
  const columns = [{ name: 'Invited' }, { name: 'State' }, { name: '' }];
  return (
    <Panel title="Invitations" sub="open" flush>
      {invitations.length === 0 ? (
        <p class="px-4 py-6 text-muted-foreground">Nobody is invited at the moment.</p>
      ) : (
        <Table columns={columns} label="Invitations">
          {invitations.map((one) => (
            <tr>
              <td class="c-main w-full max-w-0">
                <span class="cell-main max-w-none!" safe>
                  {one.email}
                </span>
                <span class="cell-sub" safe>
                  {`as ${one.role}, by ${one.invitedBy ?? 'an administrator'}`}
                </span>
              </td>
              <td class="c-state">
                <Mark glyph="pending">
                  Ends <Until at={one.expiresAt} nowMs={nowMs} />
                </Mark>
              </td>
              <td class="r max-sm:col-span-2">
                {mayInvite ? <InvitationActions one={one} path={path} /> : null}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

function InvitationActions({ one, path }: { one: TeamInvitation; path: string }) {
  return (
    <span class="inline-flex gap-1.5">
      <form method="post" action={`${path}/invitations`}>
        <input type="hidden" name="email" value={one.email} />
        <input type="hidden" name="role" value={one.role} />
        <Button label="New link" type="submit" size="xs" />
      </form>
      <form method="post" action={`${path}/invitations/${one.id}/revoke`}>
        <Button label="Withdraw" type="submit" size="xs" />
      </form>
    </span>
  );
}

function RoleTable() {
  return (
    <Panel title="What each role may do" flush>
      <Table
        columns={[{ name: 'May' }, ...roles.map((role) => ({ name: roleWords[role].label }))]}
        compact
        stack={false}
        label="What each role may do"
      >
        {roleRights.map(({ text, roles: who }) => (
          <tr>
            <th
              scope="row"
              class="w-full py-1.5! text-left! font-normal whitespace-normal! text-foreground!"
              safe
            >
              {text}
            </th>
            {roles.map((role) => (
              <td>
                {who.includes(role) ? (
                  <Icon name="check" class="size-4" />
                ) : (
                  <span class="text-muted-foreground" aria-hidden="true">
                    –
                  </span>
                )}
                <span class="sr-only">{who.includes(role) ? 'yes' : 'no'}</span>
              </td>
            ))}
          </tr>
        ))}
      </Table>
    </Panel>
  );
}
