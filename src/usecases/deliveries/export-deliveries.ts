/**
 * All deliveries that a filter finds, newest first, in pages: whoever writes them asks for the next
 * when the last is gone, and no transaction is open in between. How many there are is known only
 * when all were read, so the last page says where the reading was cut off, if it was.
 */
import { type DeliveryId, idTimeMs } from '../../domain/ids.ts';
import { listDeliveries as listRows } from '../../repositories/delivery-lists.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import { idRange } from '../cursors.ts';
import { typeFilter } from '../type-filter.ts';
import { type Described, describeDeliveries } from './describe-deliveries.ts';
import type { DeliveryListQuery } from './schemas.ts';
import { toDelivery } from './view.ts';

export type ExportLimits = {
  /** Of a file: some 15 MB of CSV, what a spreadsheet opens. */
  rows: number;
  pageRows: number;
  /** Each looks through at most some 24,000 rows for what matches (scan.ts), in 60 ms. */
  searches: number;
};

const exportLimits: ExportLimits = { rows: 50_000, pageRows: 500, searches: 500 };

export type DeliveryExportPage = {
  described: Described[];
  /** On the last page of a file that is cut: `until` for a file of the rest. */
  cutAt: string | null;
};
export type DeliveryExport = AsyncGenerator<DeliveryExportPage, void, undefined>;

export function exportDeliveries(
  ctx: Ctx,
  query: Omit<DeliveryListQuery, 'limit' | 'cursor'>,
  limits: ExportLimits = exportLimits,
): DeliveryExport {
  requireScope(ctx, 'deliveries:read');
  const filter = {
    projectId: requireProject(ctx, query.projectId),
    status: query.status ?? null,
    endpointId: query.endpointId ?? null,
    eventId: query.eventId ?? null,
    replayId: query.replayId ?? null,
    type: typeFilter(query.type),
    limit: limits.pageRows,
  };
  const { from, before: newest } = idRange<DeliveryId>(query);
  return pages();

  async function* pages(): DeliveryExport {
    let before = newest;
    let left = limits.rows;
    for (let searches = 1; ; searches += 1) {
      const range = { from, before };
      const found = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
        listRows(tx, { ...filter, range }),
      );
      const rows = found.rows.slice(0, left);
      left -= rows.length;
      const isOver = found.rows.length > rows.length;
      const isFull = rows.length === limits.pageRows;
      // A search that found too little goes on where its budget ended.
      const next = isOver || isFull ? (rows.at(-1)?.id ?? before) : found.stoppedAt;
      const isCut = isOver || (next !== null && searches === limits.searches);
      const described = await describeDeliveries(ctx, rows.map(toDelivery));
      const cutAt = isCut && next !== null ? untilOf(next) : null;
      if (described.length > 0 || cutAt !== null) yield { described, cutAt };
      if (next === null || isCut) return;
      before = next;
    }
  }
}

/** One more millisecond: rather some of it twice than one of it never. */
const untilOf = (id: DeliveryId) => new Date(idTimeMs(id) + 1).toISOString();
