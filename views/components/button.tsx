/** Buttons, and links that look so. One primary a page; the dangerous are outlined in red. */
import { Icon, type IconName } from './icon.tsx';

export type ButtonVariant = 'primary' | 'outline' | 'ghost' | 'destructive';
export type ButtonSize = 'xs' | 'sm' | 'default' | 'lg' | 'icon-xs' | 'icon-sm';
type Look = { variant?: ButtonVariant; size?: ButtonSize; icon?: IconName; class?: string };

/** `open`: the id of the dialog that it opens; `shortcut`: the single key that presses it. */
export function Button(
  props: Look & {
    label: string;
    type?: 'button' | 'submit';
    name?: string;
    value?: string;
    form?: string;
    formaction?: string;
    formmethod?: 'get' | 'post';
    disabled?: boolean;
    open?: string;
    shortcut?: string;
    /** What it copies, as `CopyButton`; nothing without script. */
    copies?: string;
  },
) {
  const { label, icon, shortcut, open, variant = 'outline', size = 'sm', type = 'button' } = props;
  const isIcon = size.startsWith('icon');
  return (
    <button
      type={type}
      class={['btn', props.class]}
      data-variant={variant}
      data-size={size}
      data-open={open}
      data-copy={props.copies}
      name={props.name}
      value={props.value}
      form={props.form}
      formaction={props.formaction}
      formmethod={props.formmethod}
      disabled={props.disabled}
      aria-keyshortcuts={shortcut}
      aria-label={isIcon ? label : undefined}
      title={isIcon ? label : undefined}
    >
      {icon ? <Icon name={icon} /> : null}
      {isIcon ? null : <span safe>{label}</span>}
    </button>
  );
}

/** `open`: the dialog that script opens instead of going to `href`, which has the same form. */
export function LinkButton(
  props: Look & { label: string; href: string; shortcut?: string; open?: string },
) {
  const { label, icon, href, shortcut, open, variant = 'outline', size = 'sm' } = props;
  return (
    <a
      class={['btn', props.class]}
      href={href}
      data-variant={variant}
      data-size={size}
      data-open={open}
      aria-keyshortcuts={shortcut}
    >
      {icon ? <Icon name={icon} /> : null}
      <span safe>{label}</span>
    </a>
  );
}

/** Copies `text` as it is. `what`: "request id" → "Copy request id". Nothing without script. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  return (
    <button
      type="button"
      class="btn"
      data-variant="ghost"
      data-size="icon-xs"
      data-copy={text}
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
    >
      <Icon name="copy" />
    </button>
  );
}

/** Leads on from a panel's head: "All 48". */
export function PanelLink({ href, label }: { href: string; label: string }) {
  return (
    <a class="link text-xs" href={href} safe>
      {label}
    </a>
  );
}
