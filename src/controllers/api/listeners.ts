/** What `opsforge listen` asks: an endpoint whose deliveries are pulled and answered by API. */
import { Elysia } from 'elysia';
import type { DeliveryId, EndpointId } from '../../domain/ids.ts';
import { newEndpoint } from '../../usecases/endpoints/schemas.ts';
import { createListener } from '../../usecases/listeners/create-listener.ts';
import { pullDeliveries } from '../../usecases/listeners/pull-deliveries.ts';
import { recordAnswer } from '../../usecases/listeners/record-answer.ts';
import {
  answerInput,
  listenerInput,
  pulledDeliveries,
  pullInput,
  recordedAnswer,
} from '../../usecases/listeners/schemas.ts';
import type { Identify } from '../authenticate.ts';
import { createOperations, thing } from './operation.ts';

const answerExample = {
  attemptId: '01a2097f-28e4-761f-99eb-a6d24634f57c',
  attempt: 1,
  requestHeaders: { 'content-type': 'application/json' },
  answer: {
    kind: 'answer' as const,
    statusCode: 204,
    headers: {},
    body: '',
    durationMs: 12,
    timings: { dnsMs: 0, connectMs: 0.4, tlsMs: null, firstByteMs: 11.2 },
    remoteAddress: '127.0.0.1',
  },
};

export function listenerRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia({ tags: ['Listeners'] })
    .post(
      '/listeners',
      ...operation(
        {
          id: 'createListener',
          summary: 'Make an endpoint to pull from',
          description:
            'For receivers without a public address, as `opsforge listen` runs them. It is an endpoint, `paused` with the reason `listening`: nothing is sent, deliveries stay pending until they are pulled and answered. Deleting the endpoint ends it; one that is not pulled for a day is disabled.',
          body: listenerInput,
          status: 201,
          answer: newEndpoint,
          examples: { body: { eventTypes: ['invoice.*'] } },
        },
        ({ ctx, body }) => createListener(ctx, body),
      ),
    )
    .post(
      '/listeners/:id/pull',
      ...operation(
        {
          id: 'pullDeliveries',
          summary: 'Pull what is due',
          description:
            'Each delivery as the request that a receiver gets, signed now. Up to `maxInFlight`, those held included.',
          item: thing<EndpointId>('endpoint'),
          body: pullInput,
          bodyOptional: true,
          status: 200,
          answer: pulledDeliveries,
          conflict: 'The endpoint is no listener (any more), or nothing can be signed for it.',
        },
        ({ ctx, id, body }) => pullDeliveries(ctx, id, body),
      ),
    )
    .post(
      '/deliveries/:id/answer',
      ...operation(
        {
          id: 'answerDelivery',
          summary: 'Record what a pulled delivery came to',
          description:
            'It becomes an attempt, by the rules of every other: a success, a retry by the schedule, or the end. The same again changes nothing.',
          item: thing<DeliveryId>('delivery'),
          body: answerInput,
          status: 200,
          answer: recordedAnswer,
          conflict: 'Its endpoint is no listener.',
          examples: { body: answerExample },
        },
        ({ ctx, id, body }) => recordAnswer(ctx, id, body),
      ),
    );
}
