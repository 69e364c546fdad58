/** The tenant's audit log, newest first; for a credential bound to a project, that project's. */
import { listAuditEntries as listRows } from '../../repositories/audit-log.ts';
import { type Ctx, requireScope } from '../context.ts';
import { type SearchedPage, toSearchedPage } from '../cursors.ts';
import type { AuditEntry, AuditListQuery } from './schemas.ts';
import { toAuditEntry, toAuditFilter } from './search.ts';

export async function listAuditEntries(
  ctx: Ctx,
  query: AuditListQuery,
): Promise<SearchedPage<AuditEntry>> {
  requireScope(ctx, 'audit-log:read');
  const filter = toAuditFilter(ctx, query);
  const found = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    listRows(tx, filter, query.limit + 1),
  );
  return toSearchedPage(found, query.limit, toAuditEntry);
}
