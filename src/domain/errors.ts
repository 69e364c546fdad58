/**
 * The one error that users are told about. `code` is a closed list that knows no transport
 * (controllers/problem.ts maps it to HTTP, once); `detail` is for the user and names what happened,
 * which thing and what to do; `cause` is for the log only. Anything else that is thrown is
 * `internal`.
 */
export const errorCodes = [
  'malformed',
  'invalid',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'too_large',
  'timed_out',
  'unsupported_media_type',
  'rate_limited',
  'unavailable',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** One field of a 422: `path` is dotted as in the body (`events.3.type`). */
export type FieldError = { path: string; message: string };

type AppErrorOptions = {
  fields?: FieldError[];
  /** For `rate_limited` and `unavailable`: sent as Retry-After, rounded up to seconds. */
  retryAfterMs?: number;
  cause?: unknown;
};

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly fields: FieldError[];
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, detail: string, options: AppErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.fields = options.fields ?? [];
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** A 422 about one field. */
export function invalidField(path: string, message: string): AppError {
  return new AppError('invalid', `${path}: ${message}`, { fields: [{ path, message }] });
}

/** Also the answer for what belongs to another tenant, so that ids cannot be probed. */
export function notFound(thing: string, id: string): AppError {
  return new AppError('not_found', `There is no ${thing} with the id ${id}.`);
}
