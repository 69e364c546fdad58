/** One endpoint: is it healthy, and what waits? The tab Health. */
import type { Children } from '@kitajs/html';
import { LinkButton, PanelLink } from './components/button.tsx';
import { Callout, Panel } from './components/panel.tsx';
import { live } from './components/refresh.ts';
import { type GlyphName, State, type StateName } from './components/state.tsx';
import { type Stat, Stats } from './components/stats.tsx';
import { Table } from './components/table.tsx';
import { Ago, StatusCode, Until } from './components/text.tsx';
import { AnswerTimeChart, AttemptsChart, type Quarter } from './endpoint-charts.tsx';
import { EndpointHead, type EndpointHeadProps } from './endpoint-head.tsx';
import { type SettingFact, SettingFacts } from './endpoint-settings.tsx';
import { type EndpointSecretsProps, SecretsPanel } from './endpoint-signing.tsx';

export type Notice = {
  glyph: GlyphName;
  tone?: 'bad' | 'warn';
  title: string;
  text: string;
  /** When it is over by itself: counted down. */
  until?: string;
};

export type TestResult = {
  /** Polled until it has ended. */
  path: string;
  isOver: boolean;
  glyph: GlyphName;
  tone?: 'bad';
  title: string;
  text: string;
  href: string;
};

export type RecentDelivery = {
  href: string;
  type: string;
  state: StateName;
  attempts: number;
  statusCode: number | null;
  error: string | null;
  nextAttemptAt: string | null;
  createdAt: string;
};

export type EndpointHealthProps = {
  head: EndpointHeadProps;
  path: string;
  notice: Notice | null;
  test: TestResult | null;
  stats: readonly Stat[];
  quarters: readonly Quarter[];
  /** A line for each that is sending to it now. */
  replays: { href: string; lines: readonly string[] };
  recent: readonly RecentDelivery[];
  attemptsMax: number;
  deliveriesHref: string;
  secrets: EndpointSecretsProps;
  facts: readonly SettingFact[];
  nowMs: number;
};

export function EndpointHealth(props: EndpointHealthProps & { replay: Children }) {
  const { head, test, secrets, facts, replay: safeReplay } = props;
  return (
    <>
      <EndpointHead {...head} />
      {test === null ? null : <TestPanel {...test} />}
      <div class="grid gap-5 xl:grid-cols-[minmax(0,1fr)_21rem]">
        <EndpointFigures {...props} />
        <div class="aside-col xl:flex xl:flex-col xl:items-stretch xl:*:last:grow">
          <SecretsPanel {...secrets} />
          <Panel
            title="Settings"
            actions={
              head.mayChange ? (
                <LinkButton label="Edit" icon="pencil" href={`${head.path}/edit`} />
              ) : null
            }
          >
            <SettingFacts facts={facts} />
          </Panel>
        </div>
      </div>
      {safeReplay}
    </>
  );
}

/** What came of a test event: the fragment `test`. */
export function TestPanel({ path, isOver, glyph, tone, title, text, href }: TestResult) {
  return (
    <div id="test" role="status" {...(isOver ? {} : live(path, ['deliveries']))}>
      <Callout glyph={glyph} title={title} {...(tone === undefined ? {} : { tone })}>
        <span safe>{text}</span>{' '}
        <a class="link" href={href}>
          The delivery
        </a>
      </Callout>
    </div>
  );
}

/** What changes by itself: the fragment `figures`. Its parts lie in the grid of the page. */
export function EndpointFigures(props: EndpointHealthProps) {
  const { path, notice, stats, quarters, nowMs } = props;
  return (
    <div id="figures" class="contents" {...live(path, ['figures', 'deliveries', 'endpoints'])}>
      {notice === null ? null : (
        <Callout
          glyph={notice.glyph}
          title={notice.title}
          class="xl:col-span-2"
          {...(notice.tone === undefined ? {} : { tone: notice.tone })}
        >
          <span safe>{notice.text}</span>
          {notice.until === undefined ? null : (
            <span class="num">
              {' Next attempt '}
              <Until at={notice.until} nowMs={nowMs} />.
            </span>
          )}
        </Callout>
      )}
      <RunningReplays {...props.replays} />
      <div class="min-w-0 xl:col-span-2">
        <Stats stats={stats} />
      </div>
      <div class="flex min-w-0 flex-col gap-5">
        <div class="grid gap-5 lg:grid-cols-2">
          <AttemptsChart quarters={quarters} />
          <AnswerTimeChart quarters={quarters} />
        </div>
        <Recent {...props} />
      </div>
    </div>
  );
}

function RunningReplays({ href, lines }: EndpointHealthProps['replays']) {
  if (lines.length === 0) return null;
  const title = lines.length === 1 ? 'A replay is running' : `${lines.length} replays are running`;
  return (
    <Callout glyph="running" title={title} class="xl:col-span-2">
      {lines.map((line) => (
        <span class="num block" safe>
          {line}
        </span>
      ))}
      <a class="link" href={href}>
        All replays
      </a>
    </Callout>
  );
}

const columns = [
  { name: 'State' },
  { name: 'Event' },
  { name: 'Attempts', number: true },
  { name: 'Answer' },
  { name: 'Next attempt' },
  { name: 'Accepted', number: true },
];

function Recent({ recent, attemptsMax, deliveriesHref, nowMs }: EndpointHealthProps) {
  return (
    <Panel
      title="Recent deliveries"
      flush
      class="grow"
      actions={<PanelLink href={deliveriesHref} label="All deliveries" />}
    >
      {recent.length === 0 ? (
        <p class="px-4 py-3 text-muted-foreground">
          Nothing was sent yet. Send a test, and it is shown here.
        </p>
      ) : (
        <Table columns={columns} compact>
          {recent.map((one) => (
            <tr>
              <td class="c-state">
                <State name={one.state} />
              </td>
              <td class="c-main w-full max-w-0 truncate font-medium" title={one.type}>
                <a class="quiet-link" href={one.href} safe>
                  {one.type}
                </a>
              </td>
              <td class="r max-sm:hidden!">
                {one.attempts}
                <span class="text-muted-foreground" safe>
                  {` / ${attemptsMax}`}
                </span>
              </td>
              <td class="c-left">
                <StatusCode status={one.statusCode} error={one.error} />
              </td>
              <td class="text-muted-foreground max-sm:hidden!">
                {one.nextAttemptAt === null ? null : <Until at={one.nextAttemptAt} nowMs={nowMs} />}
              </td>
              <td class="r">
                <Ago at={one.createdAt} nowMs={nowMs} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}
