/**
 * Pieces that every feature's inputs and views share. Inputs are strict, so that a misspelt member
 * is an error and not a silent nothing; views leave room for members to come.
 * What PostgreSQL cannot store (U+0000, half a surrogate pair) is refused here, not by an error
 * there.
 */
import { z } from 'zod';
import { decodeCursor } from './cursors.ts';

const listLimitDefault = 50;
const listLimitMax = 200;
/** Beyond any system's date; keeps ids made of it within their 48 bits. */
const momentMaxMs = Date.UTC(9999, 11, 31);

const unstorable = 'must not hold U+0000 or half of a surrogate pair';

export function storableString(lengthMin: number, lengthMax: number) {
  const length =
    lengthMin === 0 ? `must be at most ${lengthMax}` : `must be ${lengthMin} to ${lengthMax}`;
  return z
    .string('must be a string')
    .min(lengthMin, `${length} characters`)
    .max(lengthMax, `${length} characters`)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), unstorable);
}

/** An id in a body or a query, in lower case as the database answers it. */
export function idInput<Id extends string>() {
  // Safe because a brand only names what an id is of; that it exists is for the query to find.
  return z
    .uuid('must be a UUID')
    .toLowerCase()
    .transform((text) => text as Id);
}

export function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.int(message).min(min, message).max(max, message);
}

/** RFC 3339 with `Z` or an offset. */
export function momentInput() {
  return z.iso
    .datetime({
      offset: true,
      error: 'must be a time like 2026-01-31T12:00:00Z',
      // Without it a rule over the whole object would run, and find a text instead of a time.
      abort: true,
    })
    .transform((text) => new Date(text))
    .refine((moment) => moment.getTime() >= 0 && moment.getTime() <= momentMaxMs, {
      error: 'must be a time from 1970 to 9999',
    });
}

/** As answers write times: UTC with milliseconds. */
export const moment = z.iso.datetime({ precision: 3 });
export const id = z.uuid();

const limitMessage = `must be a whole number from 1 to ${listLimitMax}`;

/** The query parameters of a list of things with ids of this kind. */
export function listParameters<Id extends string>() {
  return {
    limit: z.coerce
      .number(limitMessage)
      .int(limitMessage)
      .min(1, limitMessage)
      .max(listLimitMax, limitMessage)
      .default(listLimitDefault)
      .describe('How many at most.'),
    cursor: z
      .string()
      .transform((text, context) => {
        const decoded = decodeCursor(text);
        // Safe because the brand says which list the id comes from, not that it exists.
        if (decoded !== null) return decoded as Id;
        context.addIssue({ code: 'custom', message: 'is not a cursor that a list answered' });
        return z.NEVER;
      })
      .optional()
      .describe('`nextCursor` of the page before.'),
  };
}

/** Of lists whose ids are times. */
export const timeParameters = {
  since: momentInput().optional().describe('From this time on (RFC 3339).'),
  until: momentInput().optional().describe('Before this time (RFC 3339).'),
};

export function projectParameter<Id extends string>() {
  return idInput<Id>()
    .optional()
    .describe('Needed when the credential is not bound to one project.');
}

const nextCursor = z
  .string()
  .nullable()
  .describe('Goes on where this page ends, as `cursor`; null when there is no more.');

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ data: z.array(item), nextCursor });
}

/** A list whose filters may have no index: it stops after a bounded number of rows and says so. */
export function searchedPageOf<Item extends z.ZodType>(item: Item) {
  return pageOf(item).extend({
    searchedUntil: moment
      .optional()
      .describe(
        'The search stopped at this time before the page was full; `nextCursor` goes on from there.',
      ),
  });
}
