/**
 * Fields. The label stands above, help and the error below; what was typed comes back. `draft`
 * carries the values and errors of a form that was refused, by the name of the field.
 */
import type { Children } from '@kitajs/html';
import { Button, type ButtonVariant, LinkButton } from './button.tsx';
import { Glyph } from './state.tsx';

/** What a form holds while it is not saved: texts as typed, errors by field, the rest as notice. */
export type FormDraft = {
  value(name: string): string | undefined;
  values(name: string): readonly string[];
  errors: ReadonlyMap<string, string>;
  /** Errors that belong to no field of the form. */
  notices: readonly string[];
};

/** A form that nobody sent yet. */
export const emptyDraft: FormDraft = {
  value: () => undefined,
  values: () => [],
  errors: new Map(),
  notices: [],
};

type FieldProps = {
  name: string;
  label: string;
  help?: string | undefined;
  error?: string | undefined;
  optional?: boolean;
  class?: string;
};

/** Around any control; the control itself takes `describedBy(props)`. */
export function Field(props: FieldProps & { children: Children }) {
  const { name, label, help, error, optional = false, children } = props;
  return (
    <div class={['field', props.class]} data-invalid={error === undefined ? undefined : 'true'}>
      <label for={name}>
        <span safe>{label}</span>
        {optional ? <span class="font-normal text-muted-foreground"> optional</span> : null}
      </label>
      {children}
      {error === undefined ? null : (
        <p class="field-error" id={`${name}-error`}>
          <Glyph name="bad" />
          <span safe>{error}</span>
        </p>
      )}
      {help === undefined ? null : (
        <p id={`${name}-help`} safe>
          {help}
        </p>
      )}
    </div>
  );
}

/** `aria-invalid` and `aria-describedby` of a control inside a Field of the same props. */
export function describedBy({ name, help, error }: Pick<FieldProps, 'name' | 'help' | 'error'>) {
  const ids = [error !== undefined && `${name}-error`, help !== undefined && `${name}-help`];
  const described = ids.filter(Boolean).join(' ');
  return {
    ...(error === undefined ? {} : { 'aria-invalid': 'true' as const }),
    ...(described === '' ? {} : { 'aria-describedby': described }),
  };
}

type TextProps = FieldProps & {
  value?: string | undefined;
  type?: 'text' | 'url' | 'email' | 'password' | 'number' | 'search' | 'date' | 'datetime-local';
  placeholder?: string;
  autocomplete?: string;
  mono?: boolean;
  required?: boolean;
  min?: number;
  max?: number;
  /** "any" for what may have a fraction. */
  step?: string;
  maxlength?: number;
  autofocus?: boolean;
  readonly?: boolean;
  /** Stands inside the field, at its end: "s". */
  unit?: string;
};

export function TextField(props: TextProps) {
  const { name, value, type = 'text', mono = false, unit } = props;
  const input = (
    <input
      class={[unit === undefined && 'input', mono && 'font-mono text-xs!']}
      id={name}
      name={name}
      type={type}
      value={value}
      placeholder={props.placeholder}
      autocomplete={props.autocomplete}
      required={props.required}
      min={props.min}
      max={props.max}
      step={props.step}
      maxlength={props.maxlength}
      autofocus={props.autofocus}
      readonly={props.readonly}
      {...describedBy(props)}
    />
  );
  return (
    <Field {...props}>
      {unit === undefined ? (
        input
      ) : (
        <div class="input-group">
          {input}
          <span data-align="end" safe>
            {unit}
          </span>
        </div>
      )}
    </Field>
  );
}

/** A code of an authenticator, or one of the recovery codes: large, and filled in by telephones. */
export function CodeField(props: FieldProps & { recovery?: boolean; autofocus?: boolean }) {
  const { name, recovery = false, autofocus = false } = props;
  return (
    <Field {...props}>
      <input
        class={[
          'input h-11! text-center font-mono',
          recovery ? 'text-base!' : 'text-lg! tracking-[.5em]',
        ]}
        id={name}
        name={name}
        inputmode={recovery ? 'text' : 'numeric'}
        autocomplete={recovery ? 'off' : 'one-time-code'}
        maxlength={recovery ? 40 : 7}
        required
        autofocus={autofocus}
        {...describedBy(props)}
      />
    </Field>
  );
}

