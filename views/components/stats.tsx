/** The row of figures on top of a page, and the small lines in it. */
import { Glyph, type GlyphName } from './state.tsx';

const sparkHeight = 28;
const sparkTop = 3;

/** A line without axes; `zero`: it stands on zero and not on its least value. */
export function Spark(props: { values: readonly number[]; zero?: boolean; class?: string }) {
  const { values, zero = true } = props;
  if (values.length < 2) return null;
  const most = Math.max(...values);
  const least = zero ? Math.min(0, ...values) : Math.min(...values);
  const span = most - least || 1;
  const last = values.length - 1;
  const points = values
    .map((value, index) => {
      const y = sparkHeight - 2 - ((value - least) / span) * (sparkHeight - 2 - sparkTop);
      return `${((index / last) * 100).toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' L');
  return (
    <svg
      class={['spark', props.class]}
      viewBox={`0 0 100 ${sparkHeight}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path class="area" d={`M0,${sparkHeight} L${points} L100,${sparkHeight}z`} />
      <path class="line" d={`M${points}`} />
    </svg>
  );
}

const toneClasses = { bad: 'text-bad', warn: 'text-warn' };

export type Stat = {
  label: string;
  value: string;
  unit?: string;
  sub?: string;
  glyph?: GlyphName;
  tone?: 'bad' | 'warn';
  spark?: readonly number[];
  /** Of the line: that of a share rests on its least value. */
  zero?: boolean;
};

/** Up to five. */
export function Stats({ stats, id }: { stats: readonly Stat[]; id?: string }) {
  return (
    <ul class="stats" id={id}>
      {stats.map((stat) => (
        <StatCard {...stat} />
      ))}
    </ul>
  );
}

function StatCard({ label, value, unit, sub, glyph, tone, spark, zero = true }: Stat) {
  return (
    <li class="stat">
      <span class="k">
        {glyph ? <Glyph name={glyph} /> : null}
        <span safe>{label}</span>
      </span>
      <span class={['v', tone && toneClasses[tone]]}>
        <span safe>{value}</span>
        {unit ? <small safe>{unit}</small> : null}
      </span>
      <span class="sub" safe>
        {sub || '\u00a0'}
      </span>
      {spark ? <Spark values={spark} zero={zero} /> : null}
    </li>
  );
}
