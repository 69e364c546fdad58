/**
 * Moves a replay on by one page, in one transaction that holds its row: what the page makes, the
 * counters and how far it has come are committed together, so that a process that dies in between
 * repeats nothing and skips nothing, and no two processes make the same page. The phases are those
 * of domain/replays.ts.
 */
import { type DeliveryId, newId } from '../../domain/ids.ts';
import { nextPageAtMs, pageRoom, settleDelayMs } from '../../domain/replays.ts';
import type { ListeningEndpoint } from '../../repositories/directory.ts';
import {
  countEndedOfReplay,
  countPendingOfReplay,
  insertReplayDeliveries,
} from '../../repositories/replay-deliveries.ts';
import {
  lockReplay,
  type ReplayRef,
  type ReplayRow,
  updateReplay,
} from '../../repositories/replays.ts';
import type { TenantTx } from '../../repositories/transactions.ts';
import type { Deps } from '../context.ts';
import {
  countMatches,
  findMatches,
  findSendableEndpoints,
  type PageBudget,
} from './find-matches.ts';

export type RunDeps = Pick<Deps, 'database' | 'clock' | 'wakeEndpoints' | 'tellNews'>;
export type ReplayLimits = PageBudget & {
  /** Made in one page. */
  created: number;
  /** Of one replay in the queue, which is to stay small whatever is replayed. */
  pending: number;
};

/** A page takes some 50 ms with these, and holds its locks no longer. */
export const replayLimits: ReplayLimits = {
  countedRows: 20_000,
  createdRows: 5_000,
  events: 1_000,
  created: 500,
  pending: 5_000,
};
/** A full queue is looked at again after this time. */
const fullDelayMs = 1_000;

type Page = { tx: TenantTx; replay: ReplayRow; deps: RunDeps; limits: ReplayLimits; nowMs: number };

/**
 * The replay as it is then; null when another process is at it, or its turn has not come. With
 * `only`, a page of that phase alone, whoever is at it and whatever its turn.
 */
export function advanceReplay(
  deps: RunDeps,
  ref: ReplayRef,
  options: { only?: ReplayRow['phase']; limits?: ReplayLimits } = {},
): Promise<ReplayRow | null> {
  const { only, limits = replayLimits } = options;
  return deps.database.withTenant(ref.tenantId, async (tx) => {
    const replay = await lockReplay(tx, ref.id, only === undefined ? 'skip' : 'wait');
    if (replay?.status === 'running') {
      tx.afterCommit(() => deps.tellNews(replay.projectId, ['replays', 'deliveries']));
    }
    const nowMs = deps.clock.databaseNow();
    if (replay === null || replay.status !== 'running') return replay;
    if (only !== undefined && replay.phase !== only) return replay;
    if (only === undefined && replay.nextPageAt.getTime() > nowMs) return null;
    const page = { tx, replay, deps, limits, nowMs };
    if (replay.phase === 'settling') return settle(page);
    const endpoints = await findSendableEndpoints(tx, replay);
    if (replay.endpointId !== null && endpoints.length === 0) return end(page, 'cancelled');
    return replay.phase === 'counting' ? countPage(page, endpoints) : createPage(page, endpoints);
  });
}

async function countPage(page: Page, endpoints: readonly ListeningEndpoint[]): Promise<ReplayRow> {
  const { tx, replay, limits, nowMs } = page;
  const { count, stoppedAt } = await countMatches(tx, replay, endpoints, limits);
  const matched = replay.matched + count;
  const nextPageAt = new Date(nowMs);
  if (stoppedAt !== null) {
    return updateReplay(tx, replay.id, { matched, cursorId: stoppedAt, nextPageAt });
  }
  if (replay.dryRun) return end(page, 'done', { matched });
  const cursorId = replay.fromId;
  return updateReplay(tx, replay.id, { matched, phase: 'creating', cursorId, nextPageAt });
}

async function createPage(page: Page, endpoints: readonly ListeningEndpoint[]): Promise<ReplayRow> {
  const { tx, replay, deps, limits, nowMs } = page;
  const { id, ratePerSecond } = replay;
  const pending = await countPendingOfReplay(tx, id, limits.pending);
  const limit = pageRoom(ratePerSecond, limits.created, limits.pending - pending);
  if (limit === 0) {
    return updateReplay(tx, id, { nextPageAt: new Date(nowMs + fullDelayMs) });
  }
  const found = await findMatches(tx, replay, endpoints, { limit, budget: limits });
  const rows = found.matches.map((match) => ({ ...match, id: newId<DeliveryId>(nowMs) }));
  const woken = rows.length === 0 ? [] : await insertReplayDeliveries(tx, replay, rows);
  tx.afterCommit(() => deps.wakeEndpoints([...new Set(woken)]));
  const created = replay.created + woken.length;
  const plannedMs = replay.nextPageAt.getTime();
  const nextMs = nextPageAtMs(ratePerSecond, { plannedMs, nowMs, created: woken.length });
  return updateReplay(tx, id, {
    created,
    // What came to match since it was counted is made as well.
    matched: Math.max(replay.matched, created),
    nextPageAt: new Date(found.stoppedAt === null ? nowMs : Math.ceil(nextMs)),
    ...(found.stoppedAt === null ? { phase: 'settling' } : { cursorId: found.stoppedAt }),
  });
}

async function settle(page: Page): Promise<ReplayRow> {
  const { tx, replay, nowMs } = page;
  if ((await countPendingOfReplay(tx, replay.id, 1)) > 0) {
    const delayMs = settleDelayMs(nowMs - replay.createdAt.getTime());
    return updateReplay(tx, replay.id, { nextPageAt: new Date(nowMs + delayMs) });
  }
  return end(page, 'done');
}

/** `cancelled` is also how a replay ends whose endpoint was disabled or deleted meanwhile. */
async function end(
  { tx, replay, nowMs }: Page,
  status: 'done' | 'cancelled',
  changes: { matched?: number } = {},
): Promise<ReplayRow> {
  const ended = await countEndedOfReplay(tx, replay.id);
  const completedAt = new Date(nowMs);
  return updateReplay(tx, replay.id, { ...changes, ...ended, status, completedAt });
}
