/**
 * Errors as answers: RFC 9457 `application/problem+json`. The only place that knows which code is
 * which status. What is no AppError becomes `internal` with a fixed text: users never see a stack,
 * SQL or another tenant's name. `type` is stable and made for programs, `detail` for people.
 */
import { NotFoundError, ParseError, ValidationError } from 'elysia';
import { AppError, type ErrorCode, type FieldError } from '../domain/errors.ts';

/** HTTP knows one thing more than the rest of the code. */
export type ProblemCode = ErrorCode | 'method_not_allowed';

export const problemKinds: Record<ProblemCode, { status: number; title: string }> = {
  malformed: { status: 400, title: 'Malformed request' },
  unauthenticated: { status: 401, title: 'Not authenticated' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  timed_out: { status: 408, title: 'Request timed out' },
  conflict: { status: 409, title: 'Conflict' },
  too_large: { status: 413, title: 'Too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  invalid: { status: 422, title: 'Invalid request' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Internal error' },
  unavailable: { status: 503, title: 'Unavailable' },
};

export const problemContentType = 'application/problem+json';
export const problemTypePrefix = 'urn:opsforge:problem:';

const internalDetail =
  'opsforge failed to answer this request. The request id finds it in its log.';
/** A caller that is told to wait without being told how long comes back at once. */
const retryAfterSecondsDefault = 1;

export type Problem = {
  code: ProblemCode;
  detail: string;
  fields?: readonly FieldError[];
  headers?: Record<string, string>;
};

export function problemResponse(problem: Problem, requestId: string): Response {
  const { status, title } = problemKinds[problem.code];
  const body = {
    type: problemTypePrefix + problem.code,
    title,
    status,
    detail: problem.detail,
    instance: requestId,
    ...(problem.code === 'invalid' ? { errors: problem.fields ?? [] } : {}),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': problemContentType, ...problem.headers },
  });
}

/** The problem that an error is to the caller. */
export function toProblem(error: unknown): Problem {
  if (!(error instanceof AppError) || error.code === 'internal') {
    return { code: 'internal', detail: internalDetail };
  }
  return {
    code: error.code,
    detail: error.message,
    fields: error.fields,
    headers: headersOf(error),
  };
}

function headersOf(error: AppError): Record<string, string> {
  if (error.code === 'unauthenticated') return { 'www-authenticate': 'Bearer' };
  // What is still to come of the body would be taken for the next request.
  if (error.code === 'timed_out') return { connection: 'close' };
  if (error.code !== 'unavailable' && error.code !== 'rate_limited') return {};
  const waitMs = error.retryAfterMs;
  const seconds = waitMs === null ? retryAfterSecondsDefault : Math.max(1, Math.ceil(waitMs / 1e3));
  return { 'retry-after': String(seconds) };
}

/** For a path that nothing stands at. */
export function notFoundHere(): AppError {
  return new AppError('not_found', 'There is nothing at this path.');
}

/** Elysia's own errors in our words; everything else as it is. */
export function fromElysia(error: unknown): unknown {
  if (error instanceof NotFoundError) return notFoundHere();
  if (error instanceof ParseError) {
    return new AppError('malformed', 'The body is not JSON.', { cause: error });
  }
  // An answer that is not as described is our fault and stays internal.
  if (error instanceof ValidationError && error.type !== 'response') {
    const fields = error.all.map(({ path, message }) => ({ path, message }));
    const [first] = fields;
    return new AppError('invalid', `${first?.path ?? ''}: ${first?.message ?? ''}`, { fields });
  }
  return error;
}
