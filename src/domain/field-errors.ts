/**
 * Turns zod's findings into the `errors: [{path, message}]` of a 422. Bounded, because paths and
 * names of unknown members come from the caller's body.
 */
import type { z } from 'zod';
import { AppError, type FieldError } from './errors.ts';

/** A form has fewer fields; a body of nothing but wrong members gets no answer of its own size. */
const fieldErrorsMax = 20;
const pathLengthMax = 200;

export function invalidInput(error: z.ZodError): AppError {
  const fields = fieldErrors(error);
  const first = fields[0] ?? { path: '', message: 'is invalid' };
  const detail = first.path === '' ? first.message : `${first.path}: ${first.message}`;
  return new AppError('invalid', detail, { fields });
}

function fieldErrors(error: z.ZodError): FieldError[] {
  const fields: FieldError[] = [];
  for (const issue of error.issues) {
    if (fields.length >= fieldErrorsMax) break;
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys.slice(0, fieldErrorsMax - fields.length)) {
        fields.push({ path: dotted([...issue.path, key]), message: 'is not a known member' });
      }
    } else {
      fields.push({ path: dotted(issue.path), message: messageOf(issue) });
    }
  }
  return fields;
}

function messageOf(issue: z.core.$ZodIssue): string {
  // A missing member of type `unknown`; zod's words for it are about zod.
  if (issue.code === 'invalid_type' && issue.expected === 'nonoptional') return 'is required';
  // What is wrong with a record's key is one level down.
  const inner = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
  return inner ?? issue.message;
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.').slice(0, pathLengthMax);
}
