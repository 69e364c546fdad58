/** An invitation: by whom, what the invited may do, and the way in. */
import type { Role } from '../src/domain/roles.ts';
import { Button, LinkButton } from './components/button.tsx';
import { emptyDraft, type FormDraft, TextField } from './components/form.tsx';
import { Icon } from './components/icon.tsx';
import { Avatar } from './components/text.tsx';
import { EntryNotice, SignOutForm, SingleSignOn } from './entry.tsx';
import { roleRights, roleWords } from './roles.ts';
import { passwordHelp } from './sign-up.tsx';

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
   * `join`: the invited is signed in. `other`: somebody else is. `sign_in`: the invited has an
   * account. `sign_up`: they make one.
   */
  way: 'join' | 'other' | 'sign_in' | 'sign_up';
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
    case 'sign_in':
      return (
        <>
          <p class="text-muted-foreground" safe>
            {`There is an account of ${email}: sign in, then join.`}
          </p>
          <LinkButton
            label="Sign in"
            variant="primary"
            size="lg"
            href={`/sign-in?next=${encodeURIComponent(path)}`}
          />
          <SingleSignOn href={singleSignOnHref} label="Join with single sign-on" />
        </>
      );
    case 'sign_up':
      return (
        <>
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
      <TextField
        name="email"
        label="E-mail"
        type="email"
        autocomplete="username"
        value={email}
        readonly
      />
      <TextField
        name="name"
        label="Your name"
        autocomplete="name"
        value={draft.value('name')}
        error={errors.get('name')}
        required
        maxlength={200}
        autofocus={!errors.has('password')}
      />
      <TextField
        name="password"
        label="Password"
        type="password"
        autocomplete="new-password"
        error={errors.get('password')}
        help={passwordHelp}
        required
        autofocus={errors.has('password')}
      />
      <Button label="Join" type="submit" variant="primary" size="lg" />
    </form>
  );
}
