/** /api/v1/endpoints/{id}/…: what is done with an endpoint. */
import { Elysia } from 'elysia';
import type { EndpointId } from '../../domain/ids.ts';
import {
  disableEndpoint,
  enableEndpoint,
  pauseEndpoint,
  resumeEndpoint,
} from '../../usecases/endpoints/change-status.ts';
import { readEndpointStats } from '../../usecases/endpoints/read-stats.ts';
import { revealSecret } from '../../usecases/endpoints/reveal-secret.ts';
import { rotateSecret } from '../../usecases/endpoints/rotate-secret.ts';
import {
  endpoint,
  endpointSecret,
  rotatedSecret,
  rotationInput,
  sentTest,
} from '../../usecases/endpoints/schemas.ts';
import { sendTest } from '../../usecases/endpoints/send-test.ts';
import { endpointStats, endpointStatsQuery } from '../../usecases/endpoints/stats-schemas.ts';
import type { Identify } from '../authenticate.ts';
import { createOperations, thing } from './operation.ts';

const item = thing<EndpointId>('endpoint');

export function endpointActionRoutes(identify: Identify) {
  return new Elysia({ prefix: '/endpoints/:id', tags: ['Endpoints'] })
    .use(statsRoutes(identify))
    .use(secretAndTestRoutes(identify))
    .use(stateRoutes(identify));
}

function statsRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia().get(
    '/stats',
    ...operation(
      {
        id: 'getEndpointStats',
        summary: 'Show how an endpoint does',
        description:
          'Counted when recorded, by the time at which the attempt ended; at most 5 seconds behind. `pending` is of now.',
        item,
        query: endpointStatsQuery,
        status: 200,
        answer: endpointStats,
      },
      ({ ctx, id, query }) => readEndpointStats(ctx, id, query),
    ),
  );
}

function secretAndTestRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia()
    .get(
      '/secret',
      ...operation(
        {
          id: 'getEndpointSecret',
          summary: 'Show the signing secret',
          description: 'Needs the scope endpoints:write.',
          item,
          status: 200,
          answer: endpointSecret,
        },
        ({ ctx, id }) => revealSecret(ctx, id),
      ),
    )
    .post(
      '/rotate-secret',
      ...operation(
        {
          id: 'rotateEndpointSecret',
          summary: 'Change the signing secret',
          description: 'During the overlap every valid secret signs.',
          item,
          body: rotationInput,
          bodyOptional: true,
          status: 200,
          answer: rotatedSecret,
          conflict: 'Too many secrets are still valid.',
        },
        ({ ctx, id, body }) => rotateSecret(ctx, id, body),
      ),
    )
    .post(
      '/test',
      ...operation(
        {
          id: 'testEndpoint',
          summary: 'Send a test event',
          description: 'An event `opsforge.test`, to this endpoint alone.',
          item,
          status: 202,
          answer: sentTest,
          conflict: 'The endpoint is disabled.',
        },
        ({ ctx, id }) => sendTest(ctx, id),
      ),
    );
}

function stateRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia()
    .post(
      '/enable',
      ...operation(
        {
          id: 'enableEndpoint',
          summary: 'Enable a disabled endpoint',
          description: 'Sends nothing by itself.',
          item,
          status: 200,
          answer: endpoint,
          conflict: 'It is paused.',
        },
        ({ ctx, id }) => enableEndpoint(ctx, id),
      ),
    )
    .post(
      '/disable',
      ...operation(
        {
          id: 'disableEndpoint',
          summary: 'Disable an endpoint',
          description:
            'Cancels what is pending (reason `endpoint_disabled`); what comes meanwhile is recorded as cancelled.',
          item,
          status: 200,
          answer: endpoint,
        },
        ({ ctx, id }) => disableEndpoint(ctx, id),
      ),
    )
    .post(
      '/pause',
      ...operation(
        {
          id: 'pauseEndpoint',
          summary: 'Pause an endpoint',
          description: 'Deliveries stay pending until it is resumed.',
          item,
          status: 200,
          answer: endpoint,
          conflict: 'It is disabled.',
        },
        ({ ctx, id }) => pauseEndpoint(ctx, id),
      ),
    )
    .post(
      '/resume',
      ...operation(
        {
          id: 'resumeEndpoint',
          summary: 'Resume a paused endpoint',
          item,
          status: 200,
          answer: endpoint,
          conflict: 'It is disabled.',
        },
        ({ ctx, id }) => resumeEndpoint(ctx, id),
      ),
    );
}
