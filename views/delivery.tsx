/** Why did it fail, will it try again? Head, notice, attempts, facts, and what comes next. */
import { Button, CopyButton, LinkButton, PanelLink } from './components/button.tsx';
import { formatClock, formatDuration, shortId } from './components/format.ts';
import { Callout, type Fact, Facts, PageHead, Panel } from './components/panel.tsx';
import { live } from './components/refresh.ts';
import { Glyph, type GlyphName, Pill, State, type StateName } from './components/state.tsx';
import { Ago, Id, StatusCode, Tag } from './components/text.tsx';
import {
  Attempts,
  type AttemptsProps,
  Exchange,
  type ExchangeProps,
} from './delivery-attempts.tsx';
import { type DeliveryRow, EndpointName } from './delivery-parts.tsx';

export type ScheduleStep = {
  number: number;
  waitMs: number | null;
  state: 'delivered' | 'failed' | 'next' | 'later' | 'unused';
  at: string | null;
};

export type DeliveryProps = AttemptsProps &
  ExchangeProps & {
    path: string;
    id: string;
    eventType: string;
    state: StateName;
    sentence: string;
    notice: { tone: 'bad' | 'warn' | undefined; title: string; text: string } | null;
    orderingKey: string | null;
    endpoint: DeliveryRow['endpoint'];
    isReplay: boolean;
    schedule: readonly ScheduleStep[];
    siblings: readonly DeliveryRow[];
    retryPath: string | null;
    cancelPath: string | null;
  };

/** The part `delivery` is all of it: attempts arrive on top while one looks. */
export function DeliveryPage(props: DeliveryProps) {
  const { notice } = props;
  return (
    <div
      id="delivery"
      class="flex flex-col gap-5"
      {...live(props.path, ['deliveries', 'endpoints'])}
    >
      <Head {...props} />
      {notice === null ? null : (
        <Callout
          glyph={notice.tone ?? 'paused'}
          {...(notice.tone ? { tone: notice.tone } : {})}
          title={notice.title}
        >
          <span safe>{notice.text}</span>
        </Callout>
      )}
      <div class="split xl:grid-cols-[minmax(0,1fr)_20rem]">
        <div class="main-col">
          <Attempts {...props} />
          <Exchange {...props} />
        </div>
        <div class="aside-col">
          <DeliveryFacts {...props} />
          <Schedule {...props} />
          <Siblings {...props} />
        </div>
      </div>
    </div>
  );
}

function Head({ eventType, state, sentence, curl, retryPath, cancelPath }: DeliveryProps) {
  return (
    <PageHead
      title={eventType}
      state={<Pill name={state} />}
      sentence={sentence}
      actions={
        <>
          {cancelPath === null ? null : <LinkButton label="Cancel…" icon="ban" href={cancelPath} />}
          {curl === null ? null : (
            <Button
              label="Copy as curl"
              icon="terminal"
              copies={curl.command}
              shortcut="C"
              class="needs-script"
            />
          )}
          {retryPath === null ? null : (
            <form method="post" action={retryPath}>
              <Button
                label="Retry now"
                icon="rotate-cw"
                type="submit"
                variant="primary"
                shortcut="R"
              />
            </form>
          )}
        </>
      }
    />
  );
}

function DeliveryFacts(props: DeliveryProps) {
  const { id, event, endpoint, acceptedAt, nowMs } = props;
  const facts: Fact[] = [
    {
      name: 'Id',
      value: (
        <span class="inline-flex items-center gap-1">
          <Id id={id} />
          <CopyButton text={id} what="delivery id" />
        </span>
      ),
    },
    {
      name: 'Event',
      value: (
        <span class="inline-flex items-center gap-1">
          <a class="link mono" href={event.href} title={event.id} safe>
            {shortId(event.id)}
          </a>
          <CopyButton text={event.id} what="event id" />
        </span>
      ),
    },
    {
      name: 'Endpoint',
      value: <EndpointName endpoint={endpoint} />,
    },
    {
      name: 'URL',
      value: (
        <span class="mono" title={endpoint.url} safe>
          {endpoint.url.replace(/^https?:\/\//, '')}
        </span>
      ),
    },
    { name: 'Accepted', value: <Ago at={acceptedAt} nowMs={nowMs} /> },
    ...(props.orderingKey === null
      ? []
      : [
          {
            name: 'Ordering key',
            value: (
              <span class="mono" safe>
                {props.orderingKey}
              </span>
            ),
          },
        ]),
    ...(props.isReplay ? [{ name: 'Made by', value: <Tag word="replay" /> }] : []),
  ];
  return (
    <Panel title="Delivery">
      <Facts facts={facts} />
    </Panel>
  );
}

const stepGlyphs: Record<ScheduleStep['state'], GlyphName> = {
  delivered: 'ok',
  failed: 'bad',
  next: 'pending',
  later: 'pending',
  unused: 'dot',
};

function Schedule({ schedule, nowMs }: DeliveryProps) {
  const last = schedule.at(-1);
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const words = (at: string) =>
    at.startsWith(today) ? formatClock(at) : `${at.slice(5, 10)} ${at.slice(11, 16)}`;
  return (
    <Panel title="Schedule">
      <ol class="flex flex-col gap-1.5 text-sm">
        {schedule.map(({ number, waitMs, state, at }) => (
          <li
            class={[
              'num flex items-center gap-2',
              (state === 'later' || state === 'unused') && 'text-muted-foreground',
            ]}
          >
            <Glyph name={stepGlyphs[state]} />
            <span class="w-5">{number}</span>
            <span safe>
              {number === 1
                ? 'at once'
                : waitMs === null
                  ? 'by hand'
                  : `+ ${formatDuration(waitMs)}`}
            </span>
            <span class="ml-auto text-xs text-muted-foreground" safe>
              {at === null ? '' : `${state === 'next' ? 'due ' : ''}${words(at)}`}
            </span>
          </li>
        ))}
      </ol>
      {last?.state === 'later' || last?.state === 'next' ? (
        <p class="note mt-3" safe>
          {`Gives up about ${words(last.at ?? '')} UTC; each wait varies by ± 20 %.`}
        </p>
      ) : null}
    </Panel>
  );
}

function Siblings({ siblings, event }: DeliveryProps) {
  if (siblings.length === 0) return null;
  return (
    <Panel
      title="The same event elsewhere"
      actions={<PanelLink href={event.href} label="Open event" />}
    >
      <ul class="flex flex-col gap-2.5">
        {siblings.map((row) => (
          <li class="flex items-center gap-2">
            <State name={row.state} word="" />
            <a class="quiet-link min-w-0 truncate" href={row.href} safe>
              {row.endpoint.name}
            </a>
            {row.isReplay ? <Tag word="replay" /> : null}
            <span class="num ml-auto text-xs whitespace-nowrap text-muted-foreground" safe>
              {row.tookMs === null ? '' : formatDuration(row.tookMs)}
            </span>
            <StatusCode status={row.statusCode} error={row.errorCode} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
