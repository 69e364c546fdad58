/**
 * Reads one posted event. The payload comes out as the exact text of the request (key order,
 * number spelling, escapes), never serialised again. What PostgreSQL would refuse (U+0000, lone
 * surrogates) is refused here, so that one bad event cannot fail the batch it is written with.
 * Hot path: 4 us for a 700-byte event, of which JSON.parse 1.0, the scan 0.9 and zod 1.0 (Bun
 * 1.4.5, 2-core x64, 2026-11), so zod validates too and needs no hand-written twin.
 */
import { z } from 'zod';
import { AppError, invalidField } from './errors.ts';
import { invalidInput } from './field-errors.ts';
import { type EventId, idTimeMs, isUuidv7, type ProjectId } from './ids.ts';
import { findRepeatedKey, scanObject } from './json-text.ts';

/** UTF-8 bytes of the payload's own text. */
export const payloadBytesMax = 256 * 1024;
const typeLengthMax = 128;
const orderingKeyLengthMax = 128;
/** Bounds of `metadata` (characters): labels for finding an event again, not a second payload. */
const metadataEntriesMax = 50;
const metadataKeyLengthMax = 128;
const metadataValueLengthMax = 1024;

const idempotencyKeyLengthMax = 255;
const clientIdAgeMsMax = 24 * 60 * 60 * 1000;
const clientIdAheadMsMax = 5 * 60 * 1000;

/** Disjoint character classes: linear, whatever is sent. */
const typePattern = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const visibleAscii = /^[\x21-\x7e]+$/;
const unstorable = 'must not hold U+0000 or half of a surrogate pair';
const idempotencyKeyRule = `must be 1 to ${idempotencyKeyLengthMax} visible ASCII characters`;

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

function storableText(lengthMax: number) {
  return z
    .string('must be a string')
    .max(lengthMax, `must be at most ${lengthMax} characters`)
    .refine(isStorable, unstorable);
}

/** The body of `POST /api/v1/webhooks`; `null` for an optional member means that it is absent. */
export const eventInput = z
  .strictObject({
    type: z
      .string({
        error: (issue) => (issue.input === undefined ? 'is required' : 'must be a string'),
      })
      .max(typeLengthMax, `must be at most ${typeLengthMax} characters`)
      .regex(typePattern, 'must be segments of A-Z a-z 0-9 _ - joined by dots')
      .meta({
        description: 'What happened: segments joined by dots.',
        examples: ['invoice.paid'],
      }),
    payload: z.unknown().meta({
      description: 'Any JSON, null included; up to 256 KiB. Receivers get this very text.',
    }),
    id: z.uuidv7('must be a UUIDv7').nullish().meta({
      description: 'A UUIDv7 of your own, its time within -24 h and +5 min; the idempotency key.',
    }),
    orderingKey: storableText(orderingKeyLengthMax).nullish().meta({
      description: 'Events of one key reach an ordered endpoint one after the other.',
    }),
    metadata: z
      .record(
        storableText(metadataKeyLengthMax),
        storableText(metadataValueLengthMax),
        'must be an object of strings',
      )
      .refine(
        (metadata) => Object.keys(metadata).length <= metadataEntriesMax,
        `must have at most ${metadataEntriesMax} entries`,
      )
      .nullish()
      .meta({ description: 'Labels to find the event by.', maxProperties: metadataEntriesMax }),
    projectId: z.uuid('must be a UUID').nullish().meta({
      description: 'Needed when the credential is not bound to a project.',
    }),
  })
  .meta({ id: 'EventInput' });

/** An item of `POST /api/v1/webhooks/batch`. */
export const batchEventInput = eventInput
  .extend({
    idempotencyKey: z
      .string('must be a string')
      .max(idempotencyKeyLengthMax, idempotencyKeyRule)
      .regex(visibleAscii, idempotencyKeyRule)
      .nullish()
      .meta({ description: 'As the header Idempotency-Key of a single event.' }),
  })
  .meta({ id: 'BatchEventInput' });

export type Envelope = {
  type: string;
  /** The payload's text as it stood in the request. */
  payload: string;
  /** The same, parsed, for filters; do not keep it while an event waits to be written. */
  payloadValue: unknown;
  /** A UUIDv7 in lower case; its time is not checked here, see `checkClientId`. */
  id: EventId | null;
  orderingKey: string | null;
  metadata: Record<string, string> | null;
  projectId: ProjectId | null;
  /** Only ever set for a batch item. */
  idempotencyKey: string | null;
};

