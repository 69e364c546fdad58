/** The forms below a person's account that stand on pages of their own. */
import { FormPage } from './components/dialog.tsx';
import { CodeField, type FormDraft } from './components/form.tsx';
import { EntryMessage, EntryNotice } from './entry.tsx';
import { EmailField, NewPasswordField, PasswordField, TenantNameField } from './person-fields.tsx';

/** `email` is there for the browser's own list of passwords. */
export function NewPassword(props: { path: string; email: string; draft: FormDraft }) {
  const { path, email, draft } = props;
  return (
    <FormPage
      title="Change password"
      text="All your other sessions end."
      action={`${path}/password`}
      submit="Save password"
      cancelHref={path}
      notice={<EntryNotice draft={draft} />}
    >
      <EmailField given={email} />
      <PasswordField draft={draft} name="currentPassword" label="Current password" autofocus />
      <NewPasswordField draft={draft} name="newPassword" label="New password" />
    </FormPage>
  );
}

export function CodeForm(props: {
  kind: 'codes' | 'remove';
  title: string;
  path: string;
  draft: FormDraft;
}) {
  const { kind, title, path, draft } = props;
  const removes = kind === 'remove';
  return (
    <FormPage
      title={title}
      text={
        removes
          ? 'From then on your password alone opens the account. The recovery codes are void.'
          : 'Those that are left are void at once; the new ones are shown once.'
      }
      action={`${path}/second-factor/${kind}`}
      submit={removes ? 'Turn off' : 'Make new codes'}
      variant={removes ? 'destructive' : 'primary'}
      cancelHref={path}
      notice={<EntryNotice draft={draft} />}
    >
      <CodeField
        name="code"
        label="Code of 6 digits, or a recovery code"
        recovery
        error={draft.errors.get('code')}
        autofocus
      />
    </FormPage>
  );
}

export function EndSessions({ title, path }: { title: string; path: string }) {
  return (
    <FormPage
      title={`${title}?`}
      text="This one included: you sign in again afterwards, here and wherever else you are."
      action={`${path}/sessions/end-all`}
      submit={title}
      variant="destructive"
      cancelHref={path}
    />
  );
}

export function NewTenant({ draft, isOpen }: { draft: FormDraft; isOpen: boolean }) {
  if (!isOpen) {
    return (
      <EntryMessage
        title="New tenants are made on the command line"
        text="Whoever runs this installation makes one: opsforge bootstrap --tenant NAME."
        actions={[{ label: 'Back', href: '/' }]}
      />
    );
  }
  return (
    <FormPage
      title="New tenant"
      text="With people, projects and keys of its own. You become its owner."
      action="/tenants/new"
      submit="Create tenant"
      cancelHref="/"
      notice={<EntryNotice draft={draft} />}
    >
      <TenantNameField draft={draft} name="name" label="Company or team" autofocus />
    </FormPage>
  );
}
