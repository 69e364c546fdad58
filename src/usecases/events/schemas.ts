/** What clients see of events; what they post is described in domain/event-envelope.ts. */
import { z } from 'zod';
import type { EventId, ProjectId } from '../../domain/ids.ts';
import {
  id,
  listParameters,
  moment,
  projectParameter,
  searchedPageOf,
  storableString,
  timeParameters,
} from '../schemas.ts';
import { typeParameter } from '../type-filter.ts';

const searchLengthMax = 200;

export const eventListQuery = z.strictObject({
  projectId: projectParameter<ProjectId>(),
  type: typeParameter,
  q: storableString(1, searchLengthMax)
    .refine((text) => text.trim() !== '', 'must hold a word')
    .optional()
    .describe(
      'An id, an orderingKey or the value of a label; within the last 24 h also words of the payload.',
    ),
  ...timeParameters,
  ...listParameters<EventId>(),
});
export type EventListQuery = z.output<typeof eventListQuery>;

const count = z.int().min(0);

const deliveries = z
  .object({ pending: count, delivered: count, failed: count, cancelled: count })
  .describe('How many deliveries the event has, by status.');

export const listedEvent = z
  .object({
    id,
    type: z.string(),
    projectId: id,
    metadata: z.record(z.string(), z.string()).nullable(),
    orderingKey: z.string().nullable(),
    receivedAt: moment,
    deliveries,
  })
  .meta({ id: 'ListedEvent' });
export type ListedEvent = z.infer<typeof listedEvent>;

export const event = listedEvent
  .extend({ payload: z.unknown().describe('The JSON text as it was posted.') })
  .meta({ id: 'Event' });

export const eventPage = searchedPageOf(listedEvent).meta({ id: 'EventPage' });
