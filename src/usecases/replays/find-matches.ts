/**
 * A page of what a replay is to make: ended deliveries again, or deliveries that were never made.
 * Only endpoints that can be sent to count.
 */

import { isOwnType, listensToOwnType } from '../../domain/endpoint-events.ts';
import type { EndpointId, EventId } from '../../domain/ids.ts';
import { testEventType } from '../../domain/test-events.ts';
import { compileWants } from '../../domain/wants-event.ts';
import { type ListeningEndpoint, listListeningEndpoints } from '../../repositories/directory.ts';
import type { NewReplayDelivery } from '../../repositories/replay-deliveries.ts';
import {
  countEndedMatches,
  listDeliveredEndpoints,
  listEndedMatches,
  listReplayEvents,
  type MatchPage,
  type ReplayEvent,
  type ReplaySearch,
} from '../../repositories/replay-matches.ts';
import type { ReplayRow } from '../../repositories/replays.ts';
import type { TenantTx } from '../../repositories/transactions.ts';
import { typeFilter } from '../type-filter.ts';

type Match = Omit<NewReplayDelivery, 'id'>;

/** With payloads of 256 KiB each such a page holds 25 MiB. */
const eventsWithContentMax = 100;

/** Rows looked through for one page. */
export type PageBudget = { countedRows: number; createdRows: number; events: number };

/** The endpoints that the replay may send to; none when its own is disabled or deleted. */
export async function findSendableEndpoints(
  tx: TenantTx,
  { projectId, endpointId }: ReplayRow,
): Promise<ListeningEndpoint[]> {
  const living = await listListeningEndpoints(tx);
  return living.filter(
    (endpoint) =>
      endpoint.projectId === projectId &&
      endpoint.status !== 'disabled' &&
      (endpointId === null || endpoint.id === endpointId),
  );
}

function searchOf(replay: ReplayRow, endpoints: readonly ListeningEndpoint[]): ReplaySearch {
  return {
    replayId: replay.id,
    projectId: replay.projectId,
    endpointId: replay.endpointId,
    endpointIds: endpoints.map(({ id }) => id),
    type: typeFilter(replay.matchType ?? undefined),
    fromId: replay.fromId,
    afterId: replay.cursorId,
    beforeId: replay.beforeId,
  };
}

export async function countMatches(
  tx: TenantTx,
  replay: ReplayRow,
  endpoints: readonly ListeningEndpoint[],
  budget: PageBudget,
): Promise<{ count: number; stoppedAt: string | null }> {
  const search = searchOf(replay, endpoints);
  if (replay.matchStatus === 'missing') {
    const page = await listMissing(tx, search, endpoints, budget.events);
    return { count: page.matches.length, stoppedAt: page.stoppedAt };
  }
  return countEndedMatches(tx, { ...search, status: replay.matchStatus }, budget.countedRows);
}

/** About `limit` at most: an event whose deliveries were never made is taken whole. */
export async function findMatches(
  tx: TenantTx,
  replay: ReplayRow,
  endpoints: readonly ListeningEndpoint[],
  { limit, budget }: { limit: number; budget: PageBudget },
): Promise<MatchPage<Match>> {
  const search = searchOf(replay, endpoints);
  if (replay.matchStatus === 'missing') {
    return upTo(limit, await listMissing(tx, search, endpoints, budget.events));
  }
  const page = await listEndedMatches(
    tx,
    { ...search, status: replay.matchStatus },
    { budget: budget.createdRows, limit },
  );
  const matches = page.matches.map(({ id, ...match }) => ({ ...match, sourceId: id }));
  return { matches, stoppedAt: page.stoppedAt };
}

/** Cut behind the event with which the limit is reached. */
function upTo(limit: number, page: MatchPage<Match>): MatchPage<Match> {
  const last = page.matches[limit - 1]?.eventId;
  if (last === undefined) return page;
  const end = page.matches.findLastIndex(({ eventId }) => eventId === last) + 1;
  return { matches: page.matches.slice(0, end), stoppedAt: last };
}

async function listMissing(
  tx: TenantTx,
  search: ReplaySearch,
  endpoints: readonly ListeningEndpoint[],
  budget: number,
): Promise<MatchPage<Match>> {
  // A test event is for the endpoint that was tried, and wanted by no other.
  const withContent = endpoints.some(({ filter }) => filter !== null);
  const page = await listReplayEvents(tx, search, {
    budget: withContent ? Math.min(budget, eventsWithContentMax) : budget,
    exceptType: testEventType,
    withContent,
  });
  const known = await listDeliveredEndpoints(
    tx,
    page.matches.map(({ id }): EventId => id),
  );
  const wanting = endpoints.map((endpoint): [EndpointId, (event: ReplayEvent) => boolean] => [
    endpoint.id,
    wouldWant(endpoint),
  ]);
  const matches = page.matches.flatMap((event) =>
    wanting
      .filter(([id, wants]) => wants(event) && known.get(event.id)?.has(id) !== true)
      .map(([endpointId]) => {
        const eventType = event.type;
        return { eventId: event.id, endpointId, eventType, sourceId: null };
      }),
  );
  return { matches, stoppedAt: page.stoppedAt };
}

/** The question that accepting asks; of opsforge's own events, the one that telling them asks. */
function wouldWant(endpoint: ListeningEndpoint): (event: ReplayEvent) => boolean {
  const wants = compileWants(endpoint);
  return ({ type, payload, metadata }) => {
    if (isOwnType(type)) return listensToOwnType(endpoint.eventTypes, type);
    const payloadValue: unknown = payload === null ? undefined : JSON.parse(payload);
    return wants({ type, payloadValue, metadata });
  };
}
