/** Secrets: in the open once, after they were made; later masked, with a button that asks. */
import type { Children } from '@kitajs/html';
import { CopyButton } from './button.tsx';
import { Callout } from './panel.tsx';

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

/** Stays until somebody says "I have it". */
export function NewSecret(props: { title: string; text: string; what: string; doneHref: string }) {
  const { title, text, what, doneHref } = props;
  return (
    <Callout glyph="warn" tone="warn" title={title}>
      <span class="mt-2 flex flex-wrap items-center gap-2">
        <span class="min-w-0 flex-1 basis-72">
          <Secret text={text} masked={false} what={what} />
        </span>
        <a class="btn" href={doneHref} data-variant="outline" data-size="sm">
          I have it
        </a>
      </span>
    </Callout>
  );
}
