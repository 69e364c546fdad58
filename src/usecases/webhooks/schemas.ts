/** What clients see of accepting; what they send is domain/event-envelope.ts. */
import { z } from 'zod';
import { errorCodes } from '../../domain/errors.ts';
import { id, moment } from '../schemas.ts';

export const acceptedEvent = z
  .object({
    id,
    type: z.string(),
    projectId: id,
    receivedAt: moment,
    deliveries: z.int().min(0).describe('How many endpoints want it.'),
    duplicate: z.boolean().describe('True for a repeat: the rest is the first answer.'),
  })
  .meta({ id: 'AcceptedEvent' });

const index = z.int().min(0).describe('Of the event in the batch, from 0; blank lines are none.');

/** Events are answered in the order of the batch. */
export const acceptedBatch = z
  .object({
    accepted: z.int().min(0),
    rejected: z.int().min(0),
    results: z.array(
      z.union([
        z.object({
          index,
          id,
          duplicate: z
            .literal(true)
            .optional()
            .describe('It is a repeat; of the first one the id.'),
        }),
        z.object({ index, error: z.object({ code: z.enum(errorCodes), message: z.string() }) }),
      ]),
    ),
  })
  .meta({ id: 'AcceptedBatch' });
