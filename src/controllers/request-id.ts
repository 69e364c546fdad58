/**
 * Every request has an id, which its answer, its problem and its log lines carry: the caller's own
 * where that is a sane one, else a new UUIDv7. Held on the request, so that every hook and
 * handler finds it without passing it on.
 */
const saneId = /^[A-Za-z0-9._-]{1,128}$/;

export type RequestFacts = { id: string; startedMs: number };

/** On the request itself: a WeakMap is work for each collection of the heap. */
const facts = Symbol('facts');

export function requestFacts(request: Request & { [facts]?: RequestFacts }): RequestFacts {
  const known = request[facts];
  if (known !== undefined) return known;
  const given = request.headers.get('x-request-id');
  const id = given !== null && saneId.test(given) ? given : Bun.randomUUIDv7();
  const made = { id, startedMs: performance.now() };
  request[facts] = made;
  return made;
}
