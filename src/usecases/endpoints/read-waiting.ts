/** What waits for an endpoint: what a page or a question before cancelling it says. */
import { type DeliveryId, type EndpointId, idTimeMs } from '../../domain/ids.ts';
import { countPending, findOldestPending } from '../../repositories/delivery-stats.ts';
import { findEndpoint as findRow } from '../../repositories/endpoints.ts';
import type { TenantTx } from '../../repositories/transactions.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';

/** More are not counted: it would take longer than all the rest (5 ms for so many). */
const pendingMax = 10_000;

/** `more`: so many were counted, and there are others. */
export type Waiting = { count: number; more: boolean; oldestAt: string | null };
type WaitingRows = { pending: number; oldest: DeliveryId | null };

/** @throws AppError `not_found` */
export async function readWaiting(ctx: Ctx, id: EndpointId): Promise<Waiting> {
  requireScope(ctx, 'endpoints:read');
  const [endpoint, waiting] = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    Promise.all([findRow(tx, id), readWaitingRows(tx, id)]),
  );
  requireVisibleEndpoint(ctx, id, endpoint);
  return toWaiting(waiting);
}

/** For who has a transaction at work. */
export async function readWaitingRows(tx: TenantTx, id: EndpointId): Promise<WaitingRows> {
  const [pending, oldest] = await Promise.all([
    countPending(tx, id, pendingMax + 1),
    findOldestPending(tx, id),
  ]);
  return { pending, oldest };
}

export function toWaiting({ pending, oldest }: WaitingRows): Waiting {
  return {
    count: Math.min(pending, pendingMax),
    more: pending > pendingMax,
    oldestAt: oldest === null ? null : new Date(idTimeMs(oldest)).toISOString(),
  };
}
