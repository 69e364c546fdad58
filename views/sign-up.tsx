/** A new account with a tenant of its own. */
import { Button } from './components/button.tsx';
import { emptyDraft, type FormDraft } from './components/form.tsx';
import { EntryHead, EntryNotice } from './entry.tsx';
import { EmailField, NameField, NewPasswordField, TenantNameField } from './person-fields.tsx';

/** `token`: of the one-time link; empty where sign-up is open. */
export function SignUp({ draft = emptyDraft, token }: { draft?: FormDraft; token: string }) {
  const { errors } = draft;
  return (
    <>
      <EntryHead
        title={token === '' ? 'Make an account' : 'Make the first account'}
        text={
          token === ''
            ? 'With a tenant of your own, to which you can invite others.'
            : 'You become the owner of the first tenant here. This link works once.'
        }
      />
      <EntryNotice draft={draft} />
      <form method="post" action="/sign-up" class="flex flex-col gap-4">
        <input type="hidden" name="token" value={token} />
        <NameField draft={draft} autofocus={errors.size === 0} />
        <EmailField draft={draft} />
        <NewPasswordField draft={draft} autofocus={errors.has('password')} />
        <TenantNameField draft={draft} name="tenantName" label="Company or team" />
        <Button label="Make account" type="submit" variant="primary" size="lg" />
      </form>
    </>
  );
}
