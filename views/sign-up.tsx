/** A new account with a tenant of its own. */
import { Button } from './components/button.tsx';
import { emptyDraft, type FormDraft, TextField } from './components/form.tsx';
import { EntryHead, EntryNotice } from './entry.tsx';

export const passwordHelp = 'At least 10 characters. Three or four words are fine; no other rules.';

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
        <TextField
          name="name"
          label="Your name"
          autocomplete="name"
          value={draft.value('name')}
          error={errors.get('name')}
          required
          maxlength={200}
          autofocus={errors.size === 0}
        />
        <TextField
          name="email"
          label="E-mail"
          type="email"
          autocomplete="username"
          value={draft.value('email')}
          error={errors.get('email')}
          required
          maxlength={300}
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
        <TextField
          name="tenantName"
          label="Company or team"
          autocomplete="organization"
          value={draft.value('tenantName')}
          error={errors.get('tenantName')}
          help="The name of your tenant. Projects, keys and people belong to it."
          required
          maxlength={200}
        />
        <Button label="Make account" type="submit" variant="primary" size="lg" />
      </form>
    </>
  );
}
