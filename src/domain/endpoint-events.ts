/**
 * What opsforge tells a project's endpoints about one another: events of these types, through the
 * same engine. At most one for each turn of a state, and never to the endpoint that it is about.
 */
import { compilePatterns } from './event-types.ts';
import type { EndpointId } from './ids.ts';

export type EndpointEvent = {
  endpointId: EndpointId;
  url: string;
  since: string;
  lastError: string | null;
} & (
  | { status: 'disabled'; reason: 'disabled_by_request' | 'gone' | 'failing_for_5_days' }
  | { status: 'failing'; reason: 'failures_in_a_row' | 'circuit_breaker' }
  | { status: 'recovered'; reason: 'delivered' }
);

export const endpointEventType = (event: EndpointEvent) => `opsforge.endpoint.${event.status}`;

/** As it is sent. */
export const endpointEventPayload = (event: EndpointEvent) =>
  JSON.stringify({
    endpointId: event.endpointId,
    url: event.url,
    status: event.status,
    reason: event.reason,
    since: event.since,
    lastError: event.lastError,
  });

const ownPrefix = 'opsforge.';

/** Of the types that opsforge makes itself. */
export const isOwnType = (type: string) => type.startsWith(ownPrefix);

/**
 * Only a pattern that begins with `opsforge.` listens to these types: endpoints may belong to
 * different customers, and one that takes every event of its own must not be shown the URL of
 * another's.
 */
export function listensToOwnType(eventTypes: readonly string[], type: string): boolean {
  const own = eventTypes.filter(isOwnType);
  return own.length > 0 && compilePatterns(own)(type);
}