/**
 * @param text one event: the body decoded from UTF-8 by a decoder that refuses bad bytes (else
 *   the payload is no longer what was sent), or one line of NDJSON. Its length is the caller's to
 *   bound.
 * @throws AppError `malformed` (empty, not JSON), `invalid` (shape, a key that stands twice, an
 *   unknown member), `too_large` (payload)
 */
export function readEnvelope(text: string, options: { batchItem?: boolean } = {}): Envelope {
  const value = parseJson(text, options.batchItem ? 'event' : 'body');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('invalid', 'The event must be a JSON object.', {
      fields: [{ path: '', message: 'must be a JSON object' }],
    });
  }
  const { memberCount, wanted } = scanObject(text, 'payload');
  // JSON.parse keeps one of two equal keys, so the counts differ exactly when one stands twice.
  if (memberCount !== Object.keys(value).length) {
    throw invalidField((findRepeatedKey(text) ?? '').slice(0, 200), 'stands twice');
  }
  const item: z.infer<typeof batchEventInput> = parsed(
    options.batchItem ? batchEventInput : eventInput,
    value,
  );
  refuseProtoKey(value);
  if (wanted === null) throw invalidField('payload', 'is required');
  const payload = text.slice(wanted.start, wanted.end);
  checkPayloadSize(payload);
  return {
    type: item.type,
    payload,
    payloadValue: item.payload,
    id: lowerCased<EventId>(item.id),
    orderingKey: item.orderingKey ?? null,
    metadata: item.metadata ?? null,
    projectId: lowerCased<ProjectId>(item.projectId),
    idempotencyKey: item.idempotencyKey ?? null,
  };
}

function parseJson(text: string, name: 'body' | 'event'): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const detail = text.trim() === '' ? `The ${name} is empty.` : `The ${name} is not JSON.`;
    throw new AppError('malformed', detail, { cause });
  }
}

function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalidInput(result.error);
  return result.data;
}

/** zod leaves a record's `__proto__` out without a word; a label must not vanish. */
function refuseProtoKey(value: object): void {
  if (!('metadata' in value) || typeof value.metadata !== 'object' || value.metadata === null) {
    return;
  }
  if (Object.hasOwn(value.metadata, '__proto__')) {
    throw invalidField('metadata.__proto__', 'is not a usable name');
  }
}

function checkPayloadSize(payload: string): void {
  // A UTF-16 unit is 1 to 3 bytes of UTF-8: most payloads need no counting.
  if (payload.length * 3 <= payloadBytesMax) return;
  const bytes = Buffer.byteLength(payload, 'utf8');
  if (bytes > payloadBytesMax) {
    throw new AppError(
      'too_large',
      `The payload has ${bytes} bytes; at most ${payloadBytesMax} are accepted.`,
    );
  }
}

function lowerCased<Id extends string>(id: string | null | undefined): Id | null {
  // Safe because the schema has checked the form, and a brand only names what the id is of.
  return typeof id === 'string' ? (id.toLowerCase() as Id) : null;
}

/** @throws AppError `invalid` unless the id is a UUIDv7 whose time is within -24 h and +5 min */
export function checkClientId(id: string, nowMs: number): void {
  if (!isUuidv7(id)) throw invalidField('id', 'must be a UUIDv7');
  const aheadMs = idTimeMs(id) - nowMs;
  if (aheadMs < -clientIdAgeMsMax) throw invalidField('id', 'is of a time more than 24 h ago');
  if (aheadMs > clientIdAheadMsMax) {
    throw invalidField('id', 'is of a time more than 5 min in the future');
  }
}

/** For the header of a single event; a batch item's key is checked by `batchEventInput`. */
export function checkIdempotencyKey(key: string): void {
  if (key.length > idempotencyKeyLengthMax || !visibleAscii.test(key)) {
    throw invalidField('Idempotency-Key', idempotencyKeyRule);
  }
}

/**
 * SHA-256 in hex of what a repeat under the same idempotency key must share. The head is JSON on
 * one line and the payload is last, so no two different events have the same encoding; the order
 * of metadata does not count, and none is the same as empty.
 */
export function eventFingerprint(
  type: string,
  payload: string,
  orderingKey: string | null,
  metadata: Record<string, string> | null,
): string {
  const labels = Object.entries(metadata ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const head = JSON.stringify([type, orderingKey, labels]);
  return Bun.SHA256.hash(`${head}\n${payload}`, 'hex');
}
