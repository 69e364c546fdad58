/** Whether an endpoint would want an event that it never had: the question that accepting asks. */
import { compilePatterns } from '../../domain/event-types.ts';
import type { ListeningEndpoint } from '../../repositories/directory.ts';
import type { ReplayEvent } from '../../repositories/replay-matches.ts';

export function compileWants(
  endpoint: Pick<ListeningEndpoint, 'eventTypes'>,
): (event: ReplayEvent) => boolean {
  const wantsType = compilePatterns(endpoint.eventTypes);
  return (event) => wantsType(event.type);
}
