/** The one-time link with which the first person makes an account: for the console alone. */
import { AppError } from '../../domain/errors.ts';
import { generateToken, hashNewToken } from '../../domain/secret-tokens.ts';
import { insertOneTimeToken } from '../../repositories/one-time-tokens.ts';
import { hasUsers } from '../../repositories/users.ts';
import type { PeopleDeps } from './people-deps.ts';

/** Those who install on a Friday sign up on a Monday. */
const linkLifetimeMs = 7 * 86_400_000;

/** Null when there is an account already, or nobody may sign up. */
export async function findSignUpLink(deps: PeopleDeps): Promise<string | null> {
  if (deps.signUp === 'closed') return null;
  const token = generateToken();
  return deps.database.withAccounts(async (tx) => {
    if (await hasUsers(tx)) return null;
    await insertOneTimeToken(tx, {
      purpose: 'sign_up',
      userId: null,
      tokenHash: hashNewToken(token),
      forMs: linkLifetimeMs,
    });
    return `${deps.publicUrl()}/sign-up?token=${token}`;
  });
}

/** As `findSignUpLink`; throws AppError `conflict` saying why there is none. */
export async function makeSignUpLink(deps: PeopleDeps): Promise<string> {
  const link = await findSignUpLink(deps);
  if (link !== null) return link;
  const why =
    deps.signUp === 'closed'
      ? 'OPSFORGE_SIGNUP is closed: make an owner with opsforge bootstrap --email.'
      : 'There is an account already: an owner or admin invites others in the settings.';
  throw new AppError('conflict', why);
}
