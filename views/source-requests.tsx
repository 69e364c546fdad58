/** What a source sent in the last 24 hours: by the hour, and why some of it was refused. */
import { Progress } from './components/bars.tsx';
import { Legend } from './components/chart.tsx';
import { formatCount } from './components/format.ts';
import { Callout, Panel } from './components/panel.tsx';
import { AsTable } from './components/table.tsx';
import { StepChart } from './volume.tsx';

type SourceHour = { at: string; accepted: number; repeated: number; refused: number };

export type RequestsProps = {
  name: string;
  /** `unknown`: no message in 24 h. */
  state: 'healthy' | 'failing' | 'paused' | 'unknown';
  /** Why messages were refused, the most frequent first. */
  reasons: readonly { reason: string; messages: number }[];
  /** Of the last 24, oldest first. */
  hours: readonly SourceHour[];
};

/** Nothing before the first message of the day. */
export function SourceRequests({ name, state, reasons, hours }: RequestsProps) {
  const isQuiet = hours.every((hour) => hour.accepted + hour.repeated + hour.refused === 0);
  if (isQuiet) return null;
  const chart = <RequestsChart hours={hours} />;
  if (reasons.length === 0) return chart;
  return (
    <>
      {state === 'failing' ? <Failing name={name} reasons={reasons} /> : null}
      <div class="grid gap-5 lg:grid-cols-[minmax(0,1fr)_18rem]">
        {chart}
        <WhyRejected reasons={reasons} />
      </div>
    </>
  );
}

function Failing({ reasons, name }: Pick<RequestsProps, 'reasons' | 'name'>) {
  const [first] = reasons;
  if (first === undefined) return null;
  const total = reasons.reduce((sum, { messages }) => sum + messages, 0);
  const rejected = `${formatCount(first.messages)} of ${formatCount(total)}`;
  const advice = `They are not stored. Check the secret at ${name}, then have it send them again.`;
  return (
    <Callout glyph="warn" tone="warn" title={`${rejected} rejected messages: ${first.reason}`}>
      <span safe>{advice}</span>
    </Callout>
  );
}

function WhyRejected({ reasons }: Pick<RequestsProps, 'reasons'>) {
  const total = reasons.reduce((sum, { messages }) => sum + messages, 0);
  return (
    <Panel title="Why rejected" sub="24 h">
      <ul class="flex flex-col gap-3">
        {reasons.map(({ reason, messages }) => (
          <li>
            <div class="flex justify-between gap-3">
              <span class="first-letter:uppercase" safe>
                {reason}
              </span>
              <span class="num" safe>
                {formatCount(messages)}
              </span>
            </div>
            <Progress
              parts={[{ paint: 'bad', value: messages }]}
              total={total}
              label={`${formatCount(messages)} of ${formatCount(total)}`}
            />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function RequestsChart({ hours }: { hours: readonly SourceHour[] }) {
  const sum = (pick: (hour: SourceHour) => number) =>
    formatCount(hours.reduce((total, hour) => total + pick(hour), 0));
  const label =
    `Requests per hour, last 24 h: ${sum(({ accepted }) => accepted)} accepted, ` +
    `${sum(({ repeated }) => repeated)} repeats dropped, ${sum(({ refused }) => refused)} rejected`;
  return (
    <Panel
      title="Requests"
      sub="per hour"
      actions={
        <Legend
          items={[
            { paint: 'mid', name: 'Accepted' },
            { paint: 'idle', name: 'Repeats' },
            { paint: 'bad', name: 'Rejected' },
          ]}
        />
      }
    >
      <StepChart
        points={hours.map(({ at }) => ({ at, href: null }))}
        hasDays={false}
        height={44}
        label={label}
        series={[
          { paint: 'soft', values: hours.map(({ accepted }) => accepted) },
          { paint: 'idle', values: hours.map(({ repeated }) => repeated) },
          { paint: 'bad', values: hours.map(({ refused }) => refused) },
        ]}
        words={hours.map(
          ({ accepted, repeated, refused }) =>
            `${formatCount(accepted)} accepted, ${formatCount(repeated)} repeats, ${formatCount(refused)} rejected`,
        )}
      />
      <AsTable
        label={label}
        columns={['From, UTC', 'Accepted', 'Repeats', 'Rejected']}
        rows={hours
          .map(({ at, accepted, repeated, refused }) => [
            at.slice(11, 16),
            ...[accepted, repeated, refused].map(formatCount),
          ])
          .reverse()}
      />
    </Panel>
  );
}
