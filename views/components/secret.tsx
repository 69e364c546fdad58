/** Secrets: in the open once, after they were made; later masked, with a button that asks. */
import type { Children } from '@kitajs/html';
import { CopyButton, LinkButton } from './button.tsx';
import { Glyph } from './state.tsx';

/** `text` is the secret, or its mask ("whsec_••••3HcJ"), which is then not copied. */
export function Secret(props: { text: string; masked: boolean; what: string; actions?: Children }) {
  const { text, masked, what, actions } = props;
  return (
    <div class="secret">
      <code safe>{text}</code>
      {masked ? null : <CopyButton text={text} what={what} />}
      {actions}
    </div>
  );
}

/** Stays until somebody says "I have it". `children`: what else is known only now. */
export function NewSecret(props: {
  title: string;
  text: string;
  what: string;
  doneHref: string;
  children?: Children;
}) {
  const { title, text, what, doneHref, children } = props;
  return (
    <div class="callout" data-tone="warn" role="status">
      <Glyph name="warn" />
      <strong safe>{title}</strong>
      <div class="col-start-2 mt-1.5 flex min-w-0 flex-col gap-3">
        <div class="flex flex-wrap items-center gap-2">
          <div class="w-full min-w-0 sm:w-auto">
            <Secret text={text} masked={false} what={what} />
          </div>
          <LinkButton label="I have it" icon="check" href={doneHref} />
        </div>
        {children}
      </div>
    </div>
  );
}
