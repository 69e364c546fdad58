/** The form of an API key: whose it is, what it may do, until when and how often. */
import { LinkButton } from './components/button.tsx';
import {
  Choices,
  type FormDraft,
  FormFoot,
  FormNotice,
  type Option,
  SelectField,
  TextField,
} from './components/form.tsx';
import { PageHead, Panel } from './components/panel.tsx';
import { Glyph } from './components/state.tsx';

export type KeyFormProps = {
  draft: FormDraft;
  title: string;
  sentence: string;
  action: string;
  submit: string;
  cancelHref: string;
  /** Null: the key has its project for good. */
  projects: { options: readonly Option[]; value: string } | null;
  presets: readonly { value: string; label: string; text: string }[];
  groups: readonly { name: string; scopes: readonly Option[] }[];
  /** While nothing was sent. */
  values: {
    name: string;
    access: string;
    scopes: readonly string[];
    expiresAt: string;
    rateLimit: string;
  };
  revokeHref?: string;
};

const labels = {
  name: 'Name',
  projectId: 'Project',
  access: 'What it may do',
  scopes: 'Permissions',
  expiresAt: 'Ends on',
  rateLimit: 'Rate limit',
};

export function KeyForm(props: KeyFormProps) {
  const { draft, values, revokeHref } = props;
  const typed = (name: 'expiresAt' | 'rateLimit' | 'access') => draft.value(name) ?? values[name];
  return (
    <form
      method="post"
      action={props.action}
      class="group/key flex w-full max-w-[45rem] flex-col gap-5"
    >
      <PageHead
        title={props.title}
        sentence={props.sentence}
        actions={
          revokeHref === undefined ? null : (
            <LinkButton label="Revoke…" variant="destructive" href={revokeHref} />
          )
        }
      />
      <FormNotice draft={draft} labels={labels} />
      <WhichKey {...props} />
      <Panel title={labels.access}>
        <Choices
          name="access"
          legend="Choose one"
          value={typed('access')}
          choices={props.presets}
          class="sm:grid-cols-2"
        />
        <Permissions {...props} />
      </Panel>
      <Panel title="How long, how often?">
        <div class="grid gap-4 sm:grid-cols-2">
          <TextField
            name="expiresAt"
            label={labels.expiresAt}
            type="date"
            optional
            value={typed('expiresAt')}
            error={draft.errors.get('expiresAt')}
            help="To the end of that day, UTC. Empty: it never ends."
          />
          <TextField
            name="rateLimit"
            label={labels.rateLimit}
            type="number"
            unit="a second"
            optional
            value={typed('rateLimit')}
            error={draft.errors.get('rateLimit')}
            help="Requests to each process; more are answered 429. Empty: no limit."
          />
        </div>
      </Panel>
      <FormFoot label={props.submit} cancelHref={props.cancelHref} />
    </form>
  );
}

function WhichKey({ draft, values, projects }: KeyFormProps) {
  return (
    <Panel title="Which key is this?">
      <div class="flex flex-col gap-4">
        <TextField
          name="name"
          label={labels.name}
          value={draft.value('name') ?? values.name}
          error={draft.errors.get('name')}
          help="What uses it, so that somebody knows in a year: checkout, terraform."
          required
          maxlength={200}
          autofocus={projects !== null}
        />
        {projects === null ? (
          <input type="hidden" name="endsNow" value={values.expiresAt} />
        ) : (
          <SelectField
            name="projectId"
            label={labels.projectId}
            options={projects.options}
            value={draft.value('projectId') ?? projects.value}
            error={draft.errors.get('projectId')}
            help="It sees nothing of other projects, and cannot be moved later."
          />
        )}
      </div>
    </Panel>
  );
}

/** The checkboxes count, and are seen, only when they are what was chosen. */
function Permissions({ groups, draft, values }: KeyFormProps) {
  const isSent = draft.value('access') !== undefined;
  const chosen = isSent ? draft.values('scopes') : values.scopes;
  const error = draft.errors.get('scopes');
  return (
    <fieldset
      id="scopes"
      class="mt-4 hidden gap-x-6 gap-y-4 border-t pt-4 group-has-[input[value=custom]:checked]/key:grid sm:grid-cols-3"
      aria-describedby={error === undefined ? undefined : 'scopes-error'}
    >
      <legend class="sr-only" safe>
        {labels.scopes}
      </legend>
      <input type="hidden" name="scopes" value="" />
      {error === undefined ? null : (
        <p class="field-error sm:col-span-3" id="scopes-error">
          <Glyph name="bad" />
          <span safe>{error}</span>
        </p>
      )}
      {groups.map(({ name, scopes }) => (
        <div>
          <h3 class="mb-1 text-xs text-muted-foreground" safe>
            {name}
          </h3>
          {scopes.map(({ value, label }) => (
            <label class="flex min-h-7 items-center gap-2" title={value}>
              <input
                class="input"
                type="checkbox"
                name="scopes"
                value={value}
                checked={chosen.includes(value)}
              />
              <span safe>{label}</span>
            </label>
          ))}
        </div>
      ))}
    </fieldset>
  );
}
