/** Makes an endpoint whose deliveries are pulled; `DELETE /endpoints/{id}` ends it. */
import { AppError } from '../../domain/errors.ts';
import { checkPatterns } from '../../domain/event-types.ts';
import { listenerUrl, listeningReason } from '../../domain/listeners.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import { insertChecked } from '../endpoints/create-endpoint.ts';
import { endpointInput, type NewEndpoint } from '../endpoints/schemas.ts';
import type { ListenerInput } from './schemas.ts';

export function createListener(ctx: Ctx, input: ListenerInput): Promise<NewEndpoint> {
  requireScope(ctx, 'endpoints:write');
  if (ctx.actor.kind === 'portal') {
    // What its receiver answers is recorded by a role that sees more than one customer.
    throw new AppError('forbidden', 'A portal link listens to nothing. Make an endpoint.');
  }
  const projectId = requireProject(ctx, input.projectId);
  checkPatterns(input.eventTypes);
  const settings = endpointInput.parse({ ...input, url: listenerUrl });
  // Paused from its first moment: no leader may try to send for it.
  const state = { status: 'paused', statusReason: listeningReason } as const;
  return insertChecked(ctx, projectId, settings, state);
}
