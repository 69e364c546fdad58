/** The tab Settings: all of them, and at the end what stops or removes the endpoint. */
import { LinkButton } from './components/button.tsx';
import { CodeBox, JsonLines } from './components/code.tsx';
import { FormDialog, FormPage } from './components/dialog.tsx';
import { type FormDraft, TextField } from './components/form.tsx';
import { Facts, KeyValues, Panel } from './components/panel.tsx';
import { Tag } from './components/text.tsx';
import { type ConfirmProps, EndpointHead, type EndpointHeadProps } from './endpoint-head.tsx';

export type SettingFact =
  | { name: string; text: string }
  | { name: string; tags: readonly string[] };

export function SettingFacts({ facts }: { facts: readonly SettingFact[] }) {
  return (
    <Facts
      facts={facts.map((fact) => ({
        name: fact.name,
        value:
          'tags' in fact ? (
            <span class="flex flex-wrap gap-1">
              {fact.tags.map((tag) => (
                <Tag word={tag} />
              ))}
            </span>
          ) : (
            <span title={fact.text} safe>
              {fact.text}
            </span>
          ),
      }))}
    />
  );
}

type SettingsProps = {
  head: EndpointHeadProps;
  facts: readonly SettingFact[];
  /** JSON. */
  filter: string | null;
  /** Names, and masks. */
  headers: readonly (readonly [string, string])[];
  remove: ConfirmProps;
};

export function EndpointSettings({ head, facts, filter, headers, remove }: SettingsProps) {
  const { path, mayChange } = head;
  return (
    <>
      <EndpointHead {...head} />
      <div class="grid items-start gap-5 xl:grid-cols-2">
        <Panel
          title="Settings"
          actions={
            mayChange ? <LinkButton label="Edit" icon="pencil" href={`${path}/edit`} /> : null
          }
        >
          <SettingFacts facts={facts} />
        </Panel>
        <div class="flex min-w-0 flex-col gap-5">
          <Panel title="Filter" sub="on type, payload and metadata">
            {filter === null ? (
              <p class="text-muted-foreground">None: every event of its types.</p>
            ) : (
              <CodeBox title="JSON" copies={filter}>
                <JsonLines text={filter} />
              </CodeBox>
            )}
          </Panel>
          <Panel title="Own headers" sub="stored encrypted" flush>
            {headers.length === 0 ? (
              <p class="px-4 py-3 text-muted-foreground">None beside those that opsforge sets.</p>
            ) : (
              <KeyValues pairs={headers} />
            )}
          </Panel>
        </div>
      </div>
      {mayChange ? <DangerZone head={head} remove={remove} /> : null}
    </>
  );
}

function DangerZone({ head, remove }: Pick<SettingsProps, 'head' | 'remove'>) {
  const { path, name } = head;
  return (
    <Panel title="Delete this endpoint" class="danger-zone">
      <div class="flex flex-wrap items-center justify-between gap-3">
        <p class="text-muted-foreground" safe>
          {remove.text}
        </p>
        <LinkButton
          label="Delete…"
          icon="x"
          variant="destructive"
          href={`${path}/delete`}
          open="delete"
        />
      </div>
      <FormDialog id="delete" action={`${path}/delete`} variant="destructive" {...remove}>
        <NameField name={name} />
      </FormDialog>
    </Panel>
  );
}

/** Typed, so that nobody deletes another one than they think. */
function NameField({ name, draft }: { name: string; draft?: FormDraft | undefined }) {
  return (
    <TextField
      name="name"
      label={`Type ${name}`}
      value={draft?.value('name')}
      error={draft?.errors.get('name')}
      autocomplete="off"
      required
    />
  );
}

/** Of the same forms as pages. */
export function DeletePage(
  props: ConfirmProps & { name: string; action: string; cancelHref: string; draft?: FormDraft },
) {
  const { name, draft, ...form } = props;
  return (
    <FormPage variant="destructive" {...form}>
      <NameField name={name} draft={draft} />
    </FormPage>
  );
}
