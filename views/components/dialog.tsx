/**
 * Dialogs, opened by a button with `data-open`. What changes much says the number in its title and
 * in its button; without script the same form stands on a page of its own.
 */
import type { Children } from '@kitajs/html';
import { Button, type ButtonVariant, LinkButton } from './button.tsx';

type FormProps = {
  title: string;
  text?: string;
  action: string;
  submit: string;
  variant?: ButtonVariant;
  children?: Children;
};

/** `children` is the section; `action` is where its form goes, by POST. */
export function FormDialog(props: FormProps & { id: string }) {
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
          <CloseButton />
          <Button label={submit} type="submit" variant={variant} size="default" />
        </footer>
      </form>
    </dialog>
  );
}

/** Where the focus is when a dialog opens: Enter, pressed too early, changes nothing. */
export function CloseButton({ label = 'Cancel' }: { label?: string }) {
  return (
    <button
      type="button"
      class="btn"
      data-variant="outline"
      data-size="default"
      data-close
      autofocus
      safe
    >
      {label}
    </button>
  );
}

/** The same form as a page: where the link leads without script, and where errors are shown. */
export function FormPage(props: FormProps & { cancelHref: string; notice?: Children }) {
  const { title, text, action, submit, variant = 'primary', children: safeChildren } = props;
  return (
    <form class="card w-full max-w-xl" method="post" action={action}>
      <header>
        <h1 class="text-sm leading-5" safe>
          {title}
        </h1>
      </header>
      <section class="flex flex-col gap-4">
        {props.notice}
        {text === undefined ? null : (
          <p class="text-muted-foreground" safe>
            {text}
          </p>
        )}
        {safeChildren}
      </section>
      <footer class="justify-end!">
        <LinkButton label="Cancel" size="default" href={props.cancelHref} />
        <Button label={submit} type="submit" variant={variant} size="default" />
      </footer>
    </form>
  );
}
