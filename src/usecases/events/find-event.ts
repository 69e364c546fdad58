/** The event of an id with the text of its payload, which must reach the client unparsed. */
import { notFound } from '../../domain/errors.ts';
import type { EventId } from '../../domain/ids.ts';
import { countDeliveries } from '../../repositories/delivery-lists.ts';
import { findEventWithPayload } from '../../repositories/events.ts';
import { boundProject, type Ctx, requireScope } from '../context.ts';
import type { ListedEvent } from './schemas.ts';
import { toListedEvent } from './view.ts';

/** `payloadText` is JSON: parsing it would lose number spelling and key order. */
export type FoundEvent = { event: ListedEvent; payloadText: string };

export async function findEvent(ctx: Ctx, id: EventId): Promise<FoundEvent> {
  requireScope(ctx, 'events:read');
  const [row, counts] = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    Promise.all([findEventWithPayload(tx, id), countDeliveries(tx, [id])]),
  );
  const bound = boundProject(ctx);
  if (row === null || (bound !== null && row.projectId !== bound)) throw notFound('event', id);
  return { event: toListedEvent(row, counts.get(id)), payloadText: row.payload };
}
