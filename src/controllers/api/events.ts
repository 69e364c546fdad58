/** /api/v1/events: reading; posting is webhooks.ts. */
import { Elysia } from 'elysia';
import type { EventId } from '../../domain/ids.ts';
import { type FoundEvent, findEvent } from '../../usecases/events/find-event.ts';
import { listEvents } from '../../usecases/events/list-events.ts';
import { event, eventListQuery, eventPage } from '../../usecases/events/schemas.ts';
import type { Identify } from '../authenticate.ts';
import { createOperations, thing } from './operation.ts';

const item = thing<EventId>('event');

export function eventRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia({ prefix: '/events', tags: ['Events'] })
    .get(
      '',
      ...operation(
        {
          id: 'listEvents',
          summary: 'List events',
          description: 'Without payloads, newest first by the time in their ids.',
          query: eventListQuery,
          status: 200,
          answer: eventPage,
        },
        ({ ctx, query }) => listEvents(ctx, query),
      ),
    )
    .get(
      '/:id',
      ...operation(
        {
          id: 'getEvent',
          summary: 'Get an event',
          description: 'With the payload as it was posted, byte for byte.',
          item,
          status: 200,
          answer: event,
        },
        async ({ ctx, id }) => rawEvent(await findEvent(ctx, id)),
      ),
    );
}

/** The payload's text goes in as it is: `1.0` stays `1.0`, and a great integer keeps its digits. */
function rawEvent({ event: { id, type, projectId, ...rest }, payloadText }: FoundEvent): Response {
  const before = JSON.stringify({ id, type, projectId }).slice(0, -1);
  const after = JSON.stringify(rest).slice(1);
  return new Response(`${before},"payload":${payloadText},${after}`, {
    headers: { 'content-type': 'application/json' },
  });
}
