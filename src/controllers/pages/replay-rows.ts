/** A replay as a row of the list, and the running ones with their pace. */
import { formatDate } from '../../../views/components/format.ts';
import { projectPath } from '../../../views/navigation.ts';
import type { ReplayRow, ReplayState, RunningReplay } from '../../../views/replays.tsx';
import type { Replay } from '../../usecases/replays/schemas.ts';
import type { ProjectCall } from './page.ts';
import { replayPath } from './replay-input.ts';

const dayMs = 86_400_000;
/** Before, the first few deliveries would promise anything. */
const paceMsMin = 2_000;

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

/** Its pace is that since it began: what was sent in the last minute is not kept. */
export function toRunning(row: ReplayRow, replay: Replay, nowMs: number): RunningReplay {
  const { matched, delivered, failed, ratePerSecond, createdAt } = replay;
  const ended = delivered + failed;
  const toGo = Math.max(0, matched - ended);
  const ageMs = nowMs - Date.parse(createdAt);
  const perSecond = ageMs < paceMsMin || ended === 0 ? null : (ended * 1_000) / ageMs;
  const leftMs = perSecond === null ? null : Math.ceil(toGo / perSecond) * 1_000;
  return { ...row, toGo, perSecond, ratePerSecond, leftMs };
}
