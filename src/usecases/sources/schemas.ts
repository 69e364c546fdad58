/** What clients send and see of sources; HTTP, pages and the command line share it. */
import { z } from 'zod';
import { headerNameLengthMax } from '../../domain/endpoint-headers.ts';
import type { ProjectId, SourceId } from '../../domain/ids.ts';
import { typePlaceholder } from '../../domain/sources/event.ts';
import { defaultHmacSettings } from '../../domain/sources/hmac.ts';
import { sourceKinds } from '../../domain/sources/source.ts';
import {
  id,
  listParameters,
  moment,
  pageOf,
  projectParameter,
  storableString,
  wholeNumber,
} from '../schemas.ts';

const nameLengthMax = 200;
/** The bound of a type itself. */
const eventTypeLengthMax = 128;
const secretLengthMax = 1_024;
const prefixLengthMax = 64;
const overlapSecondsDefault = 86_400;
const overlapSecondsMax = 30 * 86_400;

const headerName = z
  .string('must be a string')
  .max(headerNameLengthMax, `must be at most ${headerNameLengthMax} characters`)
  .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'is not a header name')
  .toLowerCase();

const settings = z
  .strictObject({
    signatureHeader: headerName.describe('Which header holds the signature.'),
    algorithm: z.enum(['sha1', 'sha256', 'sha512'], 'must be sha1, sha256 or sha512'),
    encoding: z.enum(['hex', 'base64'], 'must be hex or base64'),
    prefix: storableString(0, prefixLengthMax).describe('Before the signature, such as `sha256=`.'),
    idHeader: headerName.describe('Which header tells repeats; without it each is a new event.'),
    crc: z.boolean('must be true or false').describe('Answer `GET …?crc_token=`, as X asks it.'),
  })
  .partial()
  .describe(`Of the kind \`hmac\` only. Defaults: \`${JSON.stringify(defaultHmacSettings)}\`.`);

const typeRule = `must be segments of A-Z a-z 0-9 _ - joined by dots, ${typePlaceholder} one of them`;

const fields = {
  name: storableString(1, nameLengthMax),
  settings,
  eventType: z
    .string('must be a string')
    .max(eventTypeLengthMax, `must be at most ${eventTypeLengthMax} characters`)
    .regex(/^(?:[A-Za-z0-9_-]+|\{type\})(?:\.(?:[A-Za-z0-9_-]+|\{type\}))*$/, typeRule)
    .refine((text) => text.split(typePlaceholder).length <= 2, typeRule)
    .nullable()
    .describe(
      'The type of its events; `{type}` stands for what the sender says, such as ' +
        '`github.push`. Null: just that.',
    ),
  secret: storableString(1, secretLengthMax),
};

export const sourceInput = z
  .strictObject({
    projectId: projectParameter<ProjectId>(),
    name: fields.name,
    kind: z.enum(sourceKinds, `must be one of ${sourceKinds.join(', ')}`),
    settings: fields.settings.default({}),
    eventType: fields.eventType.default(null),
    secret: fields.secret
      .optional()
      .describe(
        "The sender's; left out, one is made (not for stripe, slack, shopify and twilio, which " +
          'make it themselves). Of `standard` also a public key `whpk_…`.',
      ),
  })
  .meta({ id: 'SourceInput' });
export type SourceInput = z.output<typeof sourceInput>;

export const sourceChanges = z
  .strictObject({
    name: fields.name.optional(),
    settings: fields.settings.optional().describe('Replaces all of them.'),
    eventType: fields.eventType.optional(),
    secret: fields.secret.optional().describe('Takes the place of the current one.'),
    overlapSeconds: wholeNumber(0, overlapSecondsMax)
      .default(overlapSecondsDefault)
      .describe('With `secret`: how long the ones until now stay valid.'),
  })
  .meta({ id: 'SourceChanges' });
export type SourceChanges = z.output<typeof sourceChanges>;

export const sourceListQuery = z.strictObject({
  projectId: projectParameter<ProjectId>(),
  ...listParameters<SourceId>(),
});
export type SourceListQuery = z.output<typeof sourceListQuery>;

export const source = z
  .object({
    id,
    projectId: id,
    name: z.string(),
    kind: z.enum(sourceKinds),
    settings: z.object({
      signatureHeader: z.string().optional(),
      algorithm: z.enum(['sha1', 'sha256', 'sha512']).optional(),
      encoding: z.enum(['hex', 'base64']).optional(),
      prefix: z.string().optional(),
      idHeader: z.string().optional(),
      crc: z.boolean().optional(),
    }),
    eventType: z.string().nullable(),
    url: z.string().describe('Where the sender posts to; it needs no API key.'),
    pausedAt: moment
      .nullable()
      .describe('Since when its messages are refused with 503; null: they are taken.'),
    createdAt: moment,
    updatedAt: moment,
  })
  .meta({ id: 'Source' });
export type Source = z.infer<typeof source>;

export const newSource = source
  .extend({ secret: z.string().describe('Shown this once.') })
  .meta({ id: 'NewSource' });
export type NewSource = z.infer<typeof newSource>;

export const sourcePage = pageOf(source).meta({ id: 'SourcePage' });
