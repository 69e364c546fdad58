/** Retries or cancels the deliveries that somebody ticked, each by itself: one that cannot be is
 * counted and stops no other. */
import { AppError } from '../../domain/errors.ts';
import type { DeliveryId } from '../../domain/ids.ts';
import { type Ctx, requireScope } from '../context.ts';
import { cancelDelivery } from './cancel-delivery.ts';
import { retryDelivery } from './retry-delivery.ts';

/** A page of the list; each is a transaction of some 3 ms. */
export const changedMax = 50;

export type ChangedDeliveries = {
  done: number;
  /** Why not, for each that could not be; nothing was changed of those. */
  refused: string[];
};

/** Throws AppError `forbidden`, or what is no matter of one delivery. */
export async function changeDeliveries(
  ctx: Ctx,
  ids: readonly DeliveryId[],
  change: 'retry' | 'cancel',
): Promise<ChangedDeliveries> {
  requireScope(ctx, 'deliveries:write');
  const apply = change === 'retry' ? retryDelivery : cancelDelivery;
  const result: ChangedDeliveries = { done: 0, refused: [] };
  for (const id of ids.slice(0, changedMax)) {
    try {
      await apply(ctx, id);
      result.done += 1;
    } catch (error) {
      const isItsOwn = error instanceof AppError && ['conflict', 'not_found'].includes(error.code);
      if (!isItsOwn) throw error;
      result.refused.push(error.message);
    }
  }
  return result;
}
