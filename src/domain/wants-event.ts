/** Whether an endpoint wants an event: by its type, then by what it holds. */
import { compileFilter, type FilteredEvent } from './event-filter.ts';
import { compilePatterns } from './event-types.ts';
import type { EventFilter } from './filter-problems.ts';

export function compileWants(endpoint: {
  eventTypes: readonly string[];
  filter: EventFilter | null;
}): (event: FilteredEvent) => boolean {
  const wantsType = compilePatterns(endpoint.eventTypes);
  if (endpoint.filter === null) return ({ type }) => wantsType(type);
  const wantsContent = compileFilter(endpoint.filter);
  return (event) => wantsType(event.type) && wantsContent(event);
}
