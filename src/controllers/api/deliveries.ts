/** /api/v1/deliveries: reading them, and what can be asked of one. */
import { Elysia } from 'elysia';
import type { DeliveryId } from '../../domain/ids.ts';
import { cancelDelivery } from '../../usecases/deliveries/cancel-delivery.ts';
import { findDelivery } from '../../usecases/deliveries/find-delivery.ts';
import { listAttempts } from '../../usecases/deliveries/list-attempts.ts';
import { listDeliveries } from '../../usecases/deliveries/list-deliveries.ts';
import { retryDelivery } from '../../usecases/deliveries/retry-delivery.ts';
import {
  attemptListQuery,
  attemptPage,
  delivery,
  deliveryListQuery,
  deliveryPage,
} from '../../usecases/deliveries/schemas.ts';
import type { Identify } from '../authenticate.ts';
import { createOperations, thing } from './operation.ts';

const item = thing<DeliveryId>('delivery');

export function deliveryRoutes(identify: Identify) {
  return new Elysia({ prefix: '/deliveries', tags: ['Deliveries'] })
    .use(readingRoutes(identify))
    .use(actionRoutes(identify));
}

function readingRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia()
    .get(
      '',
      ...operation(
        {
          id: 'listDeliveries',
          summary: 'List deliveries',
          description:
            'Newest first. `type` has no index: the search may stop before the page is full, see `searchedUntil`.',
          query: deliveryListQuery,
          status: 200,
          answer: deliveryPage,
        },
        ({ ctx, query }) => listDeliveries(ctx, query),
      ),
    )
    .get(
      '/:id',
      ...operation(
        { id: 'getDelivery', summary: 'Get a delivery', item, status: 200, answer: delivery },
        ({ ctx, id }) => findDelivery(ctx, id),
      ),
    )
    .get(
      '/:id/attempts',
      ...operation(
        {
          id: 'listAttempts',
          summary: 'List the attempts of a delivery',
          description: 'Oldest first.',
          item,
          query: attemptListQuery,
          status: 200,
          answer: attemptPage,
        },
        ({ ctx, id, query }) => listAttempts(ctx, id, query),
      ),
    );
}

function actionRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia()
    .post(
      '/:id/retry',
      ...operation(
        {
          id: 'retryDelivery',
          summary: 'Ask for one attempt now',
          description:
            'Whatever its state: a success makes it delivered, else its state stays. Asking again before it was sent changes nothing.',
          item,
          status: 202,
          answer: delivery,
          conflict: 'Its endpoint is disabled or deleted.',
        },
        ({ ctx, id }) => retryDelivery(ctx, id),
      ),
    )
    .post(
      '/:id/cancel',
      ...operation(
        {
          id: 'cancelDelivery',
          summary: 'Cancel a pending delivery',
          item,
          status: 200,
          answer: delivery,
          conflict: 'It is not pending.',
        },
        ({ ctx, id }) => cancelDelivery(ctx, id),
      ),
    );
}
