/** Signing in: e-mail and password, then the second factor where there is one. */
import { Button } from './components/button.tsx';
import { CodeField, emptyDraft, type FormDraft } from './components/form.tsx';
import { EntryHead, EntryNotice, SingleSignOn } from './entry.tsx';
import { EmailField, PasswordField } from './person-fields.tsx';

export type SignInProps = {
  draft?: FormDraft;
  /** Where to go on to. */
  next: string;
  /** The name of this installation in its address. */
  host: string;
  /** Who comes from making an account; it may have been there before. */
  isNew: boolean;
  singleSignOnHref: string | null;
  /** Whether sign-up is open to everybody. */
  offersSignUp: boolean;
};

export function SignIn(props: SignInProps) {
  const { draft = emptyDraft, next, host, isNew, singleSignOnHref, offersSignUp } = props;
  const email = draft.value('email');
  return (
    <>
      <EntryHead
        title="Sign in"
        text={isNew ? 'Your account is ready: your e-mail and password open it.' : `to ${host}`}
      />
      <EntryNotice draft={draft} />
      <form method="post" action="/sign-in" class="flex flex-col gap-4">
        <input type="hidden" name="next" value={next} />
        <EmailField draft={draft} autofocus={!email} />
        <PasswordField draft={draft} autofocus={Boolean(email)} />
        <Button label="Sign in" type="submit" variant="primary" size="lg" />
      </form>
      <SingleSignOn href={singleSignOnHref} label="Continue with single sign-on" />
      <div class="flex flex-col gap-1 border-t pt-3 text-xs">
        <a class="link py-1" href="/forgot-password">
          Forgot the password
        </a>
        {offersSignUp ? (
          <a class="link py-1" href="/sign-up">
            Make an account
          </a>
        ) : null}
      </div>
    </>
  );
}

export function SecondStep(props: { draft?: FormDraft; next: string; recovery: boolean }) {
  const { draft = emptyDraft, next, recovery } = props;
  const path = `/sign-in/second-step?next=${encodeURIComponent(next)}`;
  return (
    <>
      <EntryHead
        title={recovery ? 'Type a recovery code' : 'Type the code of your app'}
        text={
          recovery
            ? 'One of those you kept when you set up the second factor. Each works once.'
            : 'The password was right. The second factor is asked for as well.'
        }
      />
      <EntryNotice draft={draft} />
      <form method="post" action="/sign-in/second-step" class="flex flex-col gap-4">
        <input type="hidden" name="next" value={next} />
        {recovery ? <input type="hidden" name="recovery" value="on" /> : null}
        <CodeField
          name="code"
          label={recovery ? 'Recovery code' : 'Code of 6 digits'}
          recovery={recovery}
          error={draft.errors.get('code')}
          help={
            recovery
              ? '16 letters and digits; dashes do not matter.'
              : 'Changes every 30 s. It is accepted once.'
          }
          autofocus
        />
        <Button label="Go on" type="submit" variant="primary" size="lg" />
      </form>
      <div class="flex flex-col gap-1 border-t pt-3 text-xs">
        <a class="link py-1" href={recovery ? path : `${path}&recovery=on`}>
          {recovery ? 'Use the code of the app' : 'Use a recovery code'}
        </a>
        <a class="link py-1" href={`/sign-in?next=${encodeURIComponent(next)}`}>
          Sign in as someone else
        </a>
      </div>
    </>
  );
}
