/** A new endpoint, or its settings to be changed; beside them, what the receiver will get. */
import {
  ChipsField,
  Choices,
  type FormDraft,
  FormFoot,
  FormNotice,
  SelectField,
  SwitchRow,
  TextArea,
  TextField,
} from './components/form.tsx';
import { PageHead, Panel } from './components/panel.tsx';
import { EndpointPreview, type EndpointPreviewProps } from './endpoint-preview.tsx';
import { type ScheduleFigure, SchedulePlot } from './schedule-plot.tsx';

/** In their order on the page, for the notice above them. */
const labels = {
  url: 'URL',
  description: 'Name',
  eventTypes: 'Event types',
  filter: 'Filter',
  timeoutMs: 'Timeout',
  rateLimit: 'Rate limit',
  maxInFlight: 'Most in flight',
  headers: 'Own headers',
  auth: 'How it shows itself',
  'auth.token': 'Token',
  'auth.username': 'User name',
  'auth.password': 'Password',
  'auth.certificate': 'Certificate',
  'auth.privateKey': 'Private key',
  retrySchedule: 'Waits',
};

export type EndpointFormProps = {
  /** Null: a new one. */
  name: string | null;
  action: string;
  cancelHref: string;
  draft: FormDraft;
  schedule: ScheduleFigure;
  preview: EndpointPreviewProps;
};

export function EndpointForm(props: EndpointFormProps) {
  const { name, action, cancelHref, draft, preview } = props;
  const isNew = name === null;
  return (
    <form method="post" action={action} class="flex flex-col gap-5">
      {/* The first button of a form is what Enter presses: it saves, and not the check below. */}
      <button type="submit" hidden>
        Save
      </button>
      <PageHead
        title={isNew ? 'New endpoint' : `Edit ${name}`}
        sentence={
          isNew
            ? 'A URL that gets every matching event as a signed POST.'
            : 'What is under way keeps the settings that it was sent with.'
        }
      />
      <FormNotice draft={draft} labels={labels} />
      {isNew ? null : <input type="hidden" name="updatedAt" value={draft.value('updatedAt')} />}
      <div class="grid gap-5 xl:grid-cols-[minmax(0,1fr)_27rem]">
        <div class="flex min-w-0 flex-col gap-5" {...followed(preview)}>
          <Where draft={draft} />
          <WhichEvents draft={draft} types={preview.types} />
          <HowItIsSent draft={draft} />
          <WhenItFails {...props} />
          <Signature draft={draft} isNew={isNew} />
        </div>
        <div class="aside-col xl:sticky xl:top-17 xl:flex xl:flex-col xl:items-stretch xl:self-start">
          <EndpointPreview {...preview} />
        </div>
      </div>
      <FormFoot label={isNew ? 'Create endpoint' : 'Save changes'} cancelHref={cancelHref}>
        {isNew ? (
          <label class="flex items-center gap-2">
            <input
              type="checkbox"
              class="input"
              name="sendTest"
              value="on"
              checked={draft.value('sendTest') === 'on'}
            />
            Send a test event after saving
          </label>
        ) : null}
      </FormFoot>
    </form>
  );
}

/** With script, what stands beside the fields follows them; without, its button asks. */
function followed({ checkPath }: EndpointPreviewProps) {
  return {
    'hx-post': checkPath,
    'hx-trigger': 'change',
    'hx-target': '#endpoint-preview',
    'hx-swap': 'outerMorph',
  };
}

type Part = { draft: FormDraft };

function fieldOf(draft: FormDraft, name: keyof typeof labels) {
  const shown = { name, label: labels[name], error: draft.errors.get(name) };
  return { ...shown, value: draft.value(name) };
}

function Where({ draft }: Part) {
  return (
    <Panel title="Where">
      <div class="grid gap-4">
        <TextField
          {...fieldOf(draft, 'url')}
          type="url"
          mono
          required
          placeholder="https://example.com/webhooks"
          help="https, or http for a test. The address is checked again before each request."
        />
        <TextField
          {...fieldOf(draft, 'description')}
          optional
          maxlength={1000}
          help="What your team calls it. Shown in lists instead of the URL."
        />
      </div>
    </Panel>
  );
}

function WhichEvents({ draft, types }: Part & { types: EndpointPreviewProps['types'] }) {
  return (
    <Panel title="Which events">
      <div class="grid gap-4">
        <ChipsField
          {...fieldOf(draft, 'eventTypes')}
          values={types.typed}
          placeholder="invoice.paid or invoice.*"
          help="Separated by spaces. * is one segment, ** the rest; none at all means every type."
        />
        <SeenTypes {...types} />
        <TextArea
          {...fieldOf(draft, 'filter')}
          optional
          mono
          rows={3}
          help={
            'JSON on type, payload and metadata, as {"payload":{"total":{"$gte":100}}}. Operators: $eq $neq $gt $gte $lt $lte $in $nin $startsWith $endsWith $exist $and $or $not.'
          }
        />
      </div>
    </Panel>
  );
}

