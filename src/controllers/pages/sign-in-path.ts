/** Where people are sent who are not signed in, and where they may go on to afterwards. */

/** Where a page sends nobody: back to itself once they are signed in. */
export function signInPath(request: Request): string {
  const { pathname, search } = new URL(request.url);
  // What was posted cannot be sent again by a link.
  const next = request.method === 'GET' ? pathname + search : '/';
  return `/sign-in?next=${encodeURIComponent(next)}`;
}

/**
 * After an account was asked for: the same for an address that had one, which made nothing, so that
 * nobody learns who has an account here.
 */
export function signInNext(next: string) {
  return { goTo: `/sign-in?${new URLSearchParams({ next, account: 'ready' })}` };
}

const ownPath = /^\/(?![/\\])[\x21-\x7e]*$/;

/** A path of ours to go on to; anything else, as another site's address, is `/`. */
export function safeNext(given: string | null | undefined): string {
  return given !== null && given !== undefined && ownPath.test(given) ? given : '/';
}
