/**
 * Which endpoints of the project have no delivery of an event, and why, by what they want today: it
 * was decided when the event was accepted, and they may have been changed since.
 */
import { compileFilter } from '../../domain/event-filter.ts';
import { compilePatterns } from '../../domain/event-types.ts';
import type { ProjectId } from '../../domain/ids.ts';
import { type EndpointRow, listEndpoints } from '../../repositories/endpoints.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import type { FoundEvent } from './find-event.ts';

/** The newest of a project with more. */
const endpointsMax = 200;
/** A filter may cost 8 ms of one event; past so many, nobody reads on. */
const filtersMax = 12;

export type Unwanted = {
  id: string;
  url: string;
  description: string;
  /** `wanted`: today it would be sent. `unknown`: its filter was not tried. */
  reason: 'type' | 'filter' | 'disabled' | 'later' | 'wanted' | 'unknown';
};

/** @param knownIds endpoints that have a delivery */
export async function explainUnwanted(
  ctx: Ctx,
  projectId: ProjectId,
  { event, payloadText }: FoundEvent,
  knownIds: ReadonlySet<string>,
): Promise<Unwanted[]> {
  requireScope(ctx, 'endpoints:read');
  const wantedProject = requireProject(ctx, projectId);
  const page = {
    projectId: wantedProject,
    status: null,
    customer: null,
    before: null,
    limit: endpointsMax,
  };
  const rows = await ctx.deps.database.withTenant(ctx.tenantId, (tx) => listEndpoints(tx, page));
  const payloadValue: unknown = JSON.parse(payloadText);
  const content = { type: event.type, payloadValue, metadata: event.metadata };
  let filtersLeft = filtersMax;
  const reasonOf = (row: EndpointRow): Unwanted['reason'] => {
    if (!compilePatterns(row.eventTypes)(event.type)) return 'type';
    if (row.filter !== null) {
      filtersLeft -= 1;
      if (filtersLeft < 0) return 'unknown';
      if (!compileFilter(row.filter)(content)) return 'filter';
    }
    if (row.status === 'disabled') return 'disabled';
    return row.createdAt.toISOString() > event.receivedAt ? 'later' : 'wanted';
  };
  return rows
    .filter(({ id }) => !knownIds.has(id))
    .map((row) => ({
      id: row.id,
      url: row.url,
      description: row.description,
      reason: reasonOf(row),
    }));
}
