/** A new password for who has lost theirs: asked for by e-mail, chosen by the link in it. */
import { Button } from './components/button.tsx';
import { emptyDraft, type FormDraft, TextField } from './components/form.tsx';
import { EntryHead, EntryNotice } from './entry.tsx';
import { passwordHelp } from './sign-up.tsx';

export function ForgotPassword({ draft = emptyDraft }: { draft?: FormDraft }) {
  return (
    <>
      <EntryHead title="Forgot the password" text="A link to choose a new one comes by mail." />
      <EntryNotice draft={draft} />
      <form method="post" action="/forgot-password" class="flex flex-col gap-4">
        <TextField
          name="email"
          label="E-mail"
          type="email"
          autocomplete="username"
          value={draft.value('email')}
          error={draft.errors.get('email')}
          required
          maxlength={300}
          autofocus
        />
        <Button label="Send the link" type="submit" variant="primary" size="lg" />
      </form>
      <BackToSignIn />
    </>
  );
}

export function ResetPassword({ draft = emptyDraft, token }: { draft?: FormDraft; token: string }) {
  return (
    <>
      <EntryHead
        title="Choose a new password"
        text="It ends all sessions of the account. A second factor stays."
      />
      <EntryNotice draft={draft} />
      <form method="post" action="/reset-password" class="flex flex-col gap-4">
        <input type="hidden" name="token" value={token} />
        <TextField
          name="password"
          label="New password"
          type="password"
          autocomplete="new-password"
          error={draft.errors.get('password')}
          help={passwordHelp}
          required
          autofocus
        />
        <Button label="Save password" type="submit" variant="primary" size="lg" />
      </form>
      <BackToSignIn />
    </>
  );
}

function BackToSignIn() {
  return (
    <div class="border-t pt-3 text-xs">
      <a class="link py-1" href="/sign-in">
        Back to sign-in
      </a>
    </div>
  );
}
