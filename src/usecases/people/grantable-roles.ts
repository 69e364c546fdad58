/**
 * Which roles whoever asks may give and take. Owners alone make owners; nobody gives a role that
 * can do more than themselves, which for an API key means its scopes.
 */
import { AppError } from '../../domain/errors.ts';
import { type Role, scopesOf } from '../../domain/roles.ts';
import { allows } from '../../domain/scopes.ts';
import { type Ctx, grantedScopes } from '../context.ts';

/** Throws AppError `forbidden`. */
export function requireRoleGrantable(ctx: Ctx, role: Role): void {
  const { actor } = ctx;
  if (actor.kind === 'operator' || (actor.kind === 'member' && actor.role === 'owner')) return;
  if (role === 'owner') {
    throw new AppError('forbidden', 'Only an owner makes, changes or removes owners.');
  }
  const granted = grantedScopes(actor);
  if (scopesOf(role).every((scope) => allows(granted, scope))) return;
  throw new AppError(
    'forbidden',
    `A member with the role ${role} may do more than who asks; ask an admin or an owner.`,
  );
}
