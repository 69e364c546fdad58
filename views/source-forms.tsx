/** The forms of a source: made and changed, its secret changed, deleted. */
import { FormPage } from './components/dialog.tsx';
import {
  emptyDraft,
  type FormDraft,
  FormFoot,
  FormNotice,
  SelectField,
  SwitchRow,
  TextField,
} from './components/form.tsx';
import { OverlapField, overlapLabels } from './components/overlap-field.tsx';
import { PageHead, Panel } from './components/panel.tsx';

type Words = { label: string; paste: string; secret: string; typeExample: string };

type Settings = {
  signatureHeader?: string | undefined;
  algorithm?: string | undefined;
  encoding?: string | undefined;
  prefix?: string | undefined;
  idHeader?: string | undefined;
  crc?: boolean | undefined;
};

export type SourceFormProps = {
  draft: FormDraft;
  kind: string;
  words: Words;
  title: string;
  action: string;
  submit: string;
  cancelHref: string;
  /** The sender makes it. */
  needsSecret: boolean;
  /** Of the source that is changed; null: a new one. */
  values: { name: string; eventType: string | null; settings: Settings } | null;
};

const labels = {
  name: 'Name',
  secret: 'Secret',
  eventType: 'Event type',
  'settings.signatureHeader': 'Signature header',
  'settings.algorithm': 'Algorithm',
  'settings.encoding': 'Encoding',
  'settings.prefix': 'Prefix',
  'settings.idHeader': 'Header that tells repeats',
};

export function SourceForm(props: SourceFormProps) {
  const { draft, kind, words, title, action, submit, cancelHref, values } = props;
  const isNew = values === null;
  const field = (name: keyof typeof labels, saved?: string | null) => ({
    ...{ name, label: labels[name], error: draft.errors.get(name) },
    value: draft.value(name) ?? saved ?? undefined,
  });
  return (
    <>
      <PageHead
        title={title}
        {...(isNew ? { sentence: `You get a URL to paste ${words.paste}` } : {})}
      />
      <form class="flex max-w-[720px] flex-col gap-5" method="post" action={action}>
        {isNew ? <input type="hidden" name="kind" value={kind} /> : null}
        <FormNotice draft={draft} labels={labels} />
        <Panel title="Who sends">
          <div class="flex flex-col gap-4">
            <TextField
              {...field('name', values?.name)}
              maxlength={200}
              required
              help="As people call it: a repository, an account, a partner."
            />
            {isNew ? (
              <TextField
                {...field('secret')}
                mono
                autocomplete="off"
                optional={!props.needsSecret}
                help={words.secret}
              />
            ) : null}
          </div>
        </Panel>
        {kind === 'hmac' ? <HmacFields draft={draft} settings={values?.settings ?? {}} /> : null}
        <Panel title="What it becomes">
          <TextField
            {...field('eventType', values?.eventType)}
            mono
            optional
            help={`Left empty: ${words.typeExample} and the like. {type} stands for that: code.{type}.`}
          />
        </Panel>
        <FormFoot label={submit} cancelHref={cancelHref} />
      </form>
    </>
  );
}

const same = (value: string) => ({ value, label: value });

function HmacFields({ draft, settings }: { draft: FormDraft; settings: Settings }) {
  const isSent = draft !== emptyDraft;
  const field = (name: keyof typeof labels, saved: string | undefined) => ({
    ...{ name, label: labels[name], error: draft.errors.get(name) },
    value: isSent ? draft.value(name) : saved,
  });
  const { signatureHeader, algorithm, encoding, prefix, idHeader, crc = false } = settings;
  return (
    <Panel title="How it signs">
      <div class="flex flex-col gap-4">
        <TextField
          {...field('settings.signatureHeader', signatureHeader)}
          mono
          optional
          help="Which header holds the signature; x-signature when left empty."
        />
        <div class="grid gap-4 sm:grid-cols-3">
          <SelectField
            {...field('settings.algorithm', algorithm ?? 'sha256')}
            options={[same('sha256'), same('sha512'), same('sha1')]}
          />
          <SelectField
            {...field('settings.encoding', encoding ?? 'hex')}
            options={[same('hex'), same('base64')]}
          />
          <TextField {...field('settings.prefix', prefix)} mono optional help="As sha256=" />
        </div>
        <TextField
          {...field('settings.idHeader', idHeader)}
          mono
          optional
          help="Without it each message is an event of its own."
        />
        <SwitchRow
          name="settings.crc"
          label="Answer crc_token"
          text="The challenge of X, GET …?crc_token="
          checked={isSent ? draft.value('settings.crc') === 'on' : crc}
        />
      </div>
    </Panel>
  );
}

type SmallForm = { draft: FormDraft; name: string; action: string; cancelHref: string };

/** `optional`: left empty, one is made. */
export function SourceSecretForm(props: SmallForm & { help: string; optional: boolean }) {
  const { draft, name, action, cancelHref, help, optional } = props;
  return (
    <FormPage
      title={`Change the secret of ${name}`}
      text="The one until now stays valid for a while, so that nothing is refused while you set the new one there. At most 5 are valid at once."
      action={action}
      submit="Change secret"
      cancelHref={cancelHref}
      notice={<FormNotice draft={draft} labels={{ secret: 'New secret', ...overlapLabels }} />}
    >
      <TextField
        name="secret"
        label="New secret"
        mono
        autocomplete="off"
        {...{ optional, help }}
        value={draft.value('secret')}
        error={draft.errors.get('secret')}
      />
      <OverlapField draft={draft} />
    </FormPage>
  );
}

export function DeleteSource({ draft, name, action, cancelHref }: SmallForm) {
  return (
    <FormPage
      title={`Delete ${name}`}
      text="What its sender posts from now on is refused with 404. Events that came from it stay. It cannot be undone: a new source has another address."
      action={action}
      submit={`Delete ${name}`}
      variant="destructive"
      cancelHref={cancelHref}
      notice={<FormNotice draft={draft} labels={{ confirm: 'Name' }} />}
    >
      <TextField
        name="confirm"
        label={`Type ${name}`}
        autocomplete="off"
        value={draft.value('confirm')}
        error={draft.errors.get('confirm')}
      />
    </FormPage>
  );
}
