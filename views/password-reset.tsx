/** A new password for who has lost theirs: asked for by e-mail, chosen by the link in it. */
import { Button } from './components/button.tsx';
import { emptyDraft, type FormDraft } from './components/form.tsx';
import { EntryHead, EntryNotice } from './entry.tsx';
import { EmailField, NewPasswordField } from './person-fields.tsx';

export function ForgotPassword({ draft = emptyDraft }: { draft?: FormDraft }) {
  return (
    <>
      <EntryHead title="Forgot the password" text="A link to choose a new one comes by mail." />
      <EntryNotice draft={draft} />
      <form method="post" action="/forgot-password" class="flex flex-col gap-4">
        <EmailField draft={draft} autofocus />
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
        <NewPasswordField draft={draft} label="New password" autofocus />
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