/** Of the newest events; ticked ones are wanted beside those that were typed. */
function SeenTypes({ seen }: EndpointPreviewProps['types']) {
  if (seen.length === 0) return null;
  return (
    <fieldset class="grid gap-2" aria-describedby="seen-types-note">
      <legend class="mb-2 font-medium">Seen lately</legend>
      <div class="flex flex-wrap gap-1.5">
        {seen.map(({ type, count, isTicked }) => (
          <label class="chip cursor-pointer has-checked:border-primary has-checked:bg-primary/6">
            <input type="checkbox" class="input" name="seenTypes" value={type} checked={isTicked} />
            <span class="font-mono" safe>
              {type}
            </span>
            <span class="num text-muted-foreground" safe>
              {count}
            </span>
          </label>
        ))}
      </div>
      <p class="note" id="seen-types-note">
        With how many of the newest events. Ticked ones are wanted beside those that are typed.
      </p>
    </fieldset>
  );
}

const authKinds = [
  { value: 'none', label: 'By the signature alone' },
  { value: 'bearer', label: 'Bearer token' },
  { value: 'basic', label: 'User name and password' },
  { value: 'mtls', label: 'Client certificate' },
];

function HowItIsSent({ draft }: Part) {
  return (
    <Panel title="How it is sent">
      <div class="grid gap-4">
        <div class="grid gap-4 sm:grid-cols-3">
          <TextField
            {...fieldOf(draft, 'timeoutMs')}
            type="number"
            min={0.1}
            max={60}
            step="any"
            unit="s"
            help="0.1 to 60 s, then it counts as failed"
          />
          <TextField
            {...fieldOf(draft, 'rateLimit')}
            type="number"
            min={1}
            unit="per second"
            help="Empty means no limit"
          />
          <TextField
            {...fieldOf(draft, 'maxInFlight')}
            type="number"
            min={1}
            max={1000}
            help="1 to 1 000 requests at once"
          />
        </div>
        <div class="border-t pt-4">
          <SwitchRow
            name="ordered"
            label="Keep the order"
            text="One at a time for each ordering key. A failing delivery holds back the ones behind it until it is given up."
            checked={draft.value('ordered') === 'on'}
          />
        </div>
        <div class="border-t pt-4">
          <TextArea
            {...fieldOf(draft, 'headers')}
            optional
            mono
            rows={3}
            help="One a line, as x-webhook-source: opsforge. Stored encrypted; [masked] keeps the stored value."
          />
        </div>
        <AuthFields draft={draft} />
      </div>
    </Panel>
  );
}

/** The fields of one way at a time, by a style of components.css. */
function AuthFields({ draft }: Part) {
  return (
    <div class="auth-fields grid gap-4 border-t pt-4">
      <SelectField {...fieldOf(draft, 'auth')} options={authKinds} />
      <div data-auth="bearer">
        <TextField {...fieldOf(draft, 'auth.token')} mono autocomplete="off" />
      </div>
      <div data-auth="basic" class="grid gap-4 sm:grid-cols-2">
        <TextField {...fieldOf(draft, 'auth.username')} autocomplete="off" />
        <TextField {...fieldOf(draft, 'auth.password')} autocomplete="off" />
      </div>
      <div data-auth="mtls" class="grid gap-4">
        <TextArea
          {...fieldOf(draft, 'auth.certificate')}
          mono
          rows={4}
          help="PEM, the chain after it."
        />
        <TextArea
          {...fieldOf(draft, 'auth.privateKey')}
          mono
          rows={4}
          help="PEM, without a passphrase."
        />
      </div>
    </div>
  );
}

const schedules = [
  { value: 'days', label: 'Three days' },
  { value: 'hour', label: 'One hour' },
  { value: 'once', label: 'Once' },
  { value: 'own', label: 'Own waits' },
];

function WhenItFails({ draft, schedule }: EndpointFormProps) {
  return (
    <Panel title="When it fails">
      <div class="retry-fields grid gap-4">
        <SelectField
          name="retries"
          label="It is tried for"
          options={schedules}
          value={draft.value('retries')}
        />
        <div data-retries="own">
          <TextField
            {...fieldOf(draft, 'retrySchedule')}
            mono
            help="After the first, second, … failed attempt, as 5s 5min 2h 1d; at most 20."
          />
        </div>
        <SchedulePlot schedule={schedule} />
        <p class="note">
          Each wait varies by ± 20 %. A 2xx ends it, 410 disables the endpoint, Retry-After is kept.
        </p>
      </div>
    </Panel>
  );
}

function Signature({ draft, isNew }: Part & { isNew: boolean }) {
  return (
    <Panel title="Signature">
      <Choices
        name="signing"
        legend="Requests are signed by"
        value={draft.value('signing')}
        class="sm:grid-cols-2"
        choices={[
          {
            value: 'hmac',
            label: 'HMAC-SHA256',
            text: 'One shared secret, made when you save. Every language can check it.',
          },
          {
            value: 'ed25519',
            label: 'ed25519',
            text: 'You get a public key. For receivers that must not be able to sign.',
          },
        ]}
      />
      {isNew ? null : (
        <p class="note mt-3">
          A change makes a secret of the other kind; those until now stay valid for 24 hours.
        </p>
      )}
    </Panel>
  );
}
