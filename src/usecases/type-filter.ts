/** The query parameter `type` of lists: one event type, or a prefix as `invoice.*`. */
import { z } from 'zod';
import { patternLengthMax } from '../domain/event-types.ts';
import type { TypeFilter } from '../repositories/delivery-lists.ts';

/** Disjoint character classes: linear, whatever is sent. */
const filterPattern = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?:\.\*)?$/;

export const typeParameter = z
  .string()
  .max(patternLengthMax, `must be at most ${patternLengthMax} characters`)
  .regex(filterPattern, 'must be an event type, or a prefix like invoice.*')
  .optional()
  .describe('An event type, or all below a prefix: `invoice.*`.');

export function typeFilter(text: string | undefined): TypeFilter | null {
  if (text === undefined) return null;
  if (!text.endsWith('.*')) return { text, prefix: false };
  return { text: text.slice(0, -'*'.length), prefix: true };
}
