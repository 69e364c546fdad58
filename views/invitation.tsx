/** An invitation: by whom, what the invited may do, and the way in. */
import type { Role } from '../src/domain/roles.ts';
import { Button } from './components/button.tsx';
import { emptyDraft, type FormDraft } from './components/form.tsx';
import { Icon } from './components/icon.tsx';
import { Avatar } from './components/text.tsx';
import { EntryNotice, SignOutForm, SingleSignOn } from './entry.tsx';
import { EmailField, NameField, NewPasswordField } from './person-fields.tsx';
import { roleRights, roleWords } from './roles.ts';

export type InvitationProps = {
  token: string;
  /** The address of this page, to come back to. */
  path: string;
  tenantName: string;
  /** Null: an API key, or somebody who is no member any more. */
  invitedBy: string | null;
  role: Role;
  email: string;
  /**
   * `join`: the invited is signed in. `other`: somebody else is. `outside`: nobody is; whether the
   * invited has an account is not said, since anybody may invite any address.
   */
  way: 'join' | 'other' | 'outside';
  signedInAs: string;
  singleSignOnHref: string | null;
  draft?: FormDraft;
};

export function Invitation(props: InvitationProps) {
  const { tenantName, invitedBy, role, draft = emptyDraft } = props;
  return (
    <>
      <div class="flex items-center gap-3">
        <Avatar name={tenantName} class="size-10 text-xs!" />
        <div class="min-w-0">
          <h1 class="text-lg!" safe>{`Join ${tenantName}`}</h1>
          <p class="text-muted-foreground">
            <span safe>{invitedBy ?? 'An administrator'}</span> invites you as{' '}
            <b class="font-medium text-foreground" safe>
              {roleWords[role].label.toLowerCase()}
            </b>
          </p>
        </div>
      </div>
      <ul class="flex flex-col gap-1.5 rounded-md border bg-subtle px-3 py-2.5 text-xs text-muted-foreground">
        {roleRights.map(({ text, not, roles }) => {
          const may = roles.includes(role);
          return (
            <li class="flex items-start gap-2">
              <Icon name={may ? 'check' : 'minus'} class="mt-0.5 size-3.5" />
              <span safe>{may ? text : not}</span>
            </li>
          );
        })}
      </ul>
      <EntryNotice draft={draft} />
      <Way {...props} draft={draft} />
    </>
  );
}

function Way(props: InvitationProps & { draft: FormDraft }) {
  const { way, token, path, email, signedInAs, singleSignOnHref, draft } = props;
  switch (way) {
    case 'join':
      return (
        <form method="post" action="/invitation" class="flex flex-col gap-4">
          <input type="hidden" name="token" value={token} />
          <Button label={`Join as ${email}`} type="submit" variant="primary" size="lg" />
        </form>
      );
    case 'other':
      return (
        <>
          <p class="text-muted-foreground" safe>
            {`It is for ${email}, and you are signed in as ${signedInAs}.`}
          </p>
          <SignOutForm next={path} label={`Sign out, then join as ${email}`} />
        </>
      );
    case 'outside':
      return (
        <>
          <p class="text-muted-foreground">
            New here? Choose a password. With an account,{' '}
            <a class="link" href={`/sign-in?next=${encodeURIComponent(path)}`}>
              sign in
            </a>{' '}
            to join.
          </p>
          <NewPerson token={token} email={email} draft={draft} />
          <SingleSignOn href={singleSignOnHref} label="Join with single sign-on" />
        </>
      );
  }
}

function NewPerson({ token, email, draft }: { token: string; email: string; draft: FormDraft }) {
  const { errors } = draft;
  return (
    <form method="post" action="/invitation" class="flex flex-col gap-4">
      <input type="hidden" name="token" value={token} />
      <EmailField given={email} />
      <NameField draft={draft} autofocus={!errors.has('password')} />
      <NewPasswordField draft={draft} autofocus={errors.has('password')} />
      <Button label="Join" type="submit" variant="primary" size="lg" />
    </form>
  );
}
