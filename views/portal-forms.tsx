/** The forms of a portal: an endpoint added or changed, its secret rotated, deleted. */
import { FormPage } from './components/dialog.tsx';
import { ChipsField, type FormDraft, FormFoot, FormNotice, TextField } from './components/form.tsx';
import { OverlapField, overlapLabels } from './components/overlap-field.tsx';
import { PageHead, Panel } from './components/panel.tsx';
import { endingOf } from './endpoint-signing.tsx';

const labels = { url: 'URL', description: 'Name', eventTypes: 'Event types' };

export function EndpointForm(props: {
  draft: FormDraft;
  /** Null: a new one. */
  values: { url: string; description: string; eventTypes: readonly string[] } | null;
  mayChooseTypes: boolean;
  title: string;
  action: string;
  submit: string;
  cancelHref: string;
}) {
  const { draft, values, mayChooseTypes, title, action, submit, cancelHref } = props;
  const typed = draft.value('eventTypes');
  return (
    <>
      <PageHead title={title} sentence="Where webhooks of yours are sent." />
      <form class="flex max-w-[720px] flex-col gap-5" method="post" action={action}>
        <FormNotice draft={draft} labels={labels} />
        <Panel title="Where to">
          <div class="flex flex-col gap-4">
            <TextField
              name="url"
              label={labels.url}
              type="url"
              mono
              required
              placeholder="https://example.com/webhooks"
              value={draft.value('url') ?? values?.url}
              error={draft.errors.get('url')}
              help="An address of yours that answers a POST with 2xx."
            />
            <TextField
              name="description"
              label={labels.description}
              optional
              value={draft.value('description') ?? values?.description}
              error={draft.errors.get('description')}
            />
          </div>
        </Panel>
        {mayChooseTypes ? (
          <Panel title="Which events">
            <ChipsField
              name="eventTypes"
              label={labels.eventTypes}
              optional
              values={typed === undefined ? (values?.eventTypes ?? []) : typed.split(/\s+/)}
              error={draft.errors.get('eventTypes')}
              help="Left empty, all of yours. invoice.* is one segment, invoice.** the rest; separated by spaces."
            />
          </Panel>
        ) : null}
        <FormFoot label={submit} cancelHref={cancelHref} />
      </form>
    </>
  );
}

type SmallForm = { draft: FormDraft; name: string; action: string; cancelHref: string };

export function RotateSecret({ draft, name, action, cancelHref }: SmallForm) {
  return (
    <FormPage
      title={`Rotate the secret of ${name}`}
      text="A new one is made and shown at once. Until the old one ends, each request is signed with both."
      action={action}
      submit="Rotate secret"
      cancelHref={cancelHref}
      notice={<FormNotice draft={draft} labels={overlapLabels} />}
    >
      <OverlapField draft={draft} />
    </FormPage>
  );
}

/** @param count of the secrets that still sign beside the current one */
export function EndPreviousSecret({ count, action, cancelHref }: SmallForm & { count: number }) {
  return (
    <FormPage {...endingOf(count)} action={action} cancelHref={cancelHref} variant="destructive" />
  );
}

export function DeleteEndpoint({ draft, name, action, cancelHref }: SmallForm) {
  return (
    <FormPage
      title={`Delete ${name}`}
      text="What waits for it is cancelled, and nothing is sent to it any more. It cannot be undone."
      action={action}
      submit="Delete endpoint"
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
