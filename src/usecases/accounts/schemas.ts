/** What clients send and see of API keys; HTTP, pages and the command line share it. */
import { z } from 'zod';
import type { ApiKeyId, ProjectId } from '../../domain/ids.ts';
import { scopes } from '../../domain/scopes.ts';
import {
  id,
  idInput,
  listParameters,
  moment,
  momentInput,
  pageOf,
  storableString,
  wholeNumber,
} from '../schemas.ts';

const rateLimitPerSecondMax = 1_000_000;

const rateLimit = z.strictObject({ perSecond: wholeNumber(1, rateLimitPerSecondMax) }).nullable();

const name = storableString(1, 200);
const scopeList = z
  .array(z.enum(scopes, 'is not a scope'), 'must be a list of scopes')
  .min(1, 'must name at least one scope')
  .max(scopes.length, 'names a scope twice')
  .describe('A key can only give scopes that it has itself.');
const expiresAt = momentInput().nullable().describe('Null: never.');

export const apiKeyInput = z
  .strictObject({
    name,
    projectId: idInput<ProjectId>()
      .nullish()
      .describe('Null or absent: every project, or the own one of a key that is bound to one.'),
    scopes: scopeList,
    expiresAt: expiresAt.optional(),
    rateLimit: rateLimit
      .optional()
      .describe(
        'Requests to each process of opsforge, a batch being one; past it the answer is 429. Null: no limit.',
      ),
  })
  .meta({ id: 'ApiKeyInput' });
export type ApiKeyInput = z.output<typeof apiKeyInput>;

export const apiKeyChanges = z
  .strictObject({
    name: name.optional(),
    scopes: scopeList.optional(),
    expiresAt: expiresAt.optional(),
    rateLimit: rateLimit.optional(),
  })
  .meta({ id: 'ApiKeyChanges' });
export type ApiKeyChanges = z.output<typeof apiKeyChanges>;

export const apiKeyListQuery = z.strictObject({
  projectId: idInput<ProjectId>().optional().describe('Only the keys of this project.'),
  ...listParameters<ApiKeyId>(),
});
export type ApiKeyListQuery = z.output<typeof apiKeyListQuery>;

export const apiKey = z
  .object({
    id,
    name: z.string(),
    projectId: id.nullable().describe('Null: not bound to one project.'),
    scopes: z.array(z.string()),
    keyHint: z.string().describe('The last characters of the key.'),
    expiresAt: moment.nullable(),
    lastUsedAt: moment.nullable().describe('Kept up to date within about a minute.'),
    rateLimit: z.object({ perSecond: z.int() }).nullable(),
    createdAt: moment,
  })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof apiKey>;

export const newApiKey = apiKey
  .extend({ key: z.string().describe('The key itself. It is never shown again.') })
  .meta({ id: 'NewApiKey' });
export type NewApiKey = z.infer<typeof newApiKey>;

export const apiKeyPage = pageOf(apiKey).meta({ id: 'ApiKeyPage' });
