/**
 * How an endpoint is doing, in one word: what people and the engine decided (its status), and what
 * the engine saw. In the order of who needs somebody first.
 *
 * | open     | the breaker holds back what is pending                          |
 * | failing  | no success since some failures; attempts go on                  |
 * | disabled | nothing is sent; what comes is cancelled                        |
 * | paused   | by people, or as long as the receiver asked for                 |
 * | healthy  | anything else                                                   |
 */
export const endpointStates = ['open', 'failing', 'disabled', 'paused', 'healthy'] as const;
export type EndpointState = (typeof endpointStates)[number];

type Decided = {
  status: 'active' | 'paused' | 'disabled';
  statusReason: string | null;
  pausedUntil: string | null;
  failingSince: string | null;
};

/** Of an endpoint as clients see it. repositories/endpoint-lists.ts says the same in SQL. */
export function endpointStateOf(endpoint: Decided): EndpointState {
  const { status, statusReason, pausedUntil, failingSince } = endpoint;
  if (status === 'disabled') return 'disabled';
  if (status === 'paused') {
    return pausedUntil !== null && statusReason === 'circuit_breaker' ? 'open' : 'paused';
  }
  return failingSince === null ? 'healthy' : 'failing';
}
