/** The last 24 hours of an endpoint by the quarter: attempts, and how long answers took. */
import { axisMax, BarChart, Legend, LineChart } from './components/chart.tsx';
import { formatCount, formatDuration, formatShort } from './components/format.ts';
import { Panel } from './components/panel.tsx';
import { AsTable } from './components/table.tsx';

export type Quarter = {
  at: string;
  attempts: number;
  attemptsFailed: number;
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
};

type Props = { quarters: readonly Quarter[] };

const clock = (at: string) => at.slice(11, 16);
/** Written below a chart. */
const axisWords = 4;

function axisOf(quarters: readonly Quarter[]): string[] {
  return Array.from({ length: axisWords }, (_, index) => {
    const place = Math.round((index * (quarters.length - 1)) / (axisWords - 1));
    const word = clock(quarters[place]?.at ?? '');
    return index === axisWords - 1 ? `${word} UTC` : word;
  });
}

export function AttemptsChart({ quarters }: Props) {
  const max = axisMax(Math.max(0, ...quarters.map(({ attempts }) => attempts)));
  const failed = quarters.map(({ attemptsFailed }) => attemptsFailed);
  const good = quarters.map(({ attempts, attemptsFailed }) => attempts - attemptsFailed);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const label =
    `Attempts per 15 min, last 24 h: ${formatCount(sum(good))} succeeded, ` +
    `${formatCount(sum(failed))} failed`;
  return (
    <Panel
      title="Attempts"
      sub="per 15 min"
      actions={
        <Legend
          items={[
            { paint: 'mid', name: 'Ok' },
            { paint: 'bad', name: 'Failed' },
          ]}
        />
      }
    >
      <BarChart
        height={32}
        max={max}
        ys={[max, max / 2, 0].map((value) => {
          const { value: figure, unit } = formatShort(value);
          return unit === '' ? figure : `${Number(figure)} ${unit}`;
        })}
        xs={axisOf(quarters)}
        label={label}
        titles={quarters.map(
          ({ at }, index) =>
            `${clock(at)} UTC: ${formatCount(good[index] ?? 0)} succeeded, ${formatCount(failed[index] ?? 0)} failed`,
        )}
        series={[
          { paint: 'soft', values: good },
          { paint: 'bad', values: failed },
        ]}
      />
      <AsTable
        label={label}
        columns={['From, UTC', 'Succeeded', 'Failed']}
        rows={quarters
          .map(({ at }, index) => [
            clock(at),
            formatCount(good[index] ?? 0),
            formatCount(failed[index] ?? 0),
          ])
          .reverse()}
      />
    </Panel>
  );
}

export function AnswerTimeChart({ quarters }: Props) {
  const max = axisMax(Math.max(0, ...quarters.map(({ p99Ms }) => p99Ms ?? 0)));
  const label = 'How long answers took, per 15 min, last 24 h';
  const words = ({ p50Ms, p95Ms, p99Ms }: Quarter) => [p50Ms, p95Ms, p99Ms].map(formatDuration);
  return (
    <Panel
      title="Answer time"
      actions={
        <Legend
          items={[
            { paint: 'mid', name: 'p50' },
            { paint: 'acc', name: 'p95' },
            { paint: 'idle', name: 'p99' },
          ]}
        />
      }
    >
      <LineChart
        height={32}
        max={max}
        ys={[formatDuration(max), formatDuration(max / 2), '0']}
        xs={axisOf(quarters)}
        label={label}
        titles={quarters.map((quarter) => {
          const [p50, p95, p99] = words(quarter);
          return `${clock(quarter.at)} UTC: p50 ${p50}, p95 ${p95}, p99 ${p99}`;
        })}
        series={[
          { paint: 'idle', values: quarters.map(({ p99Ms }) => p99Ms), dashed: true },
          { paint: 'acc', values: quarters.map(({ p95Ms }) => p95Ms), area: true },
          { paint: 'mid', values: quarters.map(({ p50Ms }) => p50Ms) },
        ]}
      />
      <AsTable
        label={label}
        columns={['From, UTC', 'p50', 'p95', 'p99']}
        rows={quarters.map((quarter) => [clock(quarter.at), ...words(quarter)]).reverse()}
      />
    </Panel>
  );
}
