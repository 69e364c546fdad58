/**
 * The form of a replay, in two steps: it is counted first, and what was counted is what the button
 * then says. In a dialog on an endpoint's page, and on a page of its own, where the endpoint is one
 * of the fields.
 */
import { Button, LinkButton } from './components/button.tsx';
import { CloseButton } from './components/dialog.tsx';
import {
  type FormDraft,
  FormNotice,
  type Option,
  SelectField,
  TextField,
} from './components/form.tsx';
import { formatCount, formatDuration } from './components/format.ts';
import { Callout } from './components/panel.tsx';

export type ReplayCount = {
  matched: number;
  /** Counting had not come to its end. */
  more: boolean;
  /** What was counted; started with other values, it is counted anew. */
  of: string;
};

export type ReplayFormProps = {
  action: string;
  draft: FormDraft;
  /** Null in the dialog of one endpoint. */
  endpoints: readonly Option[] | null;
  title: string;
  cancelHref: string;
  count: ReplayCount | null;
};

const labels = {
  endpointId: 'Endpoint',
  'filter.since': 'From',
  'filter.until': 'To',
  'filter.status': 'State',
  'filter.type': 'Event type',
  ratePerSecond: 'At most, per second',
};

/** As a value of the select for "however it ended". */
export const anyStatus = 'any';

const statuses = [
  { value: 'failed', label: 'Failed' },
  { value: 'cancelled', label: 'Cancelled' },
  { value: 'delivered', label: 'Delivered' },
  { value: anyStatus, label: 'However it ended' },
  { value: 'missing', label: 'Missing: never had a delivery' },
];

/** The fragment `replay-dialog-form`. */
export function ReplayDialog(props: ReplayFormProps) {
  return (
    <dialog class="dialog" id="replay" aria-labelledby="replay-title">
      <ReplayDialogForm {...props} />
    </dialog>
  );
}

export function ReplayDialogForm(props: ReplayFormProps) {
  const { title } = props;
  const id = 'replay-dialog-form';
  return (
    <form id={id} method="post" {...sending(props, id)}>
      <header>
        <h2 id="replay-title" safe>
          {title}
        </h2>
        <p>{explanation}</p>
      </header>
      <section class="flex flex-col gap-4">
        <Fields {...props} />
      </section>
      <footer>
        <CloseButton />
        <Steps {...props} />
      </footer>
    </form>
  );
}

/** The fragment `replay-form`. */
export function ReplayForm(props: ReplayFormProps) {
  const { title, cancelHref } = props;
  const id = 'replay-form';
  return (
    <form id={id} class="card w-full max-w-xl" method="post" {...sending(props, id)}>
      <header>
        <h1 class="text-sm leading-5" safe>
          {title}
        </h1>
      </header>
      <section class="flex flex-col gap-4">
        <p class="text-muted-foreground">{explanation}</p>
        <Fields {...props} />
      </section>
      <footer class="justify-end!">
        <LinkButton label="Cancel" size="default" href={cancelHref} />
        <Steps {...props} />
      </footer>
    </form>
  );
}

const explanation =
  'Each match is delivered once more, oldest first. The job survives restarts and can be cancelled.';

function sending({ action }: ReplayFormProps, id: string) {
  return { action, 'hx-post': action, 'hx-target': `#${id}`, 'hx-swap': 'outerHTML' };
}

function Fields({ draft, endpoints, count }: ReplayFormProps) {
  const field = (name: keyof typeof labels) => ({
    name,
    label: labels[name],
    value: draft.value(name),
    error: draft.errors.get(name),
  });
  const rate = Number(draft.value('ratePerSecond') ?? '');
  return (
    <>
      <FormNotice draft={draft} labels={labels} />
      {endpoints === null ? (
        <input type="hidden" name="endpointId" value={draft.value('endpointId')} />
      ) : (
        <SelectField {...field('endpointId')} options={endpoints} />
      )}
      <div class="grid gap-3 sm:grid-cols-2">
        <TextField {...field('filter.since')} label="From (UTC)" type="datetime-local" step="1" />
        <TextField {...field('filter.until')} label="To (UTC)" type="datetime-local" step="1" />
        <SelectField {...field('filter.status')} options={statuses} />
        <TextField {...field('filter.type')} optional placeholder="invoice.*" mono />
      </div>
      <TextField
        {...field('ratePerSecond')}
        type="number"
        min={1}
        optional
        unit="per second"
        help="Empty: as fast as the endpoint's own limits allow."
      />
      {count === null ? null : <Counted count={count} rate={rate} />}
    </>
  );
}

function matchWords({ matched, more }: ReplayCount): string {
  return `${more ? 'more than ' : ''}${formatCount(matched)} ${matched === 1 ? 'delivery' : 'deliveries'}`;
}

function Counted({ count, rate }: { count: ReplayCount; rate: number }) {
  const { matched, more, of } = count;
  const verb = matched === 1 ? 'matches' : 'match';
  const title = matched === 0 ? 'Nothing matches' : `${matchWords(count)} ${verb}`;
  const takes = formatDuration(Math.ceil(matched / rate) * 1_000);
  return (
    <>
      <input type="hidden" name="counted" value={of} />
      <div role="status">
        <Callout
          glyph={matched === 0 ? 'cancel' : 'ok'}
          title={title.charAt(0).toUpperCase() + title.slice(1)}
        >
          {matched === 0 ? (
            'Change the time, the state or the type.'
          ) : rate > 0 && !more ? (
            <span safe>{`Takes about ${takes} at this rate.`}</span>
          ) : (
            'What came to match since is sent as well.'
          )}
        </Callout>
      </div>
    </>
  );
}

function Steps({ count }: ReplayFormProps) {
  const isCounted = count !== null && count.matched > 0;
  return (
    <>
      <Button
        label={count === null ? 'Count what matches' : 'Count again'}
        type="submit"
        name="step"
        value="count"
        size="default"
        variant={isCounted ? 'outline' : 'primary'}
      />
      {isCounted ? (
        <Button
          label={`Replay ${matchWords(count)}`}
          type="submit"
          name="step"
          value="start"
          size="default"
          variant="primary"
        />
      ) : null}
    </>
  );
}
