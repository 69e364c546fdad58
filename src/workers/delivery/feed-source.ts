/** The feeder's questions, answered by the use cases. */
import type { Deps } from '../../usecases/context.ts';
import { loadEndpointSettings } from '../../usecases/deliveries/load-endpoint-settings.ts';
import {
  findDueEndpoints,
  findEndpointRefs,
  findPendingEndpoints,
  readDue,
} from '../../usecases/deliveries/read-due.ts';
import type { FeedSource } from './feeder.ts';

export function createFeedSource(deps: Pick<Deps, 'database' | 'secretBox'>): FeedSource {
  return {
    findPendingEndpoints: (shards) => findPendingEndpoints(deps, shards),
    findDueEndpoints: (shards) => findDueEndpoints(deps, shards),
    findEndpointRefs: (endpointIds) => findEndpointRefs(deps, endpointIds),
    loadSettings: (endpoints) => loadEndpointSettings(deps, endpoints),
    readDue: (wanted) => readDue(deps, wanted),
  };
}
