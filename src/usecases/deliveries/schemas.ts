/** What clients send and see of deliveries and their attempts. */
import { z } from 'zod';
import { deliveryStatuses } from '../../domain/deliveries.ts';
import type { AttemptId, DeliveryId, EndpointId, EventId, ProjectId } from '../../domain/ids.ts';
import {
  id,
  idInput,
  listParameters,
  moment,
  pageOf,
  projectParameter,
  searchedPageOf,
  timeParameters,
} from '../schemas.ts';
import { typeParameter } from '../type-filter.ts';

export const deliveryListQuery = z.strictObject({
  projectId: projectParameter<ProjectId>(),
  endpointId: idInput<EndpointId>().optional(),
  eventId: idInput<EventId>().optional(),
  status: z.enum(deliveryStatuses).optional(),
  type: typeParameter,
  replayId: idInput<string>().optional(),
  ...timeParameters,
  ...listParameters<DeliveryId>(),
});
export type DeliveryListQuery = z.output<typeof deliveryListQuery>;

export const delivery = z
  .object({
    id,
    eventId: id,
    eventType: z.string(),
    endpointId: id,
    projectId: id,
    status: z.enum(deliveryStatuses),
    attempts: z.int().describe('Attempts made so far.'),
    nextAttemptAt: moment.nullable().describe('Of a pending delivery.'),
    createdAt: moment,
    completedAt: moment.nullable(),
    lastStatusCode: z.int().nullable(),
    lastError: z.string().nullable(),
    replayId: id.nullable(),
    reason: z.string().nullable().describe('Why it ended other than by success.'),
  })
  .meta({ id: 'Delivery' });
export type Delivery = z.infer<typeof delivery>;

export const deliveryPage = searchedPageOf(delivery).meta({ id: 'DeliveryPage' });

export const attemptListQuery = z.strictObject(listParameters<AttemptId>());
export type AttemptListQuery = z.output<typeof attemptListQuery>;

const milliseconds = z.number().nullable();
const headers = z.record(z.string(), z.string());

export const attempt = z
  .object({
    id,
    attempt: z.int().describe('1 for the first.'),
    outcome: z
      .enum(['delivered', 'failed', 'superseded'])
      .describe('superseded: it happened, but another result had been recorded before.'),
    startedAt: moment,
    durationMs: z.int(),
    timings: z
      .object({
        dnsMs: milliseconds,
        connectMs: milliseconds,
        tlsMs: milliseconds,
        firstByteMs: milliseconds,
      })
      .describe('Null where not measured.'),
    statusCode: z.int().nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    requestHeaders: headers.describe("Values of the endpoint's own headers are masked."),
    responseHeaders: headers.nullable(),
    responseBody: z.string().nullable().describe('The first 16 KiB.'),
    remoteAddress: z.string().nullable(),
    worker: z.string(),
  })
  .meta({ id: 'Attempt' });
export type Attempt = z.infer<typeof attempt>;

export const attemptPage = pageOf(attempt).meta({ id: 'AttemptPage' });
