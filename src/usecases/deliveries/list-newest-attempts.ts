/** The newest attempts of a delivery, for its page; the API pages through all, oldest first. */
import type { DeliveryId } from '../../domain/ids.ts';
import { findDelivery, listNewestAttempts as listRows } from '../../repositories/deliveries.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleDelivery } from './find-delivery.ts';
import type { Attempt } from './schemas.ts';
import { toAttempt } from './view.ts';

/** A schedule has at most 21; more come by hand alone. */
const newestAttemptsMax = 25;

export async function listNewestAttempts(ctx: Ctx, id: DeliveryId): Promise<Attempt[]> {
  requireScope(ctx, 'deliveries:read');
  const [row, attempts] = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    Promise.all([findDelivery(tx, id), listRows(tx, id, newestAttemptsMax)]),
  );
  requireVisibleDelivery(ctx, id, row);
  return attempts.map(toAttempt);
}
