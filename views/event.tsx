/** Who got it, what was in it? Deliveries to each endpoint, the payload, who did not want it. */
import { Button, CopyButton, LinkButton } from './components/button.tsx';
import { type FormDraft, FormFoot, FormNotice } from './components/form.tsx';
import { formatClock, formatMoment } from './components/format.ts';
import { Empty, type Fact, Facts, PageHead, Panel } from './components/panel.tsx';
import { live } from './components/refresh.ts';
import { State } from './components/state.tsx';
import { Table } from './components/table.tsx';
import { Id, Tag } from './components/text.tsx';
import {
  AttemptCells,
  attemptColumns,
  type DeliveryRow,
  NextCell,
  nextColumn,
} from './delivery-parts.tsx';
import { Payload, type PayloadProps } from './payload.tsx';

export type EventProps = {
  path: string;
  id: string;
  type: string;
  sentence: string;
  acceptedAt: string;
  /** What posts it once more; null when it is too long for a command. */
  curl: string | null;
  from: string;
  orderingKey: string | null;
  metadata: readonly { name: string; value: string; href: string }[];
  deliveries: EventDeliveriesProps;
  payload: PayloadProps;
  unwanted: readonly { name: string; url: string; href: string; words: string }[];
  /** Endpoints that want other types: only counted. */
  otherTypes: number;
  /** Null for who may not, or when there is nothing to send. */
  againHref: string | null;
};

export function EventPage(props: EventProps) {
  return (
    <>
      <PageHead
        title={props.type}
        sentence={props.sentence}
        actions={
          <>
            {props.curl === null ? null : (
              <Button
                label="Copy as curl"
                icon="terminal"
                copies={props.curl}
                shortcut="C"
                class="needs-script"
              />
            )}
            {props.againHref === null ? null : (
              <LinkButton
                label="Send again…"
                icon="rotate-cw"
                variant="primary"
                href={props.againHref}
                shortcut="A"
              />
            )}
          </>
        }
      />
      <div class="split xl:grid-cols-[minmax(0,1fr)_20rem]">
        <div class="main-col">
          <EventDeliveries {...props.deliveries} />
          <Payload {...props.payload} />
        </div>
        <div class="aside-col">
          <EventFacts {...props} />
          <Metadata {...props} />
          <Unwanted {...props} />
        </div>
      </div>
    </>
  );
}

export type EventDeliveriesProps = {
  rows: readonly DeliveryRow[];
  path: string;
  allHref: string | null;
  nowMs: number;
};

/** The part `deliveries`. */
export function EventDeliveries({ rows, path, allHref, nowMs }: EventDeliveriesProps) {
  const endpoints = new Set(rows.map(({ endpoint }) => endpoint.url)).size;
  return (
    <div id="deliveries" {...live(path, ['deliveries'], { hold: 'rows' })}>
      <Panel
        title="Deliveries"
        sub={`${rows.length}, to ${endpoints} ${endpoints === 1 ? 'endpoint' : 'endpoints'}`}
        flush
        footer={
          allHref === null ? null : (
            <a class="link" href={allHref}>
              All of its deliveries
            </a>
          )
        }
      >
        {rows.length === 0 ? (
          <Empty icon="inbox" title="No endpoint wanted it" />
        ) : (
          <Table
            compact
            label="Deliveries of this event"
            columns={[
              { name: 'State' },
              { name: 'Endpoint' },
              ...attemptColumns,
              nextColumn,
              { name: 'Done, UTC', number: true },
              { name: 'Delivery' },
            ]}
          >
            {rows.map((row) => (
              <Row row={row} nowMs={nowMs} />
            ))}
          </Table>
        )}
      </Panel>
    </div>
  );
}

function Row({ row, nowMs }: { row: DeliveryRow; nowMs: number }) {
  return (
    <tr>
      <td class="c-state">
        <State name={row.state} />
      </td>
      <td class="c-main font-medium">
        <span class="flex max-w-44 items-center gap-2">
          <a class="quiet-link truncate" href={row.href} title={row.endpoint.url} safe>
            {row.endpoint.name}
          </a>
          {row.isReplay ? <Tag word="replay" /> : null}
        </span>
      </td>
      <AttemptCells row={row} />
      <NextCell row={row} nowMs={nowMs} />
      <td class="r max-sm:hidden!" safe>
        {row.completedAt === null ? '–' : formatClock(row.completedAt)}
      </td>
      <td>
        <Id id={row.id} />
      </td>
    </tr>
  );
}

