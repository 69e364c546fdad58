/** What clients send and see of endpoints; HTTP, pages and the command line share it. */
import { z } from 'zod';
import { ownHeadersMax } from '../../domain/endpoint-headers.ts';
import { patternsMax } from '../../domain/event-types.ts';
import type { EndpointId, ProjectId } from '../../domain/ids.ts';
import { defaultSchedule, scheduleEntriesMax } from '../../domain/retry-schedule.ts';
import {
  id,
  listParameters,
  moment,
  pageOf,
  projectParameter,
  storableString,
  wholeNumber,
} from '../schemas.ts';

/** Longer ones are cut by proxies and servers on the way. */
const urlLengthMax = 2_048;
const descriptionLengthMax = 1_000;
const timeoutMsMin = 100;
/** An attempt holds a place in flight as long as it runs. */
const timeoutMsMax = 60_000;
const timeoutMsDefault = 15_000;
const inFlightMax = 1_000;
const inFlightDefault = 10;
const perSecondMax = 100_000;
export const overlapSecondsDefault = 86_400;
const overlapSecondsMax = 30 * 86_400;

export const customerLengthMax = 128;
const credentialLengthMax = 4_096;
/** A chain of four certificates with RSA keys of 4,096 bits. */
const pemLengthMax = 16_384;
const credentialRule = `must be 1 to ${credentialLengthMax} visible ASCII characters`;
const credential = z
  .string('must be a string')
  .max(credentialLengthMax, credentialRule)
  .regex(/^[\x21-\x7e]+$/, credentialRule);

const receiverAuth = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({ kind: z.literal('bearer'), token: credential }),
    z.strictObject({
      kind: z.literal('basic'),
      username: storableString(0, credentialLengthMax).refine(
        (name) => !name.includes(':'),
        'must not hold a colon: it ends the user name',
      ),
      password: storableString(0, credentialLengthMax),
    }),
    z.strictObject({
      kind: z.literal('mtls'),
      certificate: storableString(1, pemLengthMax).describe('PEM, the chain after it.'),
      privateKey: storableString(1, pemLengthMax).describe('PEM, without a passphrase.'),
    }),
  ],
  'must be of the kind none, bearer, basic or mtls',
);

const fields = {
  url: storableString(1, urlLengthMax).describe('http or https, to an address that is allowed.'),
  description: storableString(0, descriptionLengthMax),
  eventTypes: z
    .array(z.string('must be a string'), 'must be a list of patterns')
    .max(patternsMax, `must be at most ${patternsMax} patterns`)
    .describe('Patterns: `*` is one segment, `**` the rest. None: every type.'),
  filter: z
    .record(z.string(), z.unknown(), 'must be an object of conditions, or null')
    .nullable()
    .describe(
      'Conditions on `type`, `payload` and `metadata`, all of which must hold, as in ' +
        '`{"payload":{"total":{"$gte":100}}}`. Operators: `$eq $neq $gt $gte $lt $lte $in $nin ' +
        '$startsWith $endsWith $exist $and $or $not`. Null: every event of the types.',
    ),
  headers: z
    .record(z.string(), z.string('must be a string'), 'must be an object of strings')
    .refine(
      (headers) => Object.keys(headers).length <= ownHeadersMax,
      `must be at most ${ownHeadersMax} headers`,
    )
    .describe('Own headers of each request. Stored encrypted, shown masked.'),
  timeoutMs: wholeNumber(timeoutMsMin, timeoutMsMax).describe('From DNS to the last byte.'),
  rateLimit: z
    .strictObject({ perSecond: wholeNumber(1, perSecondMax) })
    .nullable()
    .describe('Attempts; null: no limit.'),
  maxInFlight: wholeNumber(1, inFlightMax).describe('Attempts at the same time.'),
  ordered: z.boolean('must be true or false').describe('First in, first out for each orderingKey.'),
  retrySchedule: z
    .array(z.number('must be a number of seconds'), 'must be a list of seconds')
    .max(scheduleEntriesMax, `must be at most ${scheduleEntriesMax} delays`)
    .describe('Seconds after the first, second, … failed attempt; [] is one attempt.'),
  signing: z
    .enum(['hmac', 'ed25519'], 'must be hmac or ed25519')
    .describe('`hmac`: `v1`, a secret that both sides know. `ed25519`: `v1a`, a key pair.'),
  customer: storableString(1, customerLengthMax)
    .nullable()
    .describe('Whose it is, in your own words: portal links show one customer its endpoints.'),
  auth: receiverAuth.describe('How opsforge shows itself to the receiver, beside the signature.'),
};

export const endpointInput = z
  .strictObject({
    projectId: projectParameter<ProjectId>(),
    url: fields.url,
    description: fields.description.default(''),
    eventTypes: fields.eventTypes.default([]),
    filter: fields.filter.default(null),
    headers: fields.headers.default({}),
    timeoutMs: fields.timeoutMs.default(timeoutMsDefault),
    rateLimit: fields.rateLimit.default(null),
    maxInFlight: fields.maxInFlight.default(inFlightDefault),
    ordered: fields.ordered.default(false),
    retrySchedule: fields.retrySchedule.default([...defaultSchedule]),
    signing: fields.signing.default('hmac'),
    auth: fields.auth.default({ kind: 'none' }),
    customer: fields.customer.default(null),
  })
  .meta({ id: 'EndpointInput' });
