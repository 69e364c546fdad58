/** Why did it fail, will it try again? Head, notice, attempts on one scale, what was said, facts. */
import { PhasesBar, PhasesLegend, type PhaseTimes, Progress } from './components/bars.tsx';
import { Button, CopyButton, LinkButton, PanelLink } from './components/button.tsx';
import { CodeBox, CodeText, JsonLines, ShellLines } from './components/code.tsx';
import {
  formatBytes,
  formatClock,
  formatDuration,
  formatMoment,
  shortId,
} from './components/format.ts';
import { Callout, type Fact, Facts, KeyValues, PageHead, Panel } from './components/panel.tsx';
import { Glyph, type GlyphName, Pill, State, type StateName } from './components/state.tsx';
import { Ago, Id, StatusCode, Tag, Until } from './components/text.tsx';
import { Timeline } from './components/timeline.tsx';
import type { DeliveryRow } from './delivery-parts.tsx';

export type PhasesShown = PhaseTimes;

export type AttemptShown = {
  anchor: string;
  number: number;
  outcome: 'delivered' | 'failed' | 'superseded';
  statusCode: number | null;
  errorCode: string | null;
  message: string;
  startedAt: string;
  durationMs: number;
  /** Null: nothing of it was measured. */
  phases: PhasesShown | null;
  sincePreviousMs: number | null;
  who: string;
  requestHeaders: readonly (readonly [string, string])[];
  responseHeaders: readonly (readonly [string, string])[];
  body: string | null;
};

export type ScheduleStep = {
  number: number;
  waitMs: number | null;
  state: 'delivered' | 'failed' | 'next' | 'later' | 'unused';
  at: string | null;
};

export type DeliveryProps = {
  path: string;
  id: string;
  eventType: string;
  state: StateName;
  sentence: string;
  nextAttemptAt: string | null;
  acceptedAt: string;
  notice: { tone: 'bad' | 'warn' | undefined; title: string; text: string } | null;
  attempts: readonly AttemptShown[];
  /** Of the bars. */
  scaleMs: number;
  /** Null when the event is not kept any more. */
  payload: { text: string; bytes: number; isCut: boolean } | null;
  /** Null before the first attempt. */
  curl: { command: string; hasMasked: boolean } | null;
  event: { id: string; href: string; orderingKey: string | null };
  endpoint: { name: string; url: string; href: string };
  isReplay: boolean;
  schedule: readonly ScheduleStep[];
  siblings: readonly DeliveryRow[];
  retryPath: string | null;
  cancelPath: string | null;
  nowMs: number;
};

