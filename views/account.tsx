/** A person's own page: their name, how they prove themselves, where they are signed in. */
import type { Role } from '../src/domain/roles.ts';
import { SecondFactor, type SecondFactorState } from './account-second-factor.tsx';
import { Button, LinkButton } from './components/button.tsx';
import { type FormDraft, FormNotice } from './components/form.tsx';
import { formatDate } from './components/format.ts';
import { Icon } from './components/icon.tsx';
import { PageHead, Panel, PanelLine } from './components/panel.tsx';
import { Table } from './components/table.tsx';
import { Ago, Avatar } from './components/text.tsx';
import { EmailField, NameField } from './person-fields.tsx';
import { roleWords } from './roles.ts';
import { type SettingsReader, SettingsTabs } from './settings.tsx';

export type { SecondFactorState };

export type AccountSession = {
  id: string;
  name: string;
  isPhone: boolean;
  isThisOne: boolean;
  remoteAddress: string | null;
  createdAt: string;
  lastSeenAt: string;
};

export type AccountProps = {
  path: string;
  /** Null outside of any tenant. */
  settings: SettingsReader | null;
  person: { name: string; email: string };
  secondFactor: SecondFactorState;
  /** Null: there is none, single sign-on alone. */
  passwordChangedAt: string | null;
  sessions: readonly AccountSession[];
  tenants: readonly { name: string; href: string; role: Role; isHere: boolean }[];
  newTenantHref: string | null;
  nowMs: number;
  draft: FormDraft;
};

export function Account(props: AccountProps) {
  const { settings, path, secondFactor, draft } = props;
  return (
    <>
      <PageHead
        title="Security"
        sentence="Your own name, sign-in and sessions: the same in every tenant."
      />
      {settings === null ? null : <SettingsTabs {...settings} current="security" />}
      <div class="split xl:grid-cols-2">
        <div class="main-col">
          <SecondFactor state={secondFactor} path={path} draft={draft} />
          <Password {...props} />
          <Tenants {...props} />
        </div>
        <div class="main-col">
          <Sessions {...props} />
          <Profile {...props} />
          <Keyboard {...props} />
        </div>
      </div>
    </>
  );
}

function Profile({ person, path, draft }: AccountProps) {
  return (
    <form method="post" action={`${path}/name`}>
      <Panel title="Profile" footer={<Button label="Save name" type="submit" size="default" />}>
        <div class="flex flex-col gap-4">
          {draft.errors.has('name') ? (
            <FormNotice draft={draft} labels={{ name: 'Your name' }} />
          ) : null}
          <NameField draft={draft} given={person.name} />
          <EmailField given={person.email} />
        </div>
      </Panel>
    </form>
  );
}

function Password({ passwordChangedAt, path }: AccountProps) {
  return (
    <Panel title="Password">
      {passwordChangedAt === null ? (
        <PanelLine
          title="You have none"
          text="You sign in by single sign-on. A new password by mail gives you one as well."
          action={<LinkButton label="Ask for one" icon="mail" href="/forgot-password" />}
        />
      ) : (
        <PanelLine
          title={`Changed on ${formatDate(passwordChangedAt)}`}
          text="At least 10 characters, none of the known ones"
          action={<LinkButton label="Change…" icon="key-round" href={`${path}/password`} />}
        />
      )}
    </Panel>
  );
}

function Keyboard({ path }: AccountProps) {
  return (
    <Panel title="Keyboard">
      <PanelLine
        title="Single keys"
        text="Which there are, and a switch for them in this browser"
        action={<LinkButton label="Shortcuts…" icon="keyboard" href={`${path}/keyboard`} />}
      />
    </Panel>
  );
}

const sessionColumns = [
  { name: 'Where' },
  { name: 'Last seen', number: true },
  { name: 'Started', number: true, class: 'max-sm:hidden!' },
  { name: '' },
];

function Sessions({ sessions, path, nowMs }: AccountProps) {
  const leave = (
    <LinkButton label="Sign out everywhere…" icon="log-out" href={`${path}/sessions/end-all`} />
  );
  return (
    <Panel title="Your sessions" flush actions={leave}>
      <Table columns={sessionColumns} label="Your sessions">
        {sessions.map((session) => (
          <tr>
            <td class="c-main w-full max-w-0">
              <span class="flex items-center gap-3">
                <Icon
                  name={session.isPhone ? 'smartphone' : 'monitor'}
                  class="shrink-0 text-muted-foreground"
                />
                <span class="min-w-0">
                  <span class="block truncate font-medium">
                    <span safe>{session.name}</span>
                    {session.isThisOne ? <span class="count ml-1">this one</span> : null}
                  </span>
                  <span class="num block truncate text-xs text-muted-foreground" safe>
                    {session.remoteAddress ?? 'address unknown'}
                  </span>
                </span>
              </span>
            </td>
            <td class="r c-state">
              {session.isThisOne ? 'now' : <Ago at={session.lastSeenAt} nowMs={nowMs} />}
            </td>
            <td class="r text-muted-foreground max-sm:hidden!" safe>
              {formatDate(session.createdAt)}
            </td>
            <td class="r">
              {session.isThisOne ? null : (
                <form method="post" action={`${path}/sessions/end`}>
                  <input type="hidden" name="id" value={session.id} />
                  <Button label="End" type="submit" size="xs" />
                </form>
              )}
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

function Tenants({ tenants, newTenantHref }: AccountProps) {
  const make =
    newTenantHref === null ? null : (
      <LinkButton label="New tenant" icon="plus" href={newTenantHref} />
    );
  return (
    <Panel title="Your tenants" flush actions={make}>
      {tenants.length === 0 ? (
        <p class="px-4 py-6 text-muted-foreground">
          You are in none at the moment: an invitation opens one.
        </p>
      ) : (
        <ul class="divide-y">
          {tenants.map(({ name, href, role, isHere }) => (
            <li class="flex items-center gap-3 px-4 py-2.5">
              <Avatar name={name} />
              <span class="min-w-0 flex-1 truncate">
                <a class="quiet-link font-medium" href={href} safe>
                  {name}
                </a>
                {isHere ? <span class="count ml-1">here</span> : null}
              </span>
              <span class="text-xs text-muted-foreground" safe>
                {roleWords[role].label}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
