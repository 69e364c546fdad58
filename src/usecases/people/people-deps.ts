/** What the use cases of people need beside what all need. */
import type { PasswordHasher } from '../../lib/password-hasher.ts';
import type { Deps, Origin } from '../context.ts';

/** Who may make an account: OPSFORGE_SIGNUP. */
export type SignUpPolicy = 'first' | 'open' | 'closed';

export type PeopleDeps = Deps & {
  passwords: PasswordHasher;
  signUp: SignUpPolicy;
  /** Null where no OIDC_ISSUER is set. */
  singleSignOn: SingleSignOn | null;
};

/** The browser that asks, for the list of sessions, for throttling and for the audit log. */
export type Browser = Origin & { userAgent: string | null };

/** What a provider of single sign-on vouches for. */
export type ProvenIdentity = {
  issuer: string;
  subject: string;
  email: string | null;
  emailVerified: boolean;
  name: string | null;
};

type SignOnChecks = { state: string; nonce: string; codeVerifier: string };

export type SingleSignOn = {
  /** Where to send the browser, and what to hold against what it brings back. */
  begin(redirectUri: string): Promise<{ url: string; checks: SignOnChecks }>;
  /** Throws AppError `unauthenticated` or `unavailable`. */
  finish(callback: URL, checks: SignOnChecks): Promise<ProvenIdentity>;
};
