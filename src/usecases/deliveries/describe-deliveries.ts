/** What a list of deliveries says beside them: endpoints' names, what the last attempt took. */
import type { DeliveryId, EndpointId } from '../../domain/ids.ts';
import { listLastAttempts } from '../../repositories/deliveries.ts';
import { listEndpointNames } from '../../repositories/endpoints.ts';
import { type Ctx, requireScope } from '../context.ts';
import type { Delivery } from './schemas.ts';

export type DescribedEndpoint = {
  id: string;
  url: string;
  description: string;
  /** By its schedule of now. */
  attemptsMax: number;
  deleted: boolean;
};

export type Described = {
  delivery: Delivery;
  /** Null when even its row is gone. */
  endpoint: DescribedEndpoint | null;
  /** Of the last attempt; null when there was none. */
  tookMs: number | null;
  /** As `timeout`; null when the last attempt had an answer. */
  errorCode: string | null;
};

/** In the order given; of one page of a list, as the calls take one probe for each. */
export async function describeDeliveries(
  ctx: Ctx,
  deliveries: readonly Delivery[],
): Promise<Described[]> {
  requireScope(ctx, 'deliveries:read');
  if (deliveries.length === 0) return [];
  // Safe because both were answered by the database as ids of this kind.
  const endpointIds = [...new Set(deliveries.map((one) => one.endpointId as EndpointId))];
  const tried = deliveries.filter((one) => one.attempts > 0).map((one) => one.id as DeliveryId);
  const [names, attempts] = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    Promise.all([
      listEndpointNames(tx, endpointIds),
      tried.length === 0 ? [] : listLastAttempts(tx, tried),
    ]),
  );
  const endpointOf = new Map<string, DescribedEndpoint>(
    names.map(({ id, url, description, retrySchedule, deletedAt }) => [
      id,
      { id, url, description, attemptsMax: retrySchedule.length + 1, deleted: deletedAt !== null },
    ]),
  );
  const lastOf = new Map<string, (typeof attempts)[number]>(
    attempts.map((attempt) => [attempt.deliveryId, attempt]),
  );
  return deliveries.map((delivery) => ({
    delivery,
    endpoint: endpointOf.get(delivery.endpointId) ?? null,
    tookMs: lastOf.get(delivery.id)?.durationMs ?? null,
    errorCode: lastOf.get(delivery.id)?.errorCode ?? null,
  }));
}
