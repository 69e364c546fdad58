/**
 * Portal links: their tokens, what they permit, and where their pages may be framed. A token is
 * `ofp_` and 32 random bytes, stored as a SHA-256 as API keys are: it must be possible to revoke a
 * link, so that each visit looks at its row anyway and a signature would prove nothing more.
 */
import { invalidField } from './errors.ts';
import type { EventFilter } from './filter-problems.ts';
import type { ProjectId } from './ids.ts';
import type { Scope } from './scopes.ts';

/** The set that a portal is about: no statement of its visits reaches further. */
export type Confinement = { projectId: ProjectId; customer: string };

const tokenBytes = 32;

/** Shown once, in the link. */
export function generatePortalToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(tokenBytes));
  return `ofp_${bytes.toBase64({ alphabet: 'base64url', omitPadding: true })}`;
}

export function isPortalToken(text: string): boolean {
  return /^ofp_[A-Za-z0-9_-]{43}$/.test(text);
}

/** What the database holds of a token. */
export function hashPortalToken(token: string): Uint8Array {
  return new Bun.CryptoHasher('sha256').update(token).digest();
}

export function portalScopes(mayWrite: boolean): readonly Scope[] {
  return mayWrite ? ['endpoints:write', 'deliveries:write'] : ['endpoints:read', 'deliveries:read'];
}

/**
 * Of endpoints that a customer makes, where the tenant says nothing else: without it they would
 * get the events of every customer.
 */
export function ownEvents(customer: string): EventFilter {
  return { metadata: { customer } };
}

/** As browsers write them, without repeats. Throws AppError `invalid`. */
export function checkFrameOrigins(origins: readonly string[]): string[] {
  const checked = origins.map((text, index) => {
    const url = URL.parse(text);
    const isOrigin =
      url !== null &&
      ['http:', 'https:'].includes(url.protocol) &&
      [url.origin, `${url.origin}/`].includes(text.toLowerCase()) &&
      !text.includes('*');
    if (isOrigin) return url.origin;
    throw invalidField(`frameOrigins.${index}`, 'must be an origin like https://app.example.com');
  });
  return [...new Set(checked)];
}

/** For the header Content-Security-Policy of a portal's pages. */
export function frameAncestors(origins: readonly string[]): string {
  return `frame-ancestors ${origins.length === 0 ? "'none'" : origins.join(' ')}`;
}
