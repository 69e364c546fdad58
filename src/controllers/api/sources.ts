/**
 * /api/v1/sources: sources, and the address that their senders post to. That one wants no API key:
 * the signature is the credential.
 */
import { Elysia } from 'elysia';
import { notFound } from '../../domain/errors.ts';
import { isUuid, type SourceId } from '../../domain/ids.ts';
import { createSource } from '../../usecases/sources/create-source.ts';
import { deleteSource } from '../../usecases/sources/delete-source.ts';
import { findSource } from '../../usecases/sources/find-source.ts';
import { listSources } from '../../usecases/sources/list-sources.ts';
import { pauseSource, resumeSource } from '../../usecases/sources/pause-source.ts';
import {
  newSource,
  source,
  sourceChanges,
  sourceInput,
  sourceListQuery,
  sourcePage,
} from '../../usecases/sources/schemas.ts';
import { updateSource } from '../../usecases/sources/update-source.ts';
import { acceptedEvent } from '../../usecases/webhooks/schemas.ts';
import type { Identify } from '../authenticate.ts';
import { describeOperation, type JsonObject } from './description.ts';
import { createOperations, thing } from './operation.ts';
import { answerCrc, type ReceiverDeps, receiveMessage } from './receive-source.ts';

const item = thing<SourceId>('source');
const maxShownId = 100;

export function sourceRoutes(identify: Identify, receiver: ReceiverDeps) {
  return new Elysia({ prefix: '/sources', tags: ['Sources'] })
    .use(manageRoutes(identify, receiver))
    .use(pauseRoutes(identify))
    .post('/:id', ({ params, request }) => receiveMessage(receiver, sourceId(params.id), request), {
      parse: 'none',
      detail: withChallenge({
        id: 'receiveSource',
        summary: "A sender's webhook",
        description:
          'Verified by its signature over the exact bytes, it becomes an event: JSON as it is, ' +
          'anything else as `{"body": text}` with the fields of a form post as `form`, what is ' +
          'not UTF-8 as `{"bodyBase64"}`. A repeat of the same message is no second event. ' +
          'A challenge of the sender (Slack) is answered with 200.',
        isPublic: true,
        item,
        status: 202,
        answer: acceptedEvent,
        problems: [
          ...(['unauthenticated', 'malformed', 'too_large', 'timed_out', 'invalid'] as const),
          'unavailable',
        ],
      }),
    });
}

function manageRoutes(identify: Identify, receiver: ReceiverDeps) {
  const operation = createOperations(identify);
  const [get, described] = operation(
    { id: 'getSource', summary: 'Get a source', item, status: 200, answer: source },
    ({ ctx, id }) => findSource(ctx, id),
  );
  return new Elysia()
    .get(
      '',
      ...operation(
        {
          id: 'listSources',
          summary: 'List sources',
          query: sourceListQuery,
          status: 200,
          answer: sourcePage,
        },
        ({ ctx, query }) => listSources(ctx, query),
      ),
    )
    .post(
      '',
      ...operation(
        {
          id: 'createSource',
          summary: 'Make a source',
          description: 'The answer holds its secret, and the URL that the sender is to post to.',
          body: sourceInput,
          status: 201,
          answer: newSource,
          examples: { body: { name: 'Our repositories', kind: 'github' } },
        },
        ({ ctx, body }) => createSource(ctx, body),
      ),
    )
    .get(
      '/:id',
      ({ params, request }) => {
        const token = new URL(request.url).searchParams.get('crc_token');
        if (token === null) return get({ request, params });
        return answerCrc(receiver, sourceId(params.id), token);
      },
      { ...described, detail: withCrc(described.detail) },
    )
    .patch(
      '/:id',
      ...operation(
        {
          id: 'updateSource',
          summary: 'Change a source',
          description: 'What is left out stays as it is.',
          item,
          body: sourceChanges,
          status: 200,
          answer: source,
          examples: { body: { eventType: 'code.{type}' } },
        },
        ({ ctx, id, body }) => updateSource(ctx, id, body),
      ),
    )
    .delete(
      '/:id',
      ...operation(
        {
          id: 'deleteSource',
          summary: 'Delete a source',
          description: 'What its sender posts from now on is refused with 404.',
          item,
          status: 204,
        },
        ({ ctx, id }) => deleteSource(ctx, id),
      ),
    );
}

/** What people do to its state. */
function pauseRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia()
    .post(
      '/:id/pause',
      ...operation(
        {
          id: 'pauseSource',
          summary: 'Pause a source',
          description: 'What its sender posts from now on is refused with 503 and not stored.',
          item,
          status: 200,
          answer: source,
        },
        ({ ctx, id }) => pauseSource(ctx, id),
      ),
    )
    .post(
      '/:id/resume',
      ...operation(
        {
          id: 'resumeSource',
          summary: 'Resume a source',
          description: 'Its messages are taken again.',
          item,
          status: 200,
          answer: source,
        },
        ({ ctx, id }) => resumeSource(ctx, id),
      ),
    );
}

function sourceId(given: string): SourceId {
  const id = given.toLowerCase();
  if (!isUuid(id)) throw notFound('source', id.slice(0, maxShownId));
  // Safe because a brand only names what the id is of; that it exists is for the query to find.
  return id as SourceId;
}

function withChallenge(operation: Parameters<typeof describeOperation>[0]): JsonObject {
  const detail = describeOperation(operation);
  const content = { 'text/plain': { schema: { type: 'string' } } };
  const challenge = { description: "The answer to the sender's challenge.", content };
  return { ...detail, responses: { ...Object(detail['responses']), 200: challenge } };
}

/** The same address answers the challenge of X, which asks by GET and has no API key. */
function withCrc(detail: JsonObject): JsonObject {
  const crcToken = {
    ...{ name: 'crc_token', in: 'query', required: false, schema: { type: 'string' } },
    description: 'Of a source with `crc`: answers the challenge, and wants no credential.',
  };
  const responseToken = {
    ...{ type: 'object', required: ['response_token'] },
    properties: { response_token: { type: 'string' } },
  };
  const schema = { anyOf: [{ $ref: '#/components/schemas/Source' }, responseToken] };
  return {
    ...detail,
    parameters: [...Object(detail['parameters']), crcToken],
    responses: {
      ...Object(detail['responses']),
      200: { description: 'Done.', content: { 'application/json': { schema } } },
    },
  };
}