export type EndpointInput = z.output<typeof endpointInput>;

export const endpointChanges = z
  .strictObject({
    ...fields,
    headers: fields.headers.describe(
      'Replaces all own headers; a value that is `[masked]` keeps the stored one of that name.',
    ),
    signing: fields.signing.describe(
      'A change makes a secret of the other kind; those until now stay valid for 24 h.',
    ),
    auth: fields.auth.describe('Replaces it; a secret that is `[masked]` keeps the stored one.'),
  })
  .partial()
  .meta({ id: 'EndpointChanges' });
export type EndpointChanges = z.output<typeof endpointChanges>;

export const endpointListQuery = z.strictObject({
  projectId: projectParameter<ProjectId>(),
  status: z.enum(['active', 'paused', 'disabled']).optional(),
  customer: z.string().min(1).max(customerLengthMax).optional(),
  ...listParameters<EndpointId>(),
});
export type EndpointListQuery = z.output<typeof endpointListQuery>;

export const rotationInput = z
  .strictObject({
    overlapSeconds: wholeNumber(0, overlapSecondsMax)
      .default(overlapSecondsDefault)
      .describe('How long the secrets until now stay valid.'),
  })
  .meta({ id: 'SecretRotationInput' });
export type RotationInput = z.output<typeof rotationInput>;

export const endpoint = z
  .object({
    id,
    projectId: id,
    url: z.string(),
    description: z.string(),
    eventTypes: z.array(z.string()),
    filter: z.record(z.string(), z.unknown()).nullable(),
    headers: z
      .record(z.string(), z.string())
      .describe('The names of the own headers; each value is `[masked]`.'),
    timeoutMs: z.int(),
    rateLimit: z.object({ perSecond: z.int() }).nullable(),
    maxInFlight: z.int(),
    ordered: z.boolean(),
    retrySchedule: z.array(z.int()),
    signing: z.enum(['hmac', 'ed25519']),
    auth: z
      .discriminatedUnion('kind', [
        z.object({ kind: z.literal('none') }),
        z.object({ kind: z.literal('bearer'), token: z.string() }),
        z.object({ kind: z.literal('basic'), username: z.string(), password: z.string() }),
        z.object({ kind: z.literal('mtls'), certificate: z.string(), privateKey: z.string() }),
      ])
      .describe('Its secrets are shown as `[masked]`.'),
    customer: z.string().nullable().describe('Whose it is, in the words of the tenant.'),
    status: z.enum(['active', 'paused', 'disabled']),
    statusReason: z.string().nullable().describe('Why it is paused or disabled.'),
    pausedUntil: moment.nullable().describe('When a pause ends by itself; null: no such pause.'),
    failingSince: moment
      .nullable()
      .describe('The first of the failures since its last success; after 5 days it is disabled.'),
    createdAt: moment,
    updatedAt: moment,
  })
  .meta({ id: 'Endpoint' });
export type Endpoint = z.infer<typeof endpoint>;

const secret = z
  .string()
  .describe(
    'Of hmac the secret, `whsec_` and base64. Of ed25519 the public key, `whpk_` and base64: the ' +
      'private one never leaves opsforge.',
  );

export const newEndpoint = endpoint.extend({ secret }).meta({ id: 'NewEndpoint' });
export type NewEndpoint = z.infer<typeof newEndpoint>;

export const endpointSecret = z.object({ secret }).meta({ id: 'EndpointSecret' });
export type EndpointSecret = z.infer<typeof endpointSecret>;

export const rotatedSecret = z
  .object({
    secret,
    previousExpiresAt: moment.describe('Until then the secrets before it are valid as well.'),
  })
  .meta({ id: 'RotatedSecret' });
export type RotatedSecret = z.infer<typeof rotatedSecret>;

export const sentTest = z.object({ eventId: id, deliveryId: id }).meta({ id: 'SentTest' });
export type SentTest = z.infer<typeof sentTest>;

export const endpointPage = pageOf(endpoint).meta({ id: 'EndpointPage' });

export const publicKeys = z
  .object({
    keys: z.array(
      z.object({
        id,
        algorithm: z.literal('ed25519'),
        publicKey: z.string().describe('`whpk_` and base64, as Standard Webhooks writes it.'),
        createdAt: moment,
        expiresAt: moment.nullable().describe('Until then it signs; null: no end is set.'),
        kty: z.literal('OKP').describe('From here on the same key as a JWK (RFC 8037).'),
        crv: z.literal('Ed25519'),
        x: z.string(),
        kid: z.string(),
        alg: z.literal('EdDSA'),
        use: z.literal('sig'),
      }),
    ),
  })
  .meta({ id: 'PublicKeys' });
export type PublicKeys = z.infer<typeof publicKeys>;
