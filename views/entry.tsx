/** What the pages outside the shell are made of: head, notice, the other way in. */
import type { Children } from '@kitajs/html';
import { LinkButton } from './components/button.tsx';
import { emptyDraft, type FormDraft } from './components/form.tsx';
import { Glyph } from './components/state.tsx';

export function EntryHead(props: { title: string; text?: string; children?: Children }) {
  const { title, text, children } = props;
  return (
    <div>
      <h1 class="text-lg!" safe>
        {title}
      </h1>
      {text === undefined ? null : (
        <p class="text-muted-foreground" safe>
          {text}
        </p>
      )}
      {children}
    </div>
  );
}

/** Above the fields: what belongs to none of them. */
export function EntryNotice({ draft = emptyDraft }: { draft?: FormDraft | undefined }) {
  if (draft.notices.length === 0) return null;
  return (
    <div class="callout px-3! py-2!" data-tone="bad" role="alert" tabindex={-1} data-focus>
      <Glyph name="bad" />
      {draft.notices.map((notice) => (
        <strong class="col-start-2 font-normal!" safe>
          {notice}
        </strong>
      ))}
    </div>
  );
}

/** `href` null: this installation has no single sign-on. */
export function SingleSignOn({ href, label }: { href: string | null; label: string }) {
  if (href === null) return null;
  return (
    <>
      <div class="flex items-center gap-3 text-xs text-muted-foreground">
        <hr class="flex-1" />
        or
        <hr class="flex-1" />
      </div>
      <LinkButton label={label} icon="key-round" size="lg" href={href} />
    </>
  );
}

/** A page that only says something, and leads on. */
export function EntryMessage(props: {
  title: string;
  text: string;
  draft?: FormDraft;
  actions?: readonly { label: string; href: string }[];
  children?: Children;
}) {
  const { title, text, draft, actions = [], children } = props;
  return (
    <>
      <EntryHead title={title} text={text} />
      <EntryNotice draft={draft} />
      {actions.map(({ label, href }, index) => (
        <LinkButton
          label={label}
          href={href}
          size="lg"
          variant={index === 0 ? 'primary' : 'outline'}
        />
      ))}
      {children}
    </>
  );
}

/** Ends the session, then goes on to `next`. */
export function SignOutForm({ next, label }: { next: string; label: string }) {
  return (
    <form method="post" action="/sign-out">
      <input type="hidden" name="next" value={next} />
      <button
        type="submit"
        class="btn w-full"
        data-variant="outline"
        data-size="lg"
        data-command={label}
      >
        <span safe>{label}</span>
      </button>
    </form>
  );
}
