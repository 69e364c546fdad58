/**
 * POST /api/v1/webhooks, twice over one function: described among the other routes, and as a plain
 * route that Bun's router takes before Elysia is asked (docs/benchmarks.md has what that saves).
 */
import { Elysia } from 'elysia';
import { eventInput } from '../../domain/event-envelope.ts';
import type { Log } from '../../lib/log.ts';
import { acceptedEvent } from '../../usecases/webhooks/schemas.ts';
import { answerError, commonHeaders } from '../answer-error.ts';
import { requestFacts } from '../request-id.ts';
import { describeOperation, type JsonObject } from './description.ts';

/** Answers 202 or throws AppError; accept-webhook.ts. */
export type AcceptWebhook = (request: Request) => Promise<Response>;

const path = '/api/v1/webhooks';

export function webhookRoutes(accept: AcceptWebhook) {
  return new Elysia({ prefix: '/webhooks', tags: ['Events'] }).post(
    '',
    ({ request }) => accept(request),
    { parse: 'none', detail: description() },
  );
}

/**
 * For `Bun.serve({ routes })`: the same answers, headers and measures as through the application.
 */
export function ingestRoute(deps: {
  acceptWebhook: AcceptWebhook;
  log: Log;
  httpRequest(method: string, route: string, status: number, seconds: number): void;
}): Record<string, { POST(request: Request): Promise<Response> }> {
  async function answer(request: Request): Promise<Response> {
    try {
      return await deps.acceptWebhook(request);
    } catch (error) {
      return answerError(deps.log, error, request, path);
    }
  }
  return {
    [path]: {
      async POST(request) {
        const { id, startedMs } = requestFacts(request);
        const response = await answer(request);
        response.headers.set('x-request-id', id);
        for (const name in commonHeaders) {
          response.headers.set(name, commonHeaders[name as keyof typeof commonHeaders]);
        }
        const seconds = (performance.now() - startedMs) / 1_000;
        deps.httpRequest('POST', path, response.status, seconds);
        return response;
      },
    },
  };
}

function description(): JsonObject {
  return {
    ...describeOperation({
      id: 'postEvent',
      summary: 'Post an event',
      description:
        'Answers 202 once the event and a delivery for each endpoint that wants it are ' +
        'committed. Receivers get the payload byte for byte as it stands in this request.',
      body: eventInput,
      status: 202,
      answer: acceptedEvent,
      conflict: 'The Idempotency-Key, or the id, belongs to an event with other content.',
      examples: { body: { type: 'invoice.paid', payload: { id: 'in_1', total: 1200 } } },
    }),
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        required: false,
        description:
          'The same key in the project within 24 h gives the first answer, `duplicate` true.',
        schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
      },
      {
        name: 'opsforge-hops',
        in: 'header',
        required: false,
        description: 'As received with a webhook that leads to this event; above 3 is refused.',
        schema: { type: 'integer', minimum: 0, maximum: 3 },
      },
    ],
  };
}
