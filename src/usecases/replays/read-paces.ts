/** How fast the running replays of a list are now: what ended of them in the last minute. */
import type { ReplayId } from '../../domain/ids.ts';
import { paceMs, paceOf } from '../../domain/replays.ts';
import { listEndedLately } from '../../repositories/replay-deliveries.ts';
import { type Ctx, requireScope } from '../context.ts';
import type { Replay } from './schemas.ts';

/** Of each: 17 a second for the whole minute, and a shorter while of faster ones. */
const sampleMax = 1_000;
/** As many as may run (create-replay.ts) and be on one page. */
const replaysMax = 25;

/** Ended deliveries a second by the id of the replay; without those too young to tell. */
export async function readPaces(
  ctx: Ctx,
  replays: readonly Pick<Replay, 'id' | 'status' | 'createdAt'>[],
): Promise<ReadonlyMap<string, number>> {
  requireScope(ctx, 'deliveries:read');
  const running = replays.filter(({ status }) => status === 'running').slice(0, replaysMax);
  if (running.length === 0) return new Map();
  const nowMs = ctx.deps.clock.databaseNow();
  // Safe because they are of replays that a use case answered.
  const ids = running.map(({ id }) => id as ReplayId);
  const rows = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    listEndedLately(tx, { ids, sinceMs: nowMs - paceMs, sampleMax }),
  );
  const samples = new Map<string, (typeof rows)[number]>(rows.map((row) => [row.id, row]));
  const paces = running.flatMap(({ id, createdAt }): [string, number][] => {
    const row = samples.get(id);
    if (row === undefined) return [];
    const startedMs = Date.parse(createdAt);
    const pace = paceOf({ ...row, isCut: row.recent >= sampleMax }, { startedMs, nowMs });
    return pace === null ? [] : [[id, pace]];
  });
  return new Map(paces);
}
