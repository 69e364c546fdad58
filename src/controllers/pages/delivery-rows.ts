/** Deliveries as rows of a table; the list of deliveries and an event's page show the same. */
import type { DeliveryRow } from '../../../views/delivery-parts.tsx';
import { projectPath } from '../../../views/navigation.ts';
import type { Described } from '../../usecases/deliveries/describe-deliveries.ts';
import type { Delivery } from '../../usecases/deliveries/schemas.ts';
import { endpointName } from './endpoint-words.ts';
import type { ProjectCall } from './page.ts';

/** Pending is called retrying once an attempt failed. */
export function stateOf({ status, attempts }: Pick<Delivery, 'status' | 'attempts'>) {
  return status === 'pending' && attempts > 0 ? 'retrying' : status;
}

/** @param seenId what is newer was not there when the reader looked before */
export function toDeliveryRow(
  { place }: Pick<ProjectCall, 'place'>,
  described: Described,
  seenId?: string,
): DeliveryRow {
  return deliveryRowOf(projectPath(place), described, seenId);
}

/** @param base of what has its deliveries and endpoints below it: a project or a portal */
export function deliveryRowOf(
  base: string,
  { delivery, endpoint, tookMs, errorCode }: Described,
  seenId?: string,
): DeliveryRow {
  const { id, lastStatusCode } = delivery;
  return {
    id,
    href: `${base}/deliveries/${id}`,
    eventType: delivery.eventType,
    state: stateOf(delivery),
    endpoint:
      endpoint === null
        ? { name: 'unknown', url: '', href: null }
        : {
            name: endpointName(endpoint),
            url: endpoint.url,
            href: endpoint.deleted ? null : `${base}/endpoints/${endpoint.id}`,
          },
    attempts: delivery.attempts,
    attemptsMax: endpoint === null ? null : Math.max(endpoint.attemptsMax, delivery.attempts),
    statusCode: errorCode === null ? lastStatusCode : null,
    errorCode,
    tookMs,
    nextAttemptAt: delivery.nextAttemptAt,
    createdAt: delivery.createdAt,
    completedAt: delivery.completedAt,
    isReplay: delivery.replayId !== null,
    isNew: seenId !== undefined && id > seenId,
  };
}
