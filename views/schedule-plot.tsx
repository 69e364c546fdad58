/** The attempts of a schedule on one logarithmic scale: seconds and days on one line. */
import { formatDuration } from './components/format.ts';

export type ScheduleFigure = {
  /** "10 attempts, gives up after 3 d 3 h" */
  words: string;
  /** Seconds between the attempts; null while it cannot be read. */
  delays: readonly number[] | null;
};

const width = 580;
const margin = 8;

export function SchedulePlot({ schedule }: { schedule: ScheduleFigure }) {
  const { words, delays } = schedule;
  if (delays === null) return null;
  let last = 0;
  const times = [0];
  for (const delay of delays) {
    last += delay;
    times.push(last);
  }
  const scale = (width - 2 * margin) / Math.log10(1 + Math.max(1, last));
  return (
    <div class="grid gap-1.5">
      <b class="num font-medium" safe>
        {words}
      </b>
      <svg class="block w-full" viewBox={`0 0 ${width} 20`} role="img" aria-label={words}>
        <line x1={margin} x2={width - margin} y1={10} y2={10} stroke="var(--input)" />
        {times.map((seconds, index) => (
          <circle
            class={index === delays.length && index > 0 ? 'f-bad' : 'f-acc'}
            cx={(margin + Math.log10(1 + seconds) * scale).toFixed(1)}
            cy={10}
            r={4}
          >
            <title safe>
              {index === 0
                ? 'Attempt 1, at once'
                : `Attempt ${index + 1}, ${formatDuration(seconds * 1_000)} after the first`}
            </title>
          </circle>
        ))}
      </svg>
      <div class="flex justify-between text-2xs text-muted-foreground" aria-hidden="true">
        <span>at once</span>
        <span safe>{formatDuration(last * 1_000)}</span>
      </div>
    </div>
  );
}
