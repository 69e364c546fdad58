/**
 * Cuts a posted batch into the texts of its events, each for readEnvelope, so that payloads stay as
 * they stood. A JSON batch is never parsed as one: its events are cut out by position, and what is
 * left must be `{"events":[…]}`. That and every event being JSON is the same as the whole being
 * JSON, at half the work, and no value of 8 MiB is ever built.
 */
import { z } from 'zod';
import { AppError, invalidField } from './errors.ts';
import { batchEventInput } from './event-envelope.ts';
import { invalidInput } from './field-errors.ts';
import { type Span, scanList, scanObject, skipSpace } from './json-text.ts';

const batchEventsMax = 1_000;

/** The JSON body of `POST /api/v1/webhooks/batch`, as the document describes it. */
export const eventBatchInput = z
  .strictObject({ events: z.array(batchEventInput).max(batchEventsMax) })
  .meta({ id: 'EventBatchInput' });

/** What is left of the body without its events. */
const frame = z.strictObject(
  { events: z.array(z.null(), 'must be a list of events') },
  { error: (issue) => (issue.code === 'invalid_type' ? 'must be a JSON object' : undefined) },
);

/**
 * @throws AppError `malformed` (empty, or the frame is not JSON; an event that is not is found when
 *   it is read), `invalid` (another shape, too many)
 */
export function cutJsonBatch(text: string): string[] {
  const { memberCount, wanted } = scanObject(text, 'events');
  const isList = wanted !== null && text[wanted.start] === '[';
  const spans = isList ? scanList(text, wanted.start, batchEventsMax + 1) : [];
  if (spans.length > batchEventsMax) throw tooMany();
  const value = parseFrame(text, spans);
  const checked = frame.safeParse(value);
  if (!checked.success) throw invalidInput(checked.error);
  if (memberCount !== 1) throw invalidField('events', 'stands twice');
  return spans.map(({ start, end }) => text.slice(start, end));
}

function parseFrame(text: string, events: readonly Span[]): unknown {
  let left = '';
  let at = 0;
  for (const { start, end } of events) {
    // No text may follow a null but what may follow any value; a 0 could be followed by a digit.
    left += `${text.slice(at, start)}null`;
    at = end;
  }
  left += text.slice(at);
  try {
    return JSON.parse(left);
  } catch (cause) {
    const detail = text.trim() === '' ? 'The body is empty.' : 'The body is not JSON.';
    throw new AppError('malformed', detail, { cause });
  }
}

/**
 * NDJSON: an event a line, the last with or without a line end, LF or CRLF; blank lines are none.
 * @throws AppError `malformed` (no event at all), `invalid` (too many)
 */
export function cutNdjsonBatch(text: string): string[] {
  const lines: string[] = [];
  // Over blank lines character by character, since 8 MiB may hold nothing else.
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) {
    if (lines.length === batchEventsMax) throw tooMany();
    const lineEnd = text.indexOf('\n', at);
    const end = lineEnd === -1 ? text.length : lineEnd;
    // A carriage return before the line feed is white space to JSON.
    lines.push(text.slice(at, end));
    at = end;
  }
  if (lines.length === 0) throw new AppError('malformed', 'The body is empty.');
  return lines;
}

const tooMany = () => invalidField('events', `must be at most ${batchEventsMax} events`);
