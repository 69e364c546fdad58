/** Is anything wrong now? The sentence, what needs somebody, the figures, and their course. */
import { axisMax, BarChart, Legend } from './components/chart.tsx';
import { type SegmentItem, Segments } from './components/filters.tsx';
import {
  formatCount,
  formatDuration,
  formatPercent,
  formatPercentFigure,
  formatShort,
} from './components/format.ts';
import { PageHead, Panel } from './components/panel.tsx';
import { live } from './components/refresh.ts';
import { State, type StateName } from './components/state.tsx';
import { type Stat, Stats } from './components/stats.tsx';
import { AsTable } from './components/table.tsx';

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
  pending: number;
  /** It is more than could be counted. */
  pendingMore: boolean;
  endpoints: readonly { name: string; url: string; state: StateName; text: string }[];
  endpointCount: number;
  /** "15 min" */
  step: string;
  range: string;
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
      <Stats stats={statsOf(props)} />
      <div class="grid gap-5 xl:grid-cols-3">
        <Deliveries {...props} />
        <Endpoints {...props} />
      </div>
    </div>
  );
}

function statsOf({ totals, series, pending, pendingMore }: OverviewProps): Stat[] {
  const of = (pick: (figures: OverviewFigures) => number | null) =>
    series.map(({ figures }) => pick(figures) ?? 0);
  const delivered = formatShort(totals.delivered);
  const [p95 = '–', p95Unit = ''] = formatDuration(totals.p95Ms).split(' ');
  const ratios = series.map(({ figures }) => figures.successRatio ?? totals.successRatio ?? 1);
  return [
    {
      label: 'Delivered',
      ...delivered,
      sub: `${formatCount(totals.attempts)} attempts`,
      spark: of((figures) => figures.delivered),
    },
    {
      label: 'Delivery success',
      value: formatPercentFigure(totals.successRatio),
      unit: totals.successRatio === null ? '' : '%',
      sub: `${formatCount(totals.failed)} given up`,
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
      label: 'Failed attempts',
      value: formatCount(totals.attemptsFailed),
      sub: `${formatPercent(totals.attempts === 0 ? null : totals.attemptsFailed / totals.attempts)} of all`,
      spark: of((figures) => figures.attemptsFailed),
    },
    {
      label: 'Pending',
      value: formatCount(pending) + (pendingMore ? '+' : ''),
      sub: 'wait for an attempt now',
    },
  ];
}

/** One in six is written below the chart. */
const axisWords = 7;

function Deliveries({ series, step, range }: OverviewProps) {
  const delivered = series.map(({ figures }) => figures.delivered);
  const retried = series.map(({ figures }) => Math.max(0, figures.attemptsFailed - figures.failed));
  const failed = series.map(({ figures }) => figures.failed);
  const sums = series.map((_, at) => (delivered[at] ?? 0) + (retried[at] ?? 0) + (failed[at] ?? 0));
  const max = axisMax(Math.max(0, ...sums));
  const label = `Deliveries per ${step}, last ${range}`;
  const hasDays = range.endsWith('d');
  const clock = (at: string) => (hasDays ? at.slice(5, 10) : at.slice(11, 16));
  const xs = Array.from({ length: axisWords }, (_, index) => {
    const at = series[Math.round((index * (series.length - 1)) / (axisWords - 1))]?.at ?? '';
    return index === axisWords - 1 ? `${clock(at)} UTC` : clock(at);
  });
  const titles = series.map(
    ({ at }, index) =>
      `${clock(at)} UTC: ${formatCount(delivered[index] ?? 0)} delivered, ` +
      `${formatCount(retried[index] ?? 0)} attempts failed, ${formatCount(failed[index] ?? 0)} given up`,
  );
  const ys = [4, 3, 2, 1, 0].map((part) => {
    const { value, unit } = formatShort((max * part) / 4);
    return unit === '' ? value : `${Number(value)} ${unit}`;
  });
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
      <BarChart
        max={max}
        ys={ys}
        xs={xs}
        label={label}
        titles={titles}
        series={[
          { paint: 'soft', values: delivered },
          { paint: 'warn', values: retried },
          { paint: 'bad', values: failed },
        ]}
      />
      <AsTable
        label={label}
        columns={['From, UTC', 'Delivered', 'Attempts failed', 'Given up']}
        rows={series
          .map(({ at, figures }) => [
            `${at.slice(5, 10)} ${at.slice(11, 16)}`,
            formatCount(figures.delivered),
            formatCount(figures.attemptsFailed),
            formatCount(figures.failed),
          ])
          .reverse()}
      />
    </Panel>
  );
}

function Endpoints({ endpoints, endpointCount }: OverviewProps) {
  const isWell = endpoints.length === 0;
  return (
    <Panel title="Endpoints that need a look" sub={`of ${formatCount(endpointCount)}`} flush>
      {isWell ? (
        <p class="px-4 py-3 text-muted-foreground">All of them take what they are sent.</p>
      ) : (
        <ul class="divide-y">
          {endpoints.map(({ name, url, state, text }) => (
            <li class="px-4 py-2.5">
              <div class="flex items-baseline justify-between gap-3">
                <span class="truncate font-medium" title={url} safe>
                  {name}
                </span>
                <span class="text-xs">
                  <State name={state} />
                </span>
              </div>
              <p class="mt-0.5 truncate text-xs text-muted-foreground" safe>
                {text}
              </p>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
