/** What the use cases of people need beside what all need. */
import type { PasswordHasher } from '../../lib/password-hasher.ts';
import type { Deps } from '../context.ts';

/** Who may make an account: OPSFORGE_SIGNUP. */
export type SignUpPolicy = 'first' | 'open' | 'closed';

export type PeopleDeps = Deps & { passwords: PasswordHasher; signUp: SignUpPolicy };

/** The browser that asks, for the list of sessions and for throttling. */
export type Browser = { remoteAddress: string | null; userAgent: string | null };