function EventFacts({ id, acceptedAt, from, orderingKey }: EventProps) {
  const facts: Fact[] = [
    {
      name: 'Id',
      value: (
        <span class="inline-flex items-center gap-1">
          <Id id={id} />
          <CopyButton text={id} what="event id" />
        </span>
      ),
    },
    {
      name: 'Accepted',
      value: (
        <time datetime={acceptedAt} title={formatMoment(acceptedAt)} safe>
          {formatMoment(acceptedAt).slice(11)}
        </time>
      ),
    },
    { name: 'From', value: <span safe>{from}</span> },
    {
      name: 'Ordering key',
      value: (
        <span class="mono" safe>
          {orderingKey ?? '–'}
        </span>
      ),
    },
  ];
  return (
    <Panel title="Event">
      <Facts facts={facts} />
    </Panel>
  );
}

function Metadata({ metadata }: EventProps) {
  if (metadata.length === 0) return null;
  return (
    <Panel title="Metadata" sub="a value finds its events">
      <dl class="facts">
        {metadata.map(({ name, value, href }) => (
          <>
            <dt>
              <span class="mono" safe>
                {name}
              </span>
            </dt>
            <dd>
              <a class="link mono" href={href} safe>
                {value}
              </a>
            </dd>
          </>
        ))}
      </dl>
    </Panel>
  );
}

function Unwanted({ unwanted, otherTypes }: EventProps) {
  return (
    <Panel title="Endpoints that did not get it">
      {unwanted.length + otherTypes === 0 ? (
        <p class="text-muted-foreground">None: every endpoint of the project has it.</p>
      ) : (
        <ul class="flex flex-col gap-2.5">
          {unwanted.map(({ name, url, href, words }) => (
            <li class="flex items-baseline justify-between gap-3">
              <a class="quiet-link min-w-0 truncate" href={href} title={url} safe>
                {name}
              </a>
              <span class="text-xs whitespace-nowrap text-muted-foreground" safe>
                {words}
              </span>
            </li>
          ))}
          {otherTypes === 0 ? null : (
            <li class="flex items-baseline justify-between gap-3">
              <span safe>{otherTypes === 1 ? '1 endpoint' : `${otherTypes} endpoints`}</span>
              <span class="text-xs text-muted-foreground">want other event types</span>
            </li>
          )}
        </ul>
      )}
      <p class="note mt-3">By what they want today; it was decided when the event was accepted.</p>
    </Panel>
  );
}

export type SendAgainProps = {
  type: string;
  action: string;
  backHref: string;
  /** One of each endpoint: its newest delivery. */
  choices: readonly { id: string; name: string; words: string; disabled: boolean }[];
  draft: FormDraft;
};

export function SendAgain({ type, action, backHref, choices, draft }: SendAgainProps) {
  const ticked = draft.values('id');
  return (
    <form method="post" action={action} class="flex w-full max-w-[45rem] flex-col gap-5">
      <PageHead
        title={`Send ${type} again`}
        sentence="The receiver gets the same webhook-id: one that checks it skips what it has."
      />
      <FormNotice draft={draft} labels={{}} />
      <Panel title="To which endpoints?">
        <fieldset class="grid grid-cols-[minmax(0,1fr)] gap-2" aria-label="Endpoints">
          {choices.map(({ id, name, words, disabled }) => (
            <label class={['flex items-center gap-2.5', disabled && 'text-muted-foreground']}>
              <input
                type="checkbox"
                class="input"
                name="id"
                value={id}
                disabled={disabled}
                checked={ticked.includes(id)}
              />
              <span class="min-w-0 truncate" title={name} safe>
                {name}
              </span>
              <span class="ml-auto text-xs whitespace-nowrap text-muted-foreground" safe>
                {words}
              </span>
            </label>
          ))}
        </fieldset>
      </Panel>
      <FormFoot label="Send again" cancelHref={backHref} />
    </form>
  );
}
