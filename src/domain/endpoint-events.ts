/**
 * What opsforge tells a project's endpoints about one another: events of these types, through the
 * same engine. At most one for each turn of a state, and never to the endpoint that it is about.
 */
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
