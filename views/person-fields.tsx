/** The fields by which people name and prove themselves, with what browsers fill in by. */
import { emptyDraft, type FormDraft, TextField } from './components/form.tsx';

type Props = { draft?: FormDraft | undefined; autofocus?: boolean };

const emailLengthMax = 300;
const nameLengthMax = 200;

/** `given`: the address that it is about, which cannot be changed here. */
export function EmailField({
  draft = emptyDraft,
  autofocus = false,
  given,
}: Props & { given?: string }) {
  return (
    <TextField
      name="email"
      label="E-mail"
      type="email"
      autocomplete="username"
      value={given ?? draft.value('email')}
      error={draft.errors.get('email')}
      required
      maxlength={emailLengthMax}
      autofocus={autofocus}
      readonly={given !== undefined}
    />
  );
}

export function NameField({
  draft = emptyDraft,
  autofocus = false,
  given,
}: Props & { given?: string }) {
  return (
    <TextField
      name="name"
      label="Your name"
      autocomplete="name"
      value={draft.value('name') ?? given}
      error={draft.errors.get('name')}
      required
      maxlength={nameLengthMax}
      autofocus={autofocus}
    />
  );
}

/** The one that a person has already. */
export function PasswordField(props: Props & { name?: string; label?: string }) {
  const { draft = emptyDraft, autofocus = false, name = 'password', label = 'Password' } = props;
  return (
    <TextField
      {...{ name, label, autofocus }}
      type="password"
      autocomplete="current-password"
      error={draft.errors.get(name)}
      required
    />
  );
}

/** One that is chosen here; what is too short is said by the use case. */
export function NewPasswordField(props: Props & { name?: string; label?: string }) {
  const { draft = emptyDraft, autofocus = false, name = 'password', label = 'Password' } = props;
  return (
    <TextField
      {...{ name, label, autofocus }}
      type="password"
      autocomplete="new-password"
      error={draft.errors.get(name)}
      help="At least 10 characters. Three or four words are fine; no other rules."
      required
    />
  );
}

/** Of a tenant, by the field's name. */
export function TenantNameField(props: Props & { name: string; label: string }) {
  const { draft = emptyDraft, autofocus = false, name, label } = props;
  return (
    <TextField
      {...{ name, label, autofocus }}
      autocomplete="organization"
      value={draft.value(name)}
      error={draft.errors.get(name)}
      help="The name of your tenant. Projects, keys and people belong to it."
      required
      maxlength={nameLengthMax}
    />
  );
}
