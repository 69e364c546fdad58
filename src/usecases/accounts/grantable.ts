/** What whoever asks may put into an API key. */
import { AppError, invalidField } from '../../domain/errors.ts';
import { allows, type Scope } from '../../domain/scopes.ts';
import type { Clock } from '../../lib/clock.ts';
import { type Ctx, grantedScopes } from '../context.ts';

/** A key must not make one that can do more than itself. Throws `forbidden` naming the scopes. */
export function requireGrantable(ctx: Ctx, wanted: readonly Scope[]): void {
  const granted = grantedScopes(ctx.actor);
  const missing = wanted.filter((scope) => !allows(granted, scope));
  if (missing.length === 0) return;
  const who = ctx.actor.kind === 'member' ? `Your role, ${ctx.actor.role},` : 'This API key';
  throw new AppError(
    'forbidden',
    `${who} lacks ${missing.join(', ')} itself and cannot give it to another.`,
  );
}

export function requireFuture(clock: Clock, expiresAt: Date | null | undefined): void {
  if (expiresAt == null || expiresAt.getTime() > clock.databaseNow()) return;
  throw invalidField('expiresAt', 'must be in the future');
}
