/** A replay as a row of the list, and the running ones with how long they still take. */
import { formatCount, formatDate, formatDuration } from '../../../views/components/format.ts';
import { projectPath } from '../../../views/navigation.ts';
import {
  formatPace,
  type ReplayRow,
  type ReplayState,
  type RunningReplay,
} from '../../../views/replays.tsx';
import type { RunningTo } from '../../usecases/replays/list-running-to.ts';
import type { Replay } from '../../usecases/replays/schemas.ts';
import type { ProjectCall } from './page.ts';
import { replayPath } from './replay-input.ts';

const dayMs = 86_400_000;

export function toReplayRow(call: ProjectCall, replay: Replay, name: string): ReplayRow {
  const { id, filter, matched, delivered, failed, createdAt } = replay;
  return {
    ...{ id, name, matched, delivered, failed, createdAt },
    state: stateOf(replay),
    what: `${filter.type ?? 'all types'}, ${filter.status ?? 'however it ended'}`,
    span: spanWords(filter),
    deliveriesHref: projectPath(call.place, `/deliveries?replay=${id}`),
    cancelHref: replayPath(call, `/${id}/cancel`),
  };
}

function stateOf({ status, created, failed }: Replay): ReplayState {
  if (status === 'cancelled') return 'cancelled';
  if (status === 'running') return created === 0 ? 'counting' : 'running';
  return failed > 0 ? 'part' : 'done';
}

/** "Nov 23, 14:10 to 14:30 UTC"; both days when they are two. */
function spanWords({ since, until }: Replay['filter']): string {
  const day = (at: string) => formatDate(at).replace(/,.*/, '');
  const clock = (at: string) => at.slice(11, 16);
  if (Date.parse(until) - Date.parse(since) >= dayMs) {
    return `${day(since)} ${clock(since)} to ${day(until)} ${clock(until)}`;
  }
  const last = day(since) === day(until) ? clock(until) : `${day(until)} ${clock(until)}`;
  return `${day(since)}, ${clock(since)} to ${last} UTC`;
}

/** "1 491 of 3 615 sent again, 19.8 a second, done in 1 min 46 s" */
export function runningWords(replay: RunningTo, perSecond: number | undefined): string {
  const { matched, created, ended, endpointId } = replay;
  const whole = endpointId === null ? ' to every endpoint' : '';
  if (created === 0) return `It counts what matches${whole}: ${formatCount(matched)} so far.`;
  const far = `${formatCount(ended)} of ${formatCount(matched)} sent again${whole}`;
  if (perSecond === undefined) return `${far}.`;
  if (perSecond === 0) return `${far}, none ended lately.`;
  const left = formatDuration(leftMsOf(Math.max(0, matched - ended), perSecond));
  return `${far}, ${formatPace(perSecond)} a second, done in ${left}.`;
}

/** In whole seconds, since nothing is known better. */
const leftMsOf = (toGo: number, perSecond: number) => Math.ceil(toGo / perSecond) * 1_000;

/** @param perSecond of the last minute; undefined while it is too young to tell */
export function toRunning(
  row: ReplayRow,
  replay: Replay,
  perSecond: number | undefined,
): RunningReplay {
  const { matched, delivered, failed, ratePerSecond } = replay;
  const toGo = Math.max(0, matched - delivered - failed);
  // While it counts, nobody knows how much there will be.
  const isKnown = perSecond !== undefined && perSecond > 0 && replay.created > 0;
  const leftMs = isKnown ? leftMsOf(toGo, perSecond) : null;
  return { ...row, toGo, perSecond: perSecond ?? null, ratePerSecond, leftMs };
}
