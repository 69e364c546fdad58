/** What clients see of accepting; what they send is domain/event-envelope.ts. */
import { z } from 'zod';
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
