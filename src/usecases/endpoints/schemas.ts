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
const overlapSecondsDefault = 86_400;
const overlapSecondsMax = 30 * 86_400;

const fields = {
  url: storableString(1, urlLengthMax).describe('http or https, to an address that is allowed.'),
  description: storableString(0, descriptionLengthMax),
  eventTypes: z
    .array(z.string('must be a string'), 'must be a list of patterns')
    .max(patternsMax, `must be at most ${patternsMax} patterns`)
    .describe('Patterns: `*` is one segment, `**` the rest. None: every type.'),
  filter: z
    .null('is not available yet: leave it out or null')
    .describe('Reserved for conditions on the payload.'),
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
  signing: z.literal('hmac', 'must be hmac; ed25519 is not available yet'),
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
  })
  .meta({ id: 'EndpointInput' });
export type EndpointInput = z.output<typeof endpointInput>;

export const endpointChanges = z
  .strictObject({
    ...fields,
    headers: fields.headers.describe(
      'Replaces all own headers; a value that is `[masked]` keeps the stored one of that name.',
    ),
  })
  .partial()
  .meta({ id: 'EndpointChanges' });
export type EndpointChanges = z.output<typeof endpointChanges>;

export const endpointListQuery = z.strictObject({
  projectId: projectParameter<ProjectId>(),
  status: z.enum(['active', 'paused', 'disabled']).optional(),
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
    filter: z.null(),
    headers: z
      .record(z.string(), z.string())
      .describe('The names of the own headers; each value is `[masked]`.'),
    timeoutMs: z.int(),
    rateLimit: z.object({ perSecond: z.int() }).nullable(),
    maxInFlight: z.int(),
    ordered: z.boolean(),
    retrySchedule: z.array(z.int()),
    signing: z.enum(['hmac', 'ed25519']),
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

const secret = z.string().describe('`whsec_` and base64: signs what the endpoint gets.');

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
