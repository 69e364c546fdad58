/** Bars that are no charts: heartbeats, phases of a request, budgets, progress. */
import { Legend, type Paint } from './chart.tsx';

const beats = {
  up: { paint: 'up', height: 14, word: 'up' },
  degraded: { paint: 'warn', height: 18, word: 'degraded' },
  down: { paint: 'bad', height: 22, word: 'down' },
  maintenance: { paint: 'maint', height: 9, word: 'maintenance' },
  unknown: { paint: 'idle', height: 4, word: 'not checked' },
} as const;

export type BeatState = keyof typeof beats;
/** `title`: when, and what was seen. */
export type Beat = { state: BeatState; title: string };

const beatsHeight = 22;

/**
 * Height and colour both carry the state. Of a fixed size in rows; `wide` stretches to its place.
 * @param props.what "checks", "hours"; in the label: "Last 48 checks: 2 down, 0 degraded"
 * @param props.words what states are called where they are none of a monitor
 */
export function Heartbeat(props: {
  beats: readonly Beat[];
  what?: string;
  wide?: boolean;
  step?: 3 | 4 | 5;
  words?: Partial<Record<BeatState, string>>;
}) {
  const { what = 'checks', wide = false, step = 5 } = props;
  const count = (state: BeatState) => props.beats.filter((beat) => beat.state === state).length;
  const wordOf = (state: BeatState) => props.words?.[state] ?? beats[state].word;
  const beatWidth = Math.min(3, step - 1);
  const label =
    `Last ${props.beats.length} ${what}: ${count('down')} ${wordOf('down')}, ` +
    `${count('degraded')} ${wordOf('degraded')}`;
  const width = Math.max(1, props.beats.length * step - (step - beatWidth));
  return (
    <svg
      class={['hb', wide && 'h-9 w-full']}
      width={wide ? undefined : width}
      height={wide ? undefined : beatsHeight}
      viewBox={`0 0 ${width} ${beatsHeight}`}
      preserveAspectRatio={wide ? 'none' : undefined}
      role="img"
      aria-label={label}
    >
      {props.beats.map(({ state, title }, index) => {
        const { paint, height } = beats[state];
        return (
          <rect
            class={`f-${paint}`}
            x={index * step}
            y={beatsHeight - height}
            width={beatWidth}
            height={height}
          >
            <title safe>{`${title}, ${wordOf(state)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}

const phaseKinds = [
  { key: 'dnsMs', paint: 'dns', name: 'DNS' },
  { key: 'connectMs', paint: 'connect', name: 'Connect' },
  { key: 'tlsMs', paint: 'tls', name: 'TLS' },
  { key: 'firstByteMs', paint: 'wait', name: 'First byte' },
  { key: 'downloadMs', paint: 'down', name: 'Download' },
] as const;

/** Null where not measured, or where there was none, as with a connection that was kept. */
export type PhaseTimes = Record<(typeof phaseKinds)[number]['key'], number | null>;

/** On the scale of its list, `maxMs`; a longer one ends in a cut. */
export function PhasesBar(props: { times: PhaseTimes; maxMs: number; tall?: boolean }) {
  const { times, maxMs, tall = false } = props;
  const measured = phaseKinds.flatMap((kind) => {
    const ms = times[kind.key];
    return ms === null ? [] : [{ ...kind, ms }];
  });
  const label = measured.map(({ ms, name }) => `${name} ${ms} ms`).join(', ');
  const scale = 1_000 / (maxMs || 1);
  const total = measured.reduce((sum, { ms }) => sum + ms, 0);
  let x = 0;
  return (
    <svg
      class={['phases', tall && 'tall']}
      viewBox="0 0 1000 10"
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {measured.map(({ ms, paint, name }) => {
        const left = x;
        const width = ms * scale;
        x += width;
        const drawn = ms > 0 ? Math.max(width - 2, 2) : 0;
        return (
          <rect class={`f-${paint}`} x={left.toFixed(1)} y={0} width={drawn.toFixed(1)} height={10}>
            <title safe>{`${name} ${ms} ms`}</title>
          </rect>
        );
      })}
      {total > maxMs ? (
        <path d="M962 10 L974 0 h10 L972 10z M982 10 L994 0 h6 v10z" fill="var(--card)" />
      ) : null}
    </svg>
  );
}

export function PhasesLegend() {
  return <Legend items={phaseKinds} />;
}

/** Parts of a whole, in order, as one bar. */
export function Progress(props: {
  parts: readonly { paint: Paint; value: number }[];
  total: number;
  label: string;
}) {
  const { parts, total, label } = props;
  let x = 0;
  return (
    <svg
      class="budget"
      viewBox="0 0 1000 6"
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <rect class="f-border" width={1000} height={6} />
      {parts.map(({ paint, value }) => {
        const left = x;
        const width = Math.max(0, (value / (total || 1)) * 1_000);
        x += width;
        return (
          <rect class={`f-${paint}`} x={left.toFixed(1)} width={width.toFixed(1)} height={6} />
        );
      })}
    </svg>
  );
}

/** @param props.left share of the error budget that is left, in percent; may be below zero */
export function Budget({ left, tone }: { left: number; tone: 'ok' | 'warn' | 'bad' }) {
  return (
    <Progress
      parts={[{ paint: tone, value: Math.max(0, left) }]}
      total={100}
      label={`${left} % of the error budget left`}
    />
  );
}
