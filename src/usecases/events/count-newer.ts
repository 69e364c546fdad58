/** How many events came after the newest one that somebody looks at. */
import type { EventId } from '../../domain/ids.ts';
import { listEvents as listRows } from '../../repositories/events.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import { newerMax } from '../deliveries/count-newer.ts';
import { typeFilter } from '../type-filter.ts';
import { textSearch } from './list-events.ts';
import type { EventListQuery } from './schemas.ts';

/** At most `newerMax + 1`. */
export async function countNewerEvents(
  ctx: Ctx,
  query: Pick<EventListQuery, 'projectId' | 'type' | 'q'>,
  after: EventId,
): Promise<number> {
  requireScope(ctx, 'events:read');
  const projectId = requireProject(ctx, query.projectId);
  const { rows } = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    listRows(tx, {
      projectId,
      type: typeFilter(query.type),
      text: textSearch(query.q, ctx.deps.clock.databaseNow()),
      range: { from: after, before: null },
      // One more for `after` itself.
      limit: newerMax + 2,
    }),
  );
  return rows.filter(({ id }) => id > after).length;
}
