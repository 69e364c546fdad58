/** What `opsforge listen` and the API say to each other; also for listeners of other makes. */
import { z } from 'zod';
import type { AttemptId, DeliveryId, ProjectId } from '../../domain/ids.ts';
import { delivery } from '../deliveries/schemas.ts';
import { endpointInput } from '../endpoints/schemas.ts';
import { id, idInput, projectParameter, storableString, wholeNumber } from '../schemas.ts';

export const listenerInput = z
  .strictObject({
    projectId: projectParameter<ProjectId>(),
    description: endpointInput.shape.description,
    eventTypes: endpointInput.shape.eventTypes,
  })
  .meta({ id: 'ListenerInput' });
export type ListenerInput = z.output<typeof listenerInput>;

/** The most that any endpoint has in flight. */
const heldMax = 1_000;

export const pullInput = z
  .strictObject({
    held: z
      .array(idInput<DeliveryId>())
      .max(heldMax, `must be at most ${heldMax} deliveries`)
      .default([])
      .describe('Deliveries that were pulled and not answered yet: they are left out.'),
  })
  .meta({ id: 'PullInput' });
export type PullInput = z.output<typeof pullInput>;

export const pulledDelivery = z
  .object({
    attemptId: id.describe('Names the attempt that is to be made.'),
    deliveryId: id,
    eventId: id,
    eventType: z.string(),
    attempt: z.int().describe('1 for the first.'),
    timeoutMs: z.int(),
    headers: z.record(z.string(), z.string()).describe('Of the request, signatures included.'),
    body: z.string().describe('Of the request: the payload byte for byte, in UTF-8.'),
  })
  .meta({ id: 'PulledDelivery' });
export type PulledDelivery = z.infer<typeof pulledDelivery>;

export const pulledDeliveries = z
  .object({ data: z.array(pulledDelivery) })
  .meta({ id: 'PulledDeliveries' });
export type PulledDeliveries = z.infer<typeof pulledDeliveries>;

/** As the engine keeps of a receiver's answer. */
const textLengthMax = 16_384;
const headersMax = 256;
/** An attempt never takes longer than the longest timeout, and little more. */
const durationMsMax = 120_000;
const attemptsMax = 32_767;

const text = (lengthMax: number) => z.string('must be a string').max(lengthMax);
const headers = z
  .record(text(textLengthMax), text(textLengthMax), 'must be an object of strings')
  .refine((given) => Object.keys(given).length <= headersMax, `must be at most ${headersMax}`);
const statusCode = wholeNumber(100, 999);
const timing = z.number().min(0).max(durationMsMax).nullable();
const timings = z.strictObject({
  dnsMs: timing,
  connectMs: timing,
  tlsMs: timing,
  firstByteMs: timing,
});
const remoteAddress = storableString(0, 64);
const measured = { durationMs: wholeNumber(0, durationMsMax), timings };

export const answerInput = z
  .strictObject({
    attemptId: idInput<AttemptId>(),
    attempt: wholeNumber(1, attemptsMax),
    requestHeaders: headers.describe('As they were sent.'),
    answer: z
      .discriminatedUnion('kind', [
        z.strictObject({
          kind: z.literal('answer'),
          statusCode,
          headers: headers.describe('Names in lower case.'),
          body: text(textLengthMax),
          remoteAddress,
          ...measured,
        }),
        z.strictObject({
          kind: z.literal('error'),
          error: z.strictObject({
            code: z.string().regex(/^[a-z_]{1,40}$/, 'must be a word like connection_refused'),
            message: text(textLengthMax),
          }),
          statusCode: statusCode.nullable(),
          remoteAddress: remoteAddress.nullable(),
          ...measured,
        }),
      ])
      .describe('What the receiver answered, or why it did not.'),
  })
  .meta({ id: 'AnswerInput' });
export type AnswerInput = z.output<typeof answerInput>;

export const recordedAnswer = z
  .object({
    delivery,
    pauseMs: z
      .int()
      .nullable()
      .describe('For how long the answer asks to be left alone; null: not at all.'),
  })
  .meta({ id: 'RecordedAnswer' });
export type RecordedAnswer = z.infer<typeof recordedAnswer>;
