/**
 * Forms as browsers send them: bounded, urlencoded, each name once or a few times. A form that is
 * refused keeps what was typed, with each error at its field.
 */
import { z } from 'zod';
import { emptyDraft, type FormDraft } from '../../../views/components/form.tsx';
import { AppError } from '../../domain/errors.ts';
import { invalidInput } from '../../domain/field-errors.ts';
import { readText } from '../api/request-body.ts';

/** As the API's bodies. */
const formBytesMax = 256 * 1_024;
/** An endpoint with all its headers has some 100. */
const formFieldsMax = 500;
const formContentType = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

/** Name → what was typed; a list where the name came more than once. */
export type FormValues = Readonly<Record<string, string | readonly string[]>>;

/** Throws AppError `unsupported_media_type`, `too_large` or `malformed`. */
export async function readForm(request: Request): Promise<FormValues> {
  const text = await readText(request, formBytesMax);
  if (text !== '' && !formContentType.test(request.headers.get('content-type') ?? '')) {
    const message = 'Send the form as content-type application/x-www-form-urlencoded.';
    throw new AppError('unsupported_media_type', message);
  }
  const values: Record<string, string | string[]> = Object.create(null);
  let count = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    count += 1;
    if (count > formFieldsMax) {
      throw new AppError('too_large', `The form has more than ${formFieldsMax} fields.`);
    }
    // Browsers end lines in a textarea by CR LF, whatever was typed.
    const typed = value.replaceAll('\r\n', '\n');
    const known = values[name];
    values[name] =
      known === undefined ? typed : [...(Array.isArray(known) ? known : [known]), typed];
  }
  return values;
}

/** Throws AppError `invalid`. */
export function parseForm<Schema extends z.ZodType>(
  values: FormValues,
  schema: Schema,
): z.output<Schema> {
  const result = schema.safeParse({ ...values });
  if (!result.success) throw invalidInput(result.error);
  return result.data;
}

/**
 * What was typed, with the errors of `error`. A path of the API's body is the field of the same
 * name, or of its beginning: `headers.2.name` is shown at `headers`.
 */
export function draftOf(values: FormValues, error: AppError): FormDraft {
  const errors = new Map<string, string>();
  const notices: string[] = [];
  for (const { path, message } of error.fields) {
    const parts = path.split('.');
    const field = parts
      .map((_, index) => parts.slice(0, parts.length - index).join('.'))
      .find((name) => name in values);
    if (field === undefined) notices.push(path === '' ? message : `${path}: ${message}`);
    else if (!errors.has(field))
      errors.set(field, partWords(path.slice(field.length + 1)) + message);
  }
  if (error.fields.length === 0) notices.push(error.message);
  const list = (name: string) => [values[name] ?? []].flat();
  return { value: (name) => list(name)[0], values: list, errors, notices };
}

/** A form that nobody has sent yet, with values to begin with. */
export function filledDraft(values: Readonly<Record<string, string | undefined>>): FormDraft {
  const list = (name: string) => [values[name] ?? []].flat();
  return { ...emptyDraft, value: (name) => values[name], values: list };
}

/** Which part of a field is meant, where the body has a list or an object. */
function partWords(part: string): string {
  if (part === '') return '';
  return /^\d+$/.test(part) ? `entry ${Number(part) + 1} ` : `${part} `;
}

/** A checkbox or switch: there when it is on. */
export const checked = z
  .literal('on')
  .optional()
  .transform((value) => value === 'on');

/** One field that came several times, or once, or not at all. */
export const severalTexts = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((value) => [value ?? []].flat());

/** A number field: empty is undefined, anything else must be a number. */
export const numberText = z
  .string()
  .optional()
  .transform((text, context) => {
    if (text === undefined || text.trim() === '') return undefined;
    const number = Number(text);
    if (Number.isFinite(number)) return number;
    context.addIssue({ code: 'custom', message: 'must be a number' });
    return z.NEVER;
  });

/** For `pipe`, into a schema of the API. Safe because that schema checks all of it again. */
export const asInputOf = <Schema extends z.ZodType>(value: object) => value as z.input<Schema>;
