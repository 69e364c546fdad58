/** Usage: what a day takes, which project takes it, and how far the quotas reach. */

import { Progress } from './components/bars.tsx';
import { LinkButton } from './components/button.tsx';
import { axisMax, BarChart } from './components/chart.tsx';
import { type SegmentItem, Segments } from './components/filters.tsx';
import { formatBytes, formatCount, formatDate, formatShort } from './components/format.ts';
import { Callout, Facts, PageHead, Panel } from './components/panel.tsx';
import { AsTable, Table } from './components/table.tsx';
import { type SettingsReader, SettingsTabs } from './settings.tsx';

export type ProjectUse = {
  name: string;
  href: string | null;
  events: string;
  sharePercent: number;
  deliveries: string;
  attempts: string;
  bytes: string;
};

export type QuotaView = {
  title: string;
  used: string;
  limit: string;
  ratio: number;
  tone: 'acc' | 'warn' | 'bad';
  forecast: string;
  percent: string;
};

export type UsagePageProps = {
  tabs: SettingsReader;
  sentence: string;
  notice: { tone: 'bad' | 'warn'; title: string; text: string } | null;
  ranges: readonly SegmentItem[];
  measures: readonly SegmentItem[];
  chart: {
    title: string;
    unit: string;
    isBytes: boolean;
    points: readonly { date: string; value: number }[];
  };
  /** The days that are shown, as a file. */
  exportHref: string;
  /** So many are shown. */
  days: string;
  projects: readonly ProjectUse[];
  /** In the days that are shown. */
  totals: readonly { name: string; value: string }[];
  quotas: readonly QuotaView[];
  kept: readonly { name: string; value: string }[];
};

export function UsagePage(props: UsagePageProps) {
  const { notice } = props;
  return (
    <>
      <PageHead
        title="Usage"
        sentence={props.sentence}
        actions={
          <>
            <Segments label="Range" items={props.ranges} />
            <LinkButton label="Export CSV" icon="download" href={props.exportHref} />
          </>
        }
      />
      <SettingsTabs {...props.tabs} current="usage" />
      {notice === null ? null : (
        <Callout glyph={notice.tone} tone={notice.tone} title={notice.title}>
          <span safe>{notice.text}</span>
        </Callout>
      )}
      <div class="split xl:grid-cols-[minmax(0,1fr)_26rem]">
        <div class="main-col">
          <DayBars {...props} />
          <ByProject {...props} />
        </div>
        <div class="aside-col">
          <Quotas quotas={props.quotas} />
          <Figures title="In all" sub={`last ${props.days} days`} figures={props.totals} />
          <Figures title="Kept for" figures={props.kept} />
        </div>
      </div>
    </>
  );
}

function Figures(props: {
  title: string;
  sub?: string;
  figures: readonly { name: string; value: string }[];
}) {
  const { figures, ...panel } = props;
  const facts = figures.map(({ name, value }) => ({
    name,
    value: (
      <span class="num" safe>
        {value}
      </span>
    ),
  }));
  return (
    <Panel {...panel}>
      <Facts facts={facts} />
    </Panel>
  );
}

/** So many days are written below the chart. */
const axisWords = 5;

function DayBars({ chart, measures, days }: UsagePageProps) {
  const { title, unit, isBytes, points } = chart;
  const format = isBytes ? formatBytes : (value: number) => `${formatCount(value)} ${unit}`;
  const max = axisOf(Math.max(0, ...points.map(({ value }) => value)), isBytes);
  const ys = [4, 3, 2, 1, 0].map((part) => {
    const at = (max * part) / 4;
    if (isBytes) return part === 0 ? '0' : formatBytes(at);
    const { value, unit: power } = formatShort(at);
    return power === '' ? value : `${Number(value)} ${power}`;
  });
  const xs = Array.from({ length: axisWords }, (_, index) => {
    const at = Math.round((index * (points.length - 1)) / (axisWords - 1));
    const [day = ''] = formatDate(points[at]?.date ?? '').split(',');
    return index === axisWords - 1 ? `${day} UTC` : day;
  });
  const label = `${title} a day, last ${days} days`;
  return (
    <Panel
      title={title}
      sub="a day, all projects"
      actions={<Segments label="Measure" items={measures} />}
    >
      <BarChart
        {...{ max, ys, xs, label }}
        height={56}
        gap={0.3}
        titles={points.map(({ date, value }) => `${date}: ${format(value)}`)}
        series={[{ paint: 'soft', values: points.map(({ value }) => value) }]}
      />
      <AsTable
        label={label}
        columns={['Day, UTC', title]}
        rows={points.map(({ date, value }) => [date, format(value)]).reverse()}
      />
    </Panel>
  );
}