/** The part `delivery` is all of it: attempts arrive on top while one looks. */
export function DeliveryPage(props: DeliveryProps) {
  const { notice } = props;
  return (
    <div
      id="delivery"
      class="flex flex-col gap-5"
      hx-get={props.path}
      hx-trigger="every 5s"
      hx-target="this"
      hx-swap="outerMorph"
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

function Attempts({ attempts, scaleMs, nextAttemptAt, acceptedAt, event, nowMs }: DeliveryProps) {
  const next = (attempts[0]?.number ?? 0) + 1;
  return (
    <Panel
      title="Attempts"
      {...(attempts.length === 0
        ? {}
        : { sub: `newest first, bars to ${formatDuration(scaleMs)}` })}
      actions={attempts.some(({ phases }) => phases !== null) ? <PhasesLegend /> : null}
    >
      <Timeline>
        {nextAttemptAt === null ? null : (
          <li>
            <Glyph name="pending" />
            <div class="flex flex-wrap items-baseline justify-between gap-x-4 text-muted-foreground">
              <span class="num" safe>
                {`Attempt ${next}, due ${formatClock(nextAttemptAt)} UTC`}
              </span>
              <span class="note num">
                <Until at={nextAttemptAt} nowMs={nowMs} />
              </span>
            </div>
          </li>
        )}
        {attempts.map((attempt) => (
          <AttemptItem attempt={attempt} scaleMs={scaleMs} />
        ))}
        <li>
          <Glyph name="dot" />
          <div class="flex flex-wrap items-baseline justify-between gap-x-4 text-muted-foreground">
            <span>
              Accepted with event <Id id={event.id} />
            </span>
            <span class="note num" safe>
              {formatMoment(acceptedAt).slice(11)}
            </span>
          </div>
        </li>
      </Timeline>
    </Panel>
  );
}

const outcomeGlyphs: Record<AttemptShown['outcome'], GlyphName> = {
  delivered: 'ok',
  failed: 'bad',
  superseded: 'dot',
};

function AttemptItem({ attempt, scaleMs }: { attempt: AttemptShown; scaleMs: number }) {
  const { phases, durationMs, sincePreviousMs } = attempt;
  const waited =
    sincePreviousMs === null
      ? ''
      : `${formatDuration(roundedWait(sincePreviousMs))} after the one before`;
  const late = attempt.outcome === 'superseded' ? 'came too late to count' : '';
  return (
    <li>
      <Glyph name={outcomeGlyphs[attempt.outcome]} />
      <div class="min-w-0">
        <div class="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
          <span class="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1">
            <a class="quiet-link font-medium" href={`#${attempt.anchor}`} safe>
              {`Attempt ${attempt.number}`}
            </a>
            <StatusCode status={attempt.statusCode} error={attempt.errorCode} />
            <span class="min-w-0 wrap-anywhere" safe>
              {attempt.message}
            </span>
          </span>
          <span class="num text-xs text-muted-foreground">
            <span title={formatMoment(attempt.startedAt)} safe>
              {formatMoment(attempt.startedAt).slice(11)}
            </span>
            <span class="inline-block w-18 text-right font-medium text-foreground" safe>
              {formatDuration(durationMs)}
            </span>
          </span>
        </div>
        <div class="mt-1.5">
          {phases === null ? (
            <Progress
              parts={[{ paint: 'mid', value: Math.min(durationMs, scaleMs) }]}
              total={scaleMs}
              label={`${durationMs} ms, its phases were not measured`}
            />
          ) : (
            <PhasesBar times={phases} maxMs={scaleMs} />
          )}
        </div>
        <div class="note mt-1 flex flex-wrap justify-between gap-x-4">
          <span class="num" safe>
            {[late, waited].filter(Boolean).join(' · ')}
          </span>
          <span safe>{attempt.who}</span>
        </div>
      </div>
    </li>
  );
}

/** From ten seconds on, their fractions say nothing. */
function roundedWait(ms: number): number {
  return ms < 10_000 ? ms : Math.round(ms / 1_000) * 1_000;
}

function Exchange(props: DeliveryProps) {
  const { attempts, payload, curl, event } = props;
  return (
    <section class="card">
      <header>
        <h2>Request and answer</h2>
      </header>
      {attempts.length === 0 ? null : (
        <div class="attempt-views px-4 pt-4">
          {attempts.map((attempt) => (
            <AttemptExchange attempt={attempt} attempts={attempts} />
          ))}
        </div>
      )}
      <section class="grid items-start gap-4 lg:grid-cols-2">
        <div class="min-w-0">
          {payload === null ? (
            <p class="note">The event is not kept any more, so its payload is gone.</p>
          ) : (
            <CodeBox
              title={`Payload, ${formatBytes(payload.bytes)}`}
              {...(payload.isCut ? {} : { copies: payload.text })}
            >
              <JsonLines text={payload.text} />
            </CodeBox>
          )}
          {payload?.isCut ? (
            <p class="note mt-2">
              Its beginning.{' '}
              <a class="link" href={event.href}>
                All of it
              </a>
            </p>
          ) : null}
        </div>
        {curl === null ? null : (
          <div class="min-w-0">
            <CodeBox title="Send it yourself with curl" copies={curl.command} wrap>
              <ShellLines text={curl.command} />
            </CodeBox>
            <p class="note mt-2">
              As the newest attempt sent it: receivers refuse its time after 5 minutes.
              {curl.hasMasked ? ' Put in what is [masked].' : ''}
            </p>
          </div>
        )}
      </section>
    </section>
  );
}

function AttemptExchange({
  attempt,
  attempts,
}: {
  attempt: AttemptShown;
  attempts: readonly AttemptShown[];
}) {
  const { body } = attempt;
  const bytes = Buffer.byteLength(body ?? '');
  return (
    <div id={attempt.anchor}>
      <nav class="seg mb-4" aria-label={`Attempt ${attempt.number}: others`}>
        {attempts.map(({ anchor, number }) => (
          <a href={`#${anchor}`} aria-current={anchor === attempt.anchor ? 'true' : undefined} safe>
            {anchor === attempt.anchor ? `Attempt ${number}` : String(number)}
          </a>
        ))}
      </nav>
      <div class="grid items-start gap-4 lg:grid-cols-2">
        <div class="codebox min-w-0">
          <header>
            <span>Request headers</span>
          </header>
          <KeyValues pairs={attempt.requestHeaders} />
        </div>
        <div class="flex min-w-0 flex-col gap-4">
          <div class="codebox">
            <header>
              <span class="flex items-center gap-2">
                Answer headers
                <StatusCode status={attempt.statusCode} error={attempt.errorCode} />
              </span>
            </header>
            {attempt.responseHeaders.length === 0 ? (
              <p class="px-3 py-2.5 text-xs" safe>
                {attempt.message === '' ? 'None.' : `No answer. ${attempt.message}`}
              </p>
            ) : (
              <KeyValues pairs={attempt.responseHeaders} />
            )}
          </div>
          {body === null || body === '' ? null : (
            <CodeBox title={`Answer body, ${formatBytes(bytes)}`} copies={body}>
              {/^\s*[{[]/.test(body) ? <JsonLines text={body} /> : <CodeText text={body} />}
            </CodeBox>
          )}
        </div>
      </div>
    </div>
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
      value: (
        <a class="link" href={endpoint.href} title="Its deliveries" safe>
          {endpoint.name}
        </a>
      ),
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
    ...(event.orderingKey === null
      ? []
      : [
          {
            name: 'Ordering key',
            value: (
              <span class="mono" safe>
                {event.orderingKey}
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
