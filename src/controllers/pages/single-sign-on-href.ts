/** Where the button of single sign-on leads. */
import type { PageDeps } from './page.ts';

/** Null where there is no single sign-on. */
export function singleSignOnHref(
  deps: PageDeps,
  asked: { next?: string; token?: string },
): string | null {
  if (deps.people.singleSignOn === null) return null;
  return `/sign-in/single-sign-on?${new URLSearchParams(asked)}`;
}
