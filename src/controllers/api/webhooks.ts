/**
 * POST /api/v1/webhooks and /batch, each twice over one function: described among the other routes,
 * and as a plain route that Bun's router takes before Elysia is asked (docs/benchmarks.md has what
 * that saves).
 */
import { Elysia } from 'elysia';
import { eventBatchInput } from '../../domain/event-batch.ts';
import { eventInput } from '../../domain/event-envelope.ts';
import type { Log } from '../../lib/log.ts';
import { acceptedBatch, acceptedEvent } from '../../usecases/webhooks/schemas.ts';
import { answerError, commonHeaders } from '../answer-error.ts';
import { requestFacts } from '../request-id.ts';
import { transportSecurity, transportSecurityName } from '../transport-security.ts';
import { describeOperation, type JsonObject } from './description.ts';

/** Answers 202 or throws AppError. */
type Accept = (request: Request) => Promise<Response>;

export type IngestHandlers = {
  /** accept-webhook.ts */
  acceptWebhook: Accept;
  /** accept-webhook-batch.ts */
  acceptWebhookBatch: Accept;
};

const path = '/api/v1/webhooks';

export function webhookRoutes({ acceptWebhook, acceptWebhookBatch }: IngestHandlers) {
  return new Elysia({ prefix: '/webhooks', tags: ['Events'] })
    .post('', ({ request }) => acceptWebhook(request), { parse: 'none', detail: description() })
    .post('/batch', ({ request }) => acceptWebhookBatch(request), {
      parse: 'none',
      detail: batchDescription(),
    });
}

type IngestDeps = IngestHandlers & {
  log: Log;
  publicUrl(): string;
  httpRequest(method: string, route: string, status: number, seconds: number): void;
};

type PlainRoutes = Record<string, { POST(request: Request): Promise<Response> }>;

/**
 * For `Bun.serve({ routes })`: the same answers, headers and measures as through the application.
 */
export function ingestRoutes(deps: IngestDeps): PlainRoutes {
  return {
    [path]: { POST: plainRoute(deps, path, deps.acceptWebhook) },
    [`${path}/batch`]: { POST: plainRoute(deps, `${path}/batch`, deps.acceptWebhookBatch) },
  };
}

function plainRoute(deps: IngestDeps, route: string, accept: Accept): Accept {
  async function answer(request: Request): Promise<Response> {
    try {
      return await accept(request);
    } catch (error) {
      return answerError(deps.log, error, request, route);
    }
  }
  return async (request) => {
    const { id, startedMs } = requestFacts(request);
    const response = await answer(request);
    response.headers.set('x-request-id', id);
    for (const name in commonHeaders) {
      response.headers.set(name, commonHeaders[name as keyof typeof commonHeaders]);
    }
    const secure = transportSecurity(request, deps.publicUrl());
    if (secure !== null) response.headers.set(transportSecurityName, secure);
    const seconds = (performance.now() - startedMs) / 1_000;
    deps.httpRequest('POST', route, response.status, seconds);
    return response;
  };
}

const hopsParameter = {
  name: 'opsforge-hops',
  in: 'header',
  required: false,
  description: 'As received with a webhook that leads to this event; above 3 is refused.',
  schema: { type: 'integer', minimum: 0, maximum: 3 },
};

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
      hopsParameter,
    ],
  };
}

function batchDescription(): JsonObject {
  const described = describeOperation({
    id: 'postEventBatch',
    summary: 'Post up to 1000 events',
    description:
      'Each event is accepted or rejected by itself, and committed in the order of the batch. ' +
      'The answer is 202 even when none is accepted; 503 when none could be stored for now. ' +
      'Up to 8 MiB, as a JSON object or as NDJSON. Idempotency is by `idempotencyKey` or `id` of ' +
      'each event; the header Idempotency-Key is refused.',
    body: eventBatchInput,
    status: 202,
    answer: acceptedBatch,
    examples: {
      body: {
        events: [
          { type: 'invoice.paid', payload: { id: 'in_1', total: 1200 } },
          { type: 'invoice.paid', payload: { id: 'in_2', total: 80 }, idempotencyKey: 'in_2-paid' },
        ],
      },
    },
  });
  const requestBody = Object(described['requestBody']);
  const ndjson = {
    schema: {
      type: 'string',
      description: 'An event as JSON on each line; blank lines are passed over.',
    },
    example: '{"type":"invoice.paid","payload":{"id":"in_1"}}\n',
  };
  const content = { ...requestBody.content, 'application/x-ndjson': ndjson };
  return {
    ...described,
    requestBody: { ...requestBody, content },
    parameters: [hopsParameter],
  };
}
