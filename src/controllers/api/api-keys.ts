/** /api/v1/api-keys */
import { Elysia } from 'elysia';
import type { ApiKeyId } from '../../domain/ids.ts';
import { createApiKey } from '../../usecases/accounts/create-api-key.ts';
import { findApiKey } from '../../usecases/accounts/find-api-key.ts';
import { listApiKeys } from '../../usecases/accounts/list-api-keys.ts';
import { revokeApiKey } from '../../usecases/accounts/revoke-api-key.ts';
import {
  apiKey,
  apiKeyChanges,
  apiKeyInput,
  apiKeyListQuery,
  apiKeyPage,
  newApiKey,
} from '../../usecases/accounts/schemas.ts';
import { updateApiKey } from '../../usecases/accounts/update-api-key.ts';
import type { Identify } from '../authenticate.ts';
import { createOperations, thing } from './operation.ts';

const item = thing<ApiKeyId>('API key');

export function apiKeyRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia({ prefix: '/api-keys', tags: ['API keys'] })
    .get(
      '',
      ...operation(
        {
          id: 'listApiKeys',
          summary: 'List API keys',
          description: 'A key that is bound to a project sees those of the project.',
          query: apiKeyListQuery,
          status: 200,
          answer: apiKeyPage,
        },
        ({ ctx, query }) => listApiKeys(ctx, query),
      ),
    )
    .post(
      '',
      ...operation(
        {
          id: 'createApiKey',
          summary: 'Make an API key',
          description: 'Its scopes must be among those of the key that asks.',
          body: apiKeyInput,
          status: 201,
          answer: newApiKey,
          examples: { body: { name: 'billing service', scopes: ['events:write'] } },
        },
        ({ ctx, body }) => createApiKey(ctx, body),
      ),
    )
    .get(
      '/:id',
      ...operation(
        { id: 'getApiKey', summary: 'Get an API key', item, status: 200, answer: apiKey },
        ({ ctx, id }) => findApiKey(ctx, id),
      ),
    )
    .patch(
      '/:id',
      ...operation(
        {
          id: 'updateApiKey',
          summary: 'Change an API key',
          description:
            'All scopes that it has afterwards must be among those of the key that asks.',
          item,
          body: apiKeyChanges,
          status: 200,
          answer: apiKey,
          examples: { body: { scopes: ['events:write', 'events:read'] } },
        },
        ({ ctx, id, body }) => updateApiKey(ctx, id, body),
      ),
    )
    .delete(
      '/:id',
      ...operation(
        {
          id: 'revokeApiKey',
          summary: 'Revoke an API key',
          description: 'At once in the process that answers, within a second in the others.',
          item,
          status: 204,
        },
        ({ ctx, id }) => revokeApiKey(ctx, id),
      ),
    );
}
