/** An error as the answer to its request; what is not meant for users is logged here, once. */
import type { Log } from '../lib/log.ts';
import { fromElysia, type Problem, problemResponse, toProblem } from './problem.ts';
import { requestFacts } from './request-id.ts';

/** Of every answer that says nothing else. Nothing of the API may be kept by a cache in between. */
export const commonHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

export function answerError(
  log: Log,
  error: unknown,
  request: Request,
  route: string | undefined,
): Response {
  return problemResponse(problemOf(log, error, request, route), requestFacts(request).id);
}

/** For who answers otherwise than by a problem document; logs in the same way. */
export function problemOf(
  log: Log,
  error: unknown,
  request: Request,
  route: string | undefined,
): Problem {
  const problem = toProblem(fromElysia(error));
  if (problem.code === 'internal') {
    const { id } = requestFacts(request);
    log.error({ err: error, requestId: id, method: request.method, route }, 'request failed');
  }
  return problem;
}
