/**
 * Charts as SVG made by the server. The plot stretches; all words are HTML beside it, so they never
 * do. Each bucket has a rectangle with a title; a table of the same figures belongs below.
 */
import type { Children } from '@kitajs/html';

/** Classes of app.css: `f-…` fills, `s-…` strokes. */
export type Paint =
  | ('acc' | 'mid' | 'soft' | 'ok' | 'warn' | 'bad' | 'maint' | 'idle' | 'up' | 'border')
  | ('dns' | 'connect' | 'tls' | 'wait' | 'down');

type Frame = {
  /** Tailwind's scale of 4 px; these alone are in the style sheet. */
  height?: 12 | 24 | 32 | 44 | 56;
  /** From the top; the first carries the unit. */
  ys: readonly string[];
  /** From the left; the last carries the zone. */
  xs: readonly string[];
  /** States the finding. */
  label: string;
};

const heights = { 12: 'h-12', 24: 'h-24', 32: 'h-32', 44: 'h-44', 56: 'h-56' };
const width = 1_000;

function ChartFrame(props: Frame & { linked?: boolean; children: Children }) {
  const { height = 44, ys, xs, label, linked = false, children } = props;
  const last = ys.length - 1;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    <figure class="chart-box" role="group" aria-label={label}>
      <div class={`ys ${heights[height]}`} aria-hidden="true">
        {ys.map((y) => (
          <span safe>{y}</span>
        ))}
      </div>
      <svg
        class={`plot ${heights[height]}`}
        viewBox={`0 0 ${width} 100`}
        preserveAspectRatio="none"
        role={linked ? 'group' : 'img'}
        aria-label={label}
      >
        {ys.map((_, index) => {
          const y = (index * 100) / Math.max(1, last);
          const kind = index === last ? 'axis' : 'grid';
          return <line class={kind} x1={0} x2={width} y1={y} y2={y} />;
        })}
        {children}
      </svg>
      <div class="xs" aria-hidden="true">
        {xs.map((x) => (
          <span safe>{x}</span>
        ))}
      </div>
    </figure>
  );
}

export type BarSeries = { paint: Paint; values: readonly number[] };

/** Bars on top of one another, the first series at the bottom; `soft` gets a cap in the accent. */
export function BarChart(
  props: Frame & {
    max: number;
    series: readonly BarSeries[];
    /** What a bucket says: time and all its values. */
    titles: readonly string[];
    /** Where a bucket leads to, if anywhere. */
    hrefs?: readonly (string | null)[];
    /** Share of a bucket that stays free. */
    gap?: number;
  },
) {
  const { max, series, titles, hrefs = [], gap = 0.24, ...frame } = props;
  const step = width / Math.max(1, titles.length);
  const barWidth = (step * (1 - gap)).toFixed(2);
  let caps = '';
  const buckets = titles.map((title, index) => {
    const x = (index * step + (step * gap) / 2).toFixed(2);
    let top = 100;
    const safeBars = series.map(({ paint, values }) => {
      const barHeight = ((values[index] ?? 0) / (max || 1)) * 100;
      if (barHeight <= 0) return null;
      top -= barHeight;
      const y = top.toFixed(2);
      if (paint === 'soft') caps += `M${x},${y}h${barWidth}`;
      return (
        <rect class={`f-${paint}`} x={x} width={barWidth} y={y} height={barHeight.toFixed(2)} />
      );
    });
    return (
      <>
        {safeBars}
        <Bucket index={index} step={step} title={title} href={hrefs[index] ?? null} />
      </>
    );
  });
  return (
    <ChartFrame {...frame} linked={hrefs.some((href) => href !== null)}>
      {buckets}
      {caps === '' ? null : <path class="s s-acc" pointer-events="none" d={caps} />}
    </ChartFrame>
  );
}

export type LineSeries = {
  paint: 'acc' | 'mid' | 'ok' | 'warn' | 'bad' | 'idle';
  /** Null: nothing was measured, and the line has a gap. */
  values: readonly (number | null)[];
  dashed?: boolean;
  area?: boolean;
};

export function LineChart(
  props: Frame & { max: number; series: readonly LineSeries[]; titles: readonly string[] },
) {
  const { max, series, titles, ...frame } = props;
  const step = width / Math.max(1, titles.length);
  return (
    <ChartFrame {...frame}>
      {series.map(({ paint, values, dashed = false, area = false }) =>
        runsOf(values).map((run) => {
          const points = run.map(({ index, value }) => {
            const x = (index + 0.5) * step;
            return `${x.toFixed(1)},${(100 - (value / (max || 1)) * 100).toFixed(2)}`;
          });
          const first = points[0]?.split(',')[0] ?? '0';
          const last = points.at(-1)?.split(',')[0] ?? '0';
          const filled = `M${first},100 L${points.join(' L')} L${last},100z`;
          return (
            <>
              {area ? <path class={`f-${paint}`} opacity=".1" d={filled} /> : null}
              <path
                class={['s', `s-${paint}`, dashed && 's-dash']}
                d={`M${points.length === 1 ? `${points[0]} h1` : points.join(' L')}`}
              />
            </>
          );
        }),
      )}
      {titles.map((title, index) => (
        <Bucket index={index} step={step} title={title} href={null} />
      ))}
    </ChartFrame>
  );
}

function Bucket(props: { index: number; step: number; title: string; href: string | null }) {
  const { index, step, title, href } = props;
  const hit = (
    <rect class="hit" x={(index * step).toFixed(2)} width={step.toFixed(2)} y={0} height={100}>
      <title safe>{title}</title>
    </rect>
  );
  if (href === null) return hit;
  // Not among the stops of Tab: the filters say the same times, in fewer than 120 steps.
  return (
    <a href={href} tabindex={-1} aria-label={title}>
      {hit}
    </a>
  );
}

/** Stretches of values without a gap between them. */
function runsOf(values: readonly (number | null)[]): { index: number; value: number }[][] {
  const runs: { index: number; value: number }[][] = [];
  let current: { index: number; value: number }[] = [];
  for (const [index, value] of values.entries()) {
    if (value !== null) {
      if (current.length === 0) runs.push(current);
      current.push({ index, value });
    } else if (current.length > 0) {
      current = [];
    }
  }
  return runs;
}

export function Legend({ items }: { items: readonly { paint: Paint; name: string }[] }) {
  return (
    <div class="legend">
      {items.map(({ paint, name }) => (
        <span>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <rect class={`f-${paint}`} width={10} height={10} rx={2} />
          </svg>
          <span safe>{name}</span>
        </span>
      ))}
    </div>
  );
}

/** The roundest figure at or above the greatest value: 1, 2 or 5 times a power of ten. */
export function axisMax(greatest: number): number {
  if (greatest <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(greatest));
  const found = [1, 2, 4, 5, 8, 10].find((factor) => factor * power >= greatest);
  return (found ?? 10) * power;
}
