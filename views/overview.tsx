/** Is anything wrong now? The sentence, what needs somebody, the figures, and their course. */
import { Progress } from './components/bars.tsx';
import { PanelLink } from './components/button.tsx';
import { Legend } from './components/chart.tsx';
import { type SegmentItem, Segments } from './components/filters.tsx';
import {
  formatAge,
  formatCount,
  formatDuration,
  formatPercent,
  formatPercentFigure,
  formatShort,
} from './components/format.ts';
import { type AttentionItem, AttentionList, PageHead, Panel } from './components/panel.tsx';
import { live } from './components/refresh.ts';
import { type Stat, Stats } from './components/stats.tsx';
import { AsTable } from './components/table.tsx';
import { Ago } from './components/text.tsx';
import { type DeliveryRow, LastAnswer } from './delivery-parts.tsx';
import { VolumeChart, type VolumeProps } from './volume.tsx';

export type OverviewFigures = {
  delivered: number;
  failed: number;
  attempts: number;
  attemptsFailed: number;
  successRatio: number | null;
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
};

type Point = { at: string; figures: OverviewFigures };

export type OverviewProps = {
  sentence: string;
  path: string;
  ranges: readonly SegmentItem[];
  totals: OverviewFigures;
  series: readonly Point[];
  /** Accepted, by the day. */
  events: { count: number; words: string; days: readonly number[] };
  pending: number;
  /** It is more than could be counted. */
  pendingMore: boolean;
  waitingSince: string | null;
  attention: readonly AttentionItem[];
  volume: VolumeProps;
  causes: readonly { cause: string; endpoint: string; href: string; count: number }[];
  givenUp: readonly DeliveryRow[];
  givenUpHref: string;
  nowMs: number;
};

export function Overview(props: OverviewProps) {
  return (
    <>
      <PageHead
        title="Overview"
        sentence={props.sentence}
        actions={<Segments label="Time range" items={props.ranges} />}
      />
      <OverviewFigures {...props} />
    </>
  );
}

/** What changes by itself: the fragment `figures`. */
export function OverviewFigures(props: OverviewProps) {
  return (
    <div
      id="figures"
      class="flex flex-col gap-5"
      {...live(props.path, ['figures', 'deliveries', 'endpoints'])}
    >
      <AttentionList items={props.attention} nowMs={props.nowMs} />
      <Stats stats={statsOf(props)} />
      <div class="grid gap-5 xl:grid-cols-3">
        <Deliveries {...props} />
        <GivenUp {...props} />
      </div>
    </div>
  );
}

function statsOf(props: OverviewProps): Stat[] {
  const { totals, series, pending, pendingMore, events, waitingSince, nowMs } = props;
  const of = (pick: (figures: OverviewFigures) => number | null) =>
    series.map(({ figures }) => pick(figures) ?? 0);
  const [p95 = '–', p95Unit = ''] = formatDuration(totals.p95Ms).split(' ');
  const ratios = series.map(({ figures }) => figures.successRatio ?? totals.successRatio ?? 1);
  const good = totals.attempts === 0 ? null : 1 - totals.attemptsFailed / totals.attempts;
  return [
    {
      label: 'Events accepted',
      ...formatShort(events.count),
      sub: events.words,
      spark: events.days,
    },
    {
      label: 'Delivered',
      ...formatShort(totals.delivered),
      sub: `${formatCount(totals.failed)} given up`,
      spark: of((figures) => figures.delivered),
    },
    {
      label: 'Delivery success',
      value: formatPercentFigure(totals.successRatio),
      unit: totals.successRatio === null ? '' : '%',
      sub: `${formatPercent(good)} of attempts`,
      spark: ratios,
      zero: false,
    },
    {
      label: 'Latency, p95',
      value: p95,
      unit: p95Unit,
      sub: `p50 ${formatDuration(totals.p50Ms)} · p99 ${formatDuration(totals.p99Ms)}`,
      spark: of((figures) => figures.p95Ms),
    },
    {
      label: 'Pending',
      value: formatCount(pending) + (pendingMore ? '+' : ''),
      sub:
        waitingSince === null
          ? 'nothing waits'
          : `oldest ${formatAge(nowMs - Date.parse(waitingSince))}`,
    },
  ];
}

/** The chart, and below it what the failed ones failed with. */
function Deliveries({ volume, causes }: OverviewProps) {
  const { points, step, words } = volume;
  const label = `Deliveries per ${step} in ${words}`;
  return (
    <Panel
      title="Deliveries"
      sub={`per ${step}`}
      class="xl:col-span-2"
      actions={
        <Legend
          items={[
            { paint: 'mid', name: 'Delivered' },
            { paint: 'warn', name: 'Attempts failed' },
            { paint: 'bad', name: 'Given up' },
          ]}
        />
      }
    >
      <VolumeChart {...volume} height={44} />
      <AsTable
        label={label}
        columns={['From, UTC', 'Delivered', 'Attempts failed', 'Given up']}
        rows={points
          .map(({ at, delivered, attemptsFailed, failed }) => [
            `${at.slice(5, 10)} ${at.slice(11, 16)}`,
            formatCount(delivered),
            formatCount(attemptsFailed),
            formatCount(failed),
          ])
          .reverse()}
      />
      {causes.length === 0 ? null : <Causes causes={causes} />}
    </Panel>
  );
}

function Causes({ causes }: Pick<OverviewProps, 'causes'>) {
  const most = Math.max(...causes.map(({ count }) => count));
  return (
    <section class="mt-3 border-t pt-3" aria-label="Why deliveries fail">
      <h3 class="text-xs text-muted-foreground">
        Why deliveries fail, by their last attempt; the newest of them
      </h3>
      <ul class="mt-2 grid gap-x-8 gap-y-2.5 sm:grid-cols-2">
        {causes.map(({ cause, endpoint, href, count }) => (
          <li>
            <div class="mb-1 flex items-baseline justify-between gap-3">
              <a class="quiet-link min-w-0 truncate" href={href} title={`${cause} · ${endpoint}`}>
                <span safe>{cause}</span>
                <span class="text-muted-foreground" safe>{` · ${endpoint}`}</span>
              </a>
              <span class="num" safe>
                {formatCount(count)}
              </span>
            </div>
            <Progress
              parts={[{ paint: 'bad', value: count }]}
              total={most}
              label={`${count} of the newest failures`}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The newest that were given up: each a link to why. */
function GivenUp({ givenUp, givenUpHref, nowMs }: OverviewProps) {
  return (
    <Panel
      title="Given up lately"
      actions={<PanelLink href={givenUpHref} label="All failed" />}
      flush
    >
      {givenUp.length === 0 ? (
        <p class="px-4 py-3 text-muted-foreground">
          Nothing: each delivery arrived, or is still tried.
        </p>
      ) : (
        <ul class="divide-y">
          {givenUp.map((row) => (
            <li class="px-4 py-2">
              <div class="flex items-baseline justify-between gap-3">
                <a class="quiet-link min-w-0 truncate font-medium" href={row.href} safe>
                  {row.eventType}
                </a>
                <LastAnswer row={row} />
              </div>
              <p class="mt-0.5 flex justify-between gap-3 text-xs text-muted-foreground">
                <span class="min-w-0 truncate" title={row.endpoint.url} safe>
                  {row.endpoint.name}
                </span>
                <span class="num whitespace-nowrap">
                  <Ago at={row.completedAt ?? row.createdAt} nowMs={nowMs} />
                </span>
              </p>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
