/**
 * Every entry that a filter finds, newest first, in pages: whoever writes them asks for the next
 * when the last is gone, and no transaction is open in between. Complete or refused: more than
 * `entriesMax` are counted before the first is given.
 */
import { AppError } from '../../domain/errors.ts';
import type { AuditEntryId } from '../../domain/ids.ts';
import { countAuditEntries, listAuditEntries } from '../../repositories/audit-log.ts';
import { type Ctx, requireScope } from '../context.ts';
import type { AuditEntry, AuditExportQuery } from './schemas.ts';
import { toAuditEntry, toAuditFilter } from './search.ts';

/** Some 50 MB of CSV, a minute's work: more is asked for by month. */
const entriesMaxDefault = 100_000;
/** A page may hold before and after of 256 KiB each, so few; mostly it is 500 KB. */
const pageRows = 500;

export type AuditPages = AsyncGenerator<AuditEntry[], void, undefined>;

/** @throws AppError `conflict` when it would be too much, before anything is given */
export async function exportAuditEntries(
  ctx: Ctx,
  query: AuditExportQuery,
  entriesMax = entriesMaxDefault,
): Promise<AuditPages> {
  requireScope(ctx, 'audit-log:read');
  const filter = toAuditFilter(ctx, query);
  const { database } = ctx.deps;
  const count = await database.withTenant(ctx.tenantId, (tx) =>
    countAuditEntries(tx, filter, entriesMax + 1),
  );
  if (count > entriesMax) {
    throw new AppError(
      'conflict',
      `More than ${entriesMax} entries match. Export a part of them at a time: give since and until.`,
    );
  }
  return pages();

  async function* pages(): AuditPages {
    let before: AuditEntryId | null = filter.range.before;
    for (let given = 0; given < entriesMax; ) {
      const range = { ...filter.range, before };
      const { rows, stoppedAt } = await database.withTenant(ctx.tenantId, (tx) =>
        listAuditEntries(tx, { ...filter, range }, pageRows),
      );
      if (rows.length > 0) yield rows.map(toAuditEntry);
      given += rows.length;
      // A search that found too little goes on where its budget ended.
      before = rows.length === pageRows ? (rows.at(-1)?.id ?? null) : stoppedAt;
      if (before === null) return;
    }
  }
}
