/** /api/v1/usage: what the tenant and its projects use. */
import { Elysia } from 'elysia';
import { readUsage } from '../../usecases/usage/read-usage.ts';
import { usage, usageQuery } from '../../usecases/usage/schemas.ts';
import type { Identify } from '../authenticate.ts';
import { createOperations } from './operation.ts';

export function usageRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia({ prefix: '/usage', tags: ['Usage'] }).get(
    '',
    ...operation(
      {
        id: 'getUsage',
        summary: 'Get usage',
        description:
          'Events, bytes of payloads, deliveries and attempts by day and by project, a few seconds behind; and the quotas that who runs this opsforge has set. When one is used up, events are refused with 429.',
        query: usageQuery,
        status: 200,
        answer: usage,
      },
      ({ ctx, query }) => readUsage(ctx, query),
    ),
  );
}