export function TextArea(
  props: FieldProps & { value?: string | undefined; rows?: number; mono?: boolean },
) {
  const { name, value = '', rows = 4, mono = false } = props;
  return (
    <Field {...props}>
      <textarea
        class={['textarea', mono && 'font-mono text-xs!']}
        id={name}
        name={name}
        rows={String(rows)}
        {...describedBy(props)}
        safe
      >
        {value}
      </textarea>
    </Field>
  );
}

export type Option = { value: string; label: string };

export function SelectField(
  props: FieldProps & { options: readonly Option[]; value?: string | undefined },
) {
  const { name, options, value } = props;
  return (
    <Field {...props}>
      <select class="select w-full" id={name} name={name} {...describedBy(props)}>
        {options.map((option) => (
          <option value={option.value} selected={option.value === value} safe>
            {option.label}
          </option>
        ))}
      </select>
    </Field>
  );
}

/** One of several ways, each with a line that says what it means. */
export function Choices(props: {
  name: string;
  legend: string;
  value: string | undefined;
  choices: readonly { value: string; label: string; text: string }[];
  class?: string;
}) {
  const { name, legend, value, choices } = props;
  return (
    <fieldset class={['grid gap-2', props.class]}>
      <legend class="mb-2 font-medium" safe>
        {legend}
      </legend>
      {choices.map((choice) => (
        <label class="choice">
          <input
            class="input"
            type="radio"
            name={name}
            value={choice.value}
            checked={choice.value === value}
          />
          <span>
            <b safe>{choice.label}</b>
            <small safe>{choice.text}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

export function SwitchRow(props: { name: string; label: string; text?: string; checked: boolean }) {
  const { name, label, text, checked } = props;
  return (
    <div class="switch-row">
      <label for={name}>
        <span safe>{label}</span>
        {text === undefined ? null : <small safe>{text}</small>}
      </label>
      <input
        class="input"
        type="checkbox"
        // biome-ignore lint/a11y/useAriaPropsForRole: of a checkbox the browser says it
        role="switch"
        id={name}
        name={name}
        value="on"
        checked={checked}
      />
    </div>
  );
}

/** Several words as one field, separated by spaces. */
export function ChipsField(
  props: FieldProps & { values: readonly string[]; placeholder?: string },
) {
  const { name, values } = props;
  return (
    <Field {...props}>
      <input
        class="input font-mono text-xs!"
        id={name}
        name={name}
        value={values.join(' ')}
        placeholder={props.placeholder}
        autocomplete="off"
        spellcheck="false"
        {...describedBy(props)}
      />
    </Field>
  );
}

/** Above the fields of a form that was refused; each error leads to its field. */
export function FormNotice({
  draft,
  labels,
}: {
  draft: FormDraft;
  /** Field name → label, in the order of the form. */
  labels: Readonly<Record<string, string>>;
}) {
  const { errors, notices } = draft;
  if (errors.size === 0 && notices.length === 0) return null;
  const known = Object.keys(labels).filter((name) => errors.has(name));
  const count = known.length;
  const title =
    count === 0
      ? 'Nothing was saved'
      : `Nothing was saved: ${count === 1 ? '1 field needs' : `${count} fields need`} a change`;
  return (
    <div class="callout" data-tone="bad" role="alert" tabindex={-1} data-focus>
      <Glyph name="bad" />
      <strong safe>{title}</strong>
      <p>
        {notices.map((notice) => (
          <span class="block" safe>
            {notice}
          </span>
        ))}
        {known.map((name, index) => (
          <>
            {index > 0 ? ' · ' : ''}
            <a class="link" href={`#${name}`} safe>
              {labels[name]}
            </a>
          </>
        ))}
      </p>
    </div>
  );
}

/** Sticks to the bottom of a long form: Cancel left of the one primary button. */
export function FormFoot(props: {
  label: string;
  cancelHref?: string;
  variant?: ButtonVariant;
  children?: Children;
}) {
  const { label, cancelHref, variant = 'primary', children } = props;
  return (
    <div class="form-foot">
      {children}
      <span class="ml-auto flex items-center gap-2">
        {cancelHref === undefined ? null : (
          <LinkButton label="Cancel" variant="ghost" size="default" href={cancelHref} />
        )}
        <Button label={label} type="submit" variant={variant} size="default" />
      </span>
    </div>
  );
}