/** Of bytes, round in the unit that they are written in: at least its quarters. */
function axisOf(greatest: number, isBytes: boolean): number {
  if (!isBytes) return axisMax(greatest);
  const quarter = 1_024 ** Math.floor(Math.log(Math.max(1, greatest)) / Math.log(1_024)) / 4;
  return axisMax(greatest / quarter) * quarter;
}

const columns = [
  { name: 'Project' },
  { name: 'Events', number: true },
  { name: 'Share', class: 'w-36' },
  { name: 'Deliveries', number: true },
  { name: 'Attempts', number: true },
  { name: 'Payloads', number: true },
];

function ByProject({ projects, days }: UsagePageProps) {
  return (
    <Panel title="By project" sub={`last ${days} days`} flush>
      {projects.length === 0 ? (
        <p class="px-4 py-3 text-muted-foreground">Nothing was accepted in this time.</p>
      ) : (
        <Table columns={columns} label="Usage by project">
          {projects.map((project) => (
            <ProjectRow project={project} />
          ))}
        </Table>
      )}
    </Panel>
  );
}

function ProjectRow({ project }: { project: ProjectUse }) {
  const { name, href, sharePercent } = project;
  return (
    <tr>
      <td class="c-main w-full max-w-0 min-w-32 truncate font-medium">
        {href === null ? (
          <span class="text-muted-foreground" safe>
            {name}
          </span>
        ) : (
          <a class="quiet-link" href={href} safe>
            {name}
          </a>
        )}
      </td>
      <td class="r c-state" safe>
        {project.events}
      </td>
      <td class="min-w-28">
        <Progress
          parts={[{ paint: 'mid', value: sharePercent }]}
          total={100}
          label={`${sharePercent} % of events`}
        />
      </td>
      <td class="r max-sm:hidden!" safe>
        {project.deliveries}
      </td>
      <td class="r max-sm:hidden!" safe>
        {project.attempts}
      </td>
      <td class="r" data-label="Payloads" safe>
        {project.bytes}
      </td>
    </tr>
  );
}

const toneClasses = { acc: 'text-muted-foreground', warn: 'text-warn', bad: 'text-bad' };

function Quotas({ quotas }: { quotas: readonly QuotaView[] }) {
  return (
    <Panel title="Quotas" sub="set by the operator" flush>
      {quotas.length === 0 ? (
        <p class="px-4 py-3 text-muted-foreground">
          None is set. Who runs this opsforge sets them with{' '}
          <code class="mono">opsforge quota</code>.
        </p>
      ) : (
        <ul class="divide-y">
          {quotas.map(({ title, used, limit, ratio, tone, forecast, percent }) => (
            <li class="flex flex-col gap-1.5 px-4 py-3">
              <span class="flex justify-between gap-3">
                <span class="font-medium" safe>
                  {title}
                </span>
                <span class="num">
                  <b class="font-semibold" safe>
                    {used}
                  </b>
                  <span class="text-muted-foreground" safe>{` of ${limit}`}</span>
                </span>
              </span>
              <Progress
                parts={[{ paint: tone, value: Math.min(1, ratio) }]}
                total={1}
                label={`${title}: ${percent} used`}
              />
              <span class={['num flex justify-between gap-3 text-xs', toneClasses[tone]]}>
                <span safe>{forecast}</span>
                <span safe>{percent}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
