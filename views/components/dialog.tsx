/**
 * Dialogs, opened by a button with `data-open`. What changes much says the number in its title and
 * in its button; without script the same form stands on a page of its own.
 */
import type { Children } from '@kitajs/html';
import { Button, type ButtonVariant } from './button.tsx';

/** `children` is the section; `action` is where its form goes, by POST. */
export function FormDialog(props: {
  id: string;
  title: string;
  text?: string;
  action: string;
  submit: string;
  variant?: ButtonVariant;
  children?: Children;
}) {
  const { id, title, text, action, submit, variant = 'primary', children: safeChildren } = props;
  return (
    <dialog class="dialog" id={id} aria-labelledby={`${id}-title`}>
      <form method="post" action={action}>
        <header>
          <h2 id={`${id}-title`} safe>
            {title}
          </h2>
          {text === undefined ? null : <p safe>{text}</p>}
        </header>
        {safeChildren ? <section class="flex flex-col gap-4">{safeChildren}</section> : null}
        <footer>
          <button
            type="button"
            class="btn"
            data-variant="outline"
            data-size="default"
            data-close
            autofocus
          >
            Cancel
          </button>
          <Button label={submit} type="submit" variant={variant} size="default" />
        </footer>
      </form>
    </dialog>
  );
}
