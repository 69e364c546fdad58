/** Who asks by a browser, and as whom use cases then see them. */
import type { Ctx } from '../../usecases/context.ts';
import type { Person } from '../../usecases/people/person.ts';

/** By the session's cookie; null when nobody is signed in. */
export type IdentifyPerson = (request: Request) => Promise<Person | null>;

/** Who they are in the tenant of this slug; throws AppError `not_found` where they are nobody. */
export type MemberContext = (request: Request, person: Person, tenantSlug: string) => Ctx;

/** Where a page sends nobody: back to itself once they are signed in. */
export function signInPath(request: Request): string {
  const { pathname, search } = new URL(request.url);
  // What was posted cannot be sent again by a link.
  const next = request.method === 'GET' ? pathname + search : '/';
  return `/sign-in?next=${encodeURIComponent(next)}`;
}

const ownPath = /^\/(?![/\\])[\x21-\x7e]*$/;

/** A path of ours to go on to; anything else, as another site's address, is `/`. */
export function safeNext(given: string | null | undefined): string {
  return given !== null && given !== undefined && ownPath.test(given) ? given : '/';
}
