/**
 * Reads what a request brings. Own readers instead of Elysia's: its query parser splits values at
 * commas and parses what looks like JSON, and its body parser runs before anybody knows who asks.
 */
import type { z } from 'zod';
import { AppError, invalidField } from '../../domain/errors.ts';
import { invalidInput } from '../../domain/field-errors.ts';
import { readText } from './request-body.ts';

/**
 * The greatest body of a resource: an endpoint with all its headers and patterns is under 200 KiB.
 */
const bodyBytesMax = 256 * 1_024;
const jsonContentType = /^application\/json\s*(?:;|$)/i;

/** Throws AppError `invalid` naming each parameter that is unknown, given twice or wrong. */
export function readQuery<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
): z.output<Schema> {
  const given: Record<string, string> = Object.create(null);
  for (const [name, value] of new URL(request.url).searchParams) {
    if (name in given) throw invalidField(name, 'is given twice');
    given[name] = value;
  }
  return parse(schema, { ...given });
}

/**
 * Throws AppError `unsupported_media_type`, `too_large`, `malformed` (empty, not UTF-8, not JSON)
 * or `invalid`. `optional`: an empty body is as `{}`, for actions that need no word.
 */
export async function readJson<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  options: { optional: boolean },
): Promise<z.output<Schema>> {
  const text = await readText(request, bodyBytesMax);
  if (text.trim() === '') {
    if (options.optional) return parse(schema, {});
    throw new AppError('malformed', 'The body is empty.');
  }
  if (!jsonContentType.test(request.headers.get('content-type') ?? '')) {
    throw new AppError('unsupported_media_type', 'Send the body as content-type application/json.');
  }
  return parse(schema, parseJson(text));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, refuseProto);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('malformed', 'The body is not JSON.', { cause });
  }
}

/** zod leaves a member of this name out without a word; nothing that was sent may vanish. */
function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__') throw invalidField(key, 'is not a usable name');
  return value;
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalidInput(result.error);
  return result.data;
}
