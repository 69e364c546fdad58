/** /api/v1/endpoints: the endpoints themselves; what is done with one is endpoint-actions.ts. */
import { Elysia } from 'elysia';
import type { EndpointId } from '../../domain/ids.ts';
import { createEndpoint } from '../../usecases/endpoints/create-endpoint.ts';
import { deleteEndpoint } from '../../usecases/endpoints/delete-endpoint.ts';
import { findEndpoint } from '../../usecases/endpoints/find-endpoint.ts';
import { listEndpoints } from '../../usecases/endpoints/list-endpoints.ts';
import {
  endpoint,
  endpointChanges,
  endpointInput,
  endpointListQuery,
  endpointPage,
  newEndpoint,
} from '../../usecases/endpoints/schemas.ts';
import { updateEndpoint } from '../../usecases/endpoints/update-endpoint.ts';
import type { Identify } from '../authenticate.ts';
import { createOperations, thing } from './operation.ts';

const item = thing<EndpointId>('endpoint');

export function endpointRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia({ prefix: '/endpoints', tags: ['Endpoints'] })
    .get(
      '',
      ...operation(
        {
          id: 'listEndpoints',
          summary: 'List endpoints',
          query: endpointListQuery,
          status: 200,
          answer: endpointPage,
        },
        ({ ctx, query }) => listEndpoints(ctx, query),
      ),
    )
    .post(
      '',
      ...operation(
        {
          id: 'createEndpoint',
          summary: 'Make an endpoint',
          description: 'The answer holds its signing secret; of ed25519 its public key.',
          body: endpointInput,
          status: 201,
          answer: newEndpoint,
          examples: { body: { url: 'https://example.com/webhooks', eventTypes: ['invoice.*'] } },
        },
        ({ ctx, body }) => createEndpoint(ctx, body),
      ),
    )
    .get(
      '/:id',
      ...operation(
        { id: 'getEndpoint', summary: 'Get an endpoint', item, status: 200, answer: endpoint },
        ({ ctx, id }) => findEndpoint(ctx, id),
      ),
    )
    .patch(
      '/:id',
      ...operation(
        {
          id: 'updateEndpoint',
          summary: 'Change an endpoint',
          description: 'What is left out stays as it is.',
          item,
          body: endpointChanges,
          status: 200,
          answer: endpoint,
          conflict: 'It signs otherwise now, and too many secrets are still valid.',
          examples: { body: { maxInFlight: 50, rateLimit: { perSecond: 20 } } },
        },
        ({ ctx, id, body }) => updateEndpoint(ctx, id, body),
      ),
    )
    .delete(
      '/:id',
      ...operation(
        {
          id: 'deleteEndpoint',
          summary: 'Delete an endpoint',
          description: 'Cancels what is pending (reason `endpoint_deleted`); its history stays.',
          item,
          status: 204,
        },
        ({ ctx, id }) => deleteEndpoint(ctx, id),
      ),
    );
}
