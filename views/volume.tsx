/** How many deliveries ended over time: the chart of the overview, and the strip above lists. */
import { axisMax, BarChart, type BarSeries } from './components/chart.tsx';
import { formatCount, formatShort } from './components/format.ts';

export type VolumePoint = {
  at: string;
  delivered: number;
  failed: number;
  attemptsFailed: number;
  /** A list of what is in this step alone; null where there is none. */
  href: string | null;
};

export type VolumeProps = {
  points: readonly VolumePoint[];
  /** "min", "15 min" */
  step: string;
  /** More than a day: the axis has dates. */
  hasDays: boolean;
  /** "the last hour" */
  words: string;
};

/** Failed attempts that another one follows: the last of what was given up is its own part. */
function splitVolume(points: readonly Omit<VolumePoint, 'href'>[]) {
  return {
    delivered: points.map((point) => point.delivered),
    retried: points.map((point) => Math.max(0, point.attemptsFailed - point.failed)),
    failed: points.map((point) => point.failed),
  };
}

/** @param props.height of the scale of chart.tsx: 12 for a strip above a list */
export function VolumeChart(props: VolumeProps & { height: 12 | 44 | 56 }) {
  const { points, step, words, height } = props;
  const { delivered, retried, failed } = splitVolume(points);
  return (
    <StepChart
      {...props}
      height={height}
      label={`Deliveries per ${step} in ${words}`}
      series={[
        { paint: 'soft', values: delivered },
        { paint: 'warn', values: retried },
        { paint: 'bad', values: failed },
      ]}
      words={points.map((_, index) => {
        const [good, again, bad] = [delivered, retried, failed].map((values) =>
          formatCount(values[index] ?? 0),
        );
        return `${good} delivered, ${again} attempts failed, ${bad} given up`;
      })}
    />
  );
}

/** Words below a chart: its ends, and four between them. */
const axisWords = 7;
const stripHeight = 12;

/** Bars over time with their axes; in a strip each step leads to what is in it. */
export function StepChart(props: {
  points: readonly { at: string; href: string | null }[];
  hasDays: boolean;
  height: 12 | 44 | 56;
  label: string;
  series: readonly BarSeries[];
  /** What each step says after its time. */
  words: readonly string[];
}) {
  const { points, hasDays, height, label, series, words } = props;
  const sums = points.map((_, at) =>
    series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0),
  );
  const max = axisMax(Math.max(0, ...sums));
  const clock = (at: string) => (hasDays ? at.slice(5, 10) : at.slice(11, 16));
  const xs = Array.from({ length: axisWords }, (_, index) => {
    const at = points[Math.round((index * (points.length - 1)) / (axisWords - 1))]?.at ?? '';
    return index === axisWords - 1 ? `${clock(at)} UTC` : clock(at);
  });
  const marks = height === stripHeight ? [1, 0] : [4, 3, 2, 1, 0];
  const [most = 1] = marks;
  return (
    <BarChart
      height={height}
      max={max}
      ys={marks.map((mark) => axisWord((max * mark) / most, max))}
      xs={xs}
      label={label}
      titles={points.map(
        ({ at }, index) => `${at.slice(5, 10)} ${at.slice(11, 16)} UTC: ${words[index] ?? ''}`,
      )}
      hrefs={points.map(({ href }) => href)}
      series={series}
    />
  );
}

/** In the unit of the greatest: "15 k" and "5 k". */
function axisWord(count: number, max: number): string {
  const { unit } = formatShort(max);
  const divisor = unit === '' ? 1 : unit === 'k' ? 1e3 : unit === 'M' ? 1e6 : 1e9;
  return count === 0 || unit === '' ? formatCount(count) : `${count / divisor} ${unit}`;
}
