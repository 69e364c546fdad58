/** What a list of events says beside them: how long each is, and which key posted it. */
import type { EventId } from '../../domain/ids.ts';
import { allows } from '../../domain/scopes.ts';
import { listEventFacts } from '../../repositories/events.ts';
import { type Ctx, grantedScopes, requireScope } from '../context.ts';
import type { ListedEvent } from './schemas.ts';

export type DescribedEvent = {
  event: ListedEvent;
  /** Of the payload; null when the event is gone. */
  bytes: number | null;
  /** Null for a source, a session, and for who may not see the keys. */
  keyName: string | null;
};

/** In the order given; of one page of a list. */
export async function describeEvents(
  ctx: Ctx,
  events: readonly ListedEvent[],
): Promise<DescribedEvent[]> {
  requireScope(ctx, 'events:read');
  if (events.length === 0) return [];
  const maySeeKeys = allows(grantedScopes(ctx.actor), 'api-keys:read');
  // Safe because the database answered them as ids of events.
  const ids = events.map(({ id }) => id as EventId);
  const facts = await ctx.deps.database.withTenant(ctx.tenantId, (tx) => listEventFacts(tx, ids));
  const factsOf = new Map<string, (typeof facts)[number]>(facts.map((row) => [row.id, row]));
  return events.map((event) => {
    const { bytes = null, keyName = null } = factsOf.get(event.id) ?? {};
    return { event, bytes, keyName: maySeeKeys ? keyName : null };
  });
}
