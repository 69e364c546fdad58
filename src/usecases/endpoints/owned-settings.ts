/**
 * What a customer in a portal may not choose: whose an endpoint is, which of the project's events
 * reach it (its filter is the link's), and the events about endpoints, which name those of others.
 */
import { isOwnType } from '../../domain/endpoint-events.ts';
import { invalidField } from '../../domain/errors.ts';
import type { EndpointRow } from '../../repositories/endpoints.ts';
import type { Ctx } from '../context.ts';
import type { EndpointChanges, EndpointInput } from './schemas.ts';

/** Throws AppError `invalid`. */
export function ownedSettings(
  ctx: Ctx,
  input: EndpointInput,
): Pick<EndpointInput, 'filter' | 'customer'> {
  const { actor } = ctx;
  if (actor.kind !== 'portal') return { filter: input.filter, customer: input.customer };
  const { filter, customer, eventTypes } = input;
  requireOwnChanges(ctx, {
    eventTypes,
    ...(filter === null ? {} : { filter }),
    ...(customer === null ? {} : { customer }),
  });
  return { filter: actor.filter, customer: actor.customer };
}

/** Throws AppError `invalid`. */
export function requireOwnChanges({ actor }: Ctx, changes: EndpointChanges): void {
  if (actor.kind !== 'portal') return;
  for (const name of ['filter', 'customer'] as const) {
    if (changes[name] !== undefined)
      throw invalidField(name, 'is set by whoever gave you the link');
  }
  const own = changes.eventTypes?.findIndex(isOwnType) ?? -1;
  if (own >= 0) throw invalidField(`eventTypes.${own}`, 'must not begin with opsforge.');
}

/**
 * The types of an endpoint that the tenant made with another filter may be all that keeps events of
 * others from it. Throws AppError `invalid`.
 */
export function requireOwnTypes({ actor }: Ctx, row: EndpointRow, changes: EndpointChanges): void {
  if (actor.kind !== 'portal' || changes.eventTypes === undefined) return;
  if (Bun.deepEquals(row.filter, actor.filter)) return;
  throw invalidField('eventTypes', 'is set by whoever gave you the link');
}
