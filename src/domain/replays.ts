/**
 * The states of a replay, and its pace. Pure: who moves it on is elsewhere.
 *
 * | phase    | a page of it                           | after the last page                    |
 * | counting | counts matches                         | creating; with `dryRun` it is done     |
 * | creating | makes a delivery for each match        | settling                               |
 * | settling | looks whether one of them is pending   | done, when none is                     |
 *
 * `running` in each phase, until it is `done` or, from any phase, `cancelled`; both are final.
 */
export const replayStatuses = ['running', 'done', 'cancelled'] as const;
export const replayPhases = ['counting', 'creating', 'settling'] as const;
/** What is looked for: ended deliveries of a status, or deliveries that were never made. */
export const replayMatches = ['failed', 'cancelled', 'delivered', 'missing'] as const;
export type ReplayMatch = (typeof replayMatches)[number];

/** A replay with a rate makes its deliveries in portions of a fifth of a second. */
const portionsPerSecond = 5;
/** What a process that was away may make up for, in time; the rest of its absence is lost. */
const catchUpMsMax = 1_000;

/** How many deliveries the next page may make. */
export function pageRoom(ratePerSecond: number | null, pageMax: number, pendingRoom: number) {
  const portion = ratePerSecond === null ? pageMax : Math.ceil(ratePerSecond / portionsPerSecond);
  return Math.max(0, Math.min(pageMax, portion, pendingRoom));
}

/**
 * When the next page may be made, ms: each delivery takes up its share of a second from the time
 * that the page had been planned for, so that the loop's own delays do not lower the rate.
 */
export function nextPageAtMs(
  ratePerSecond: number | null,
  page: { plannedMs: number; nowMs: number; created: number },
): number {
  if (ratePerSecond === null) return page.nowMs;
  const fromMs = Math.max(page.plannedMs, page.nowMs - catchUpMsMax);
  return fromMs + (page.created * 1_000) / ratePerSecond;
}

const settleMsMin = 1_000;
const settleMsMax = 30_000;
/** Looked at again after a twentieth of its age: soon for short replays, rarely for long ones. */
const settleAgeShare = 20;

/** How long to wait before looking again whether something of the replay is pending. */
export function settleDelayMs(ageMs: number): number {
  return Math.min(settleMsMax, Math.max(settleMsMin, ageMs / settleAgeShare));
}

/** What ended this long ago says how fast a replay is now. */
export const paceMs = 60_000;
/** Before, the first few deliveries would promise anything. */
const paceMsMin = 2_000;

/** Of the newest deliveries of a replay that ended: how many within `paceMs`, the first of them. */
export type PaceSample = { recent: number; oldestMs: number | null; isCut: boolean };

/**
 * Ended deliveries a second, of the last minute or since it began; null when it is too young to
 * tell. A sample that is cut off reaches back to its oldest only.
 */
export function paceOf(
  { recent, oldestMs, isCut }: PaceSample,
  { startedMs, nowMs }: { startedMs: number; nowMs: number },
): number | null {
  const beganMs = Math.max(startedMs, nowMs - paceMs);
  const fromMs = isCut && oldestMs !== null ? Math.max(beganMs, oldestMs) : beganMs;
  if (nowMs - startedMs < paceMsMin || fromMs >= nowMs) return null;
  return (recent * 1_000) / (nowMs - fromMs);
}
