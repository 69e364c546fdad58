/** Replays as clients see them. */
import { countEndedOfReplays, type EndedCounts } from '../../repositories/replay-deliveries.ts';
import type { ReplayRow } from '../../repositories/replays.ts';
import type { TenantTx } from '../../repositories/transactions.ts';
import type { Replay } from './schemas.ts';

export async function viewReplay(tx: TenantTx, row: ReplayRow): Promise<Replay> {
  const ended = await countEnded(tx, [row]);
  return toReplay(row, ended.get(row.id));
}

/** What a replay is called where there is room for a few words: `failed invoice.*`. */
export function replayLabel(
  status: string | null | undefined,
  type: string | null | undefined,
): string {
  return `${status ?? 'all'} ${type ?? 'events'}`;
}

/** In the order of the rows. */
export async function viewReplays(tx: TenantTx, rows: readonly ReplayRow[]): Promise<Replay[]> {
  const ended = await countEnded(tx, rows);
  return rows.map((row) => toReplay(row, ended.get(row.id)));
}

/** Those that have ended keep what they came to, for longer than their deliveries are kept. */
function countEnded(tx: TenantTx, rows: readonly ReplayRow[]) {
  const open = rows.filter((row) => row.delivered === null && row.created > 0);
  return countEndedOfReplays(
    tx,
    open.map(({ id }) => id),
  );
}

function toReplay(row: ReplayRow, ended: EndedCounts | undefined): Replay {
  return {
    id: row.id,
    projectId: row.projectId,
    endpointId: row.endpointId,
    filter: {
      status: row.matchStatus,
      type: row.matchType,
      since: row.since.toISOString(),
      until: row.until.toISOString(),
    },
    ratePerSecond: row.ratePerSecond,
    dryRun: row.dryRun,
    status: row.status,
    matched: row.matched,
    created: row.created,
    delivered: row.delivered ?? ended?.delivered ?? 0,
    failed: row.failed ?? ended?.failed ?? 0,
    createdAt: row.createdAt.toISOString(),
    completedAt: row.completedAt?.toISOString() ?? null,
  };
}
