/** A delivery's attempts on one time scale, and what each of them sent and was answered. */
import { PhasesBar, PhasesLegend, type PhaseTimes, Progress } from './components/bars.tsx';
import { CodeBox, CodeText, JsonLines, ShellLines } from './components/code.tsx';
import { formatBytes, formatClock, formatDuration, formatMoment } from './components/format.ts';
import { KeyValues, Panel } from './components/panel.tsx';
import { Glyph, type GlyphName } from './components/state.tsx';
import { Id, StatusCode, Until } from './components/text.tsx';
import { Timeline } from './components/timeline.tsx';

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

export type AttemptsProps = {
  /** Newest first. */
  attempts: readonly AttemptShown[];
  /** Of the bars. */
  scaleMs: number;
  nextAttemptAt: string | null;
  acceptedAt: string;
  event: { id: string; href: string };
  nowMs: number;
};

export type ExchangeProps = Pick<AttemptsProps, 'attempts' | 'event'> & {
  /** Null when the event is not kept any more. */
  payload: { text: string; bytes: number; isCut: boolean } | null;
  /** Null before the first attempt. */
  curl: { command: string; hasMasked: boolean; readsFile: boolean } | null;
};

export function Attempts(props: AttemptsProps) {
  const { attempts, scaleMs, nextAttemptAt, acceptedAt, event, nowMs } = props;
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
      ? attempt.number === 1
        ? 'sent at once'
        : ''
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

/** The request and the answer of the attempt that the anchor names; what all share below. */
export function Exchange(props: ExchangeProps) {
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
      <section class="grid gap-4">
        <div class="min-w-0">
          {payload === null ? (
            <p class="note">The event is not kept any more, so its payload is gone.</p>
          ) : (
            <CodeBox
              title={`Payload, ${formatBytes(payload.bytes)}`}
              {...(payload.isCut ? {} : { copies: payload.text })}
              wrap={!payload.text.includes('\n')}
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
              {curl.readsFile
                ? ' Save the payload beside it first: it is too long for a command.'
                : ''}
            </p>
          </div>
        )}
      </section>
    </section>
  );
}

/** [ and ] go to the attempt before and after the one that is shown. */
function stepKey(step: number) {
  if (step === -1) return { 'aria-keyshortcuts': '[', 'data-key-name': 'The attempt before' };
  if (step === 1) return { 'aria-keyshortcuts': ']', 'data-key-name': 'The attempt after' };
  return {};
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
          <a
            href={`#${anchor}`}
            aria-current={anchor === attempt.anchor ? 'true' : undefined}
            {...stepKey(number - attempt.number)}
            safe
          >
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
