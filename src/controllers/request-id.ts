/**
 * Every request has an id, which its answer, its problem and its log lines carry: the caller's own
 * where that is a sane one, else a new UUIDv7. Held beside the request, so that every hook and
 * handler finds it without passing it on.
 */
const saneId = /^[A-Za-z0-9._-]{1,128}$/;

export type RequestFacts = { id: string; startedMs: number };

const facts = new WeakMap<Request, RequestFacts>();

export function requestFacts(request: Request): RequestFacts {
  const known = facts.get(request);
  if (known !== undefined) return known;
  const given = request.headers.get('x-request-id');
  const id = given !== null && saneId.test(given) ? given : Bun.randomUUIDv7();
  const made = { id, startedMs: performance.now() };
  facts.set(request, made);
  return made;
}
