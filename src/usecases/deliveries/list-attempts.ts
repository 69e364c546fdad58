/** The attempts of a delivery, oldest first: the story of how it went. */
import type { DeliveryId } from '../../domain/ids.ts';
import { findDelivery, listAttempts as listRows } from '../../repositories/deliveries.ts';
import { type Ctx, requireScope } from '../context.ts';
import { type Page, toPage } from '../cursors.ts';
import { requireVisibleDelivery } from './find-delivery.ts';
import type { Attempt, AttemptListQuery } from './schemas.ts';
import { toAttempt } from './view.ts';

export async function listAttempts(
  ctx: Ctx,
  id: DeliveryId,
  query: AttemptListQuery,
): Promise<Page<Attempt>> {
  requireScope(ctx, 'deliveries:read');
  const [row, attempts] = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    Promise.all([
      findDelivery(tx, id),
      listRows(tx, id, { after: query.cursor ?? null, limit: query.limit + 1 }),
    ]),
  );
  requireVisibleDelivery(ctx, id, row);
  return toPage(attempts, query.limit, toAttempt);
}
