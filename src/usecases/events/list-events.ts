/** A project's events, newest first, without their payloads. */
import { type EventId, idAt, isUuid } from '../../domain/ids.ts';
import { countDeliveries } from '../../repositories/delivery-lists.ts';
import {
  type EventFilter,
  type EventTextSearch,
  findEvent,
  listEvents as listRows,
} from '../../repositories/events.ts';
import type { TenantTx } from '../../repositories/transactions.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import { idRange, type SearchedPage, toSearchedPage } from '../cursors.ts';
import { typeFilter } from '../type-filter.ts';
import type { EventListQuery, ListedEvent } from './schemas.ts';
import { toListedEvent } from './view.ts';

/** Payloads have no index: older ones are not searched. */
const payloadSearchMs = 24 * 60 * 60 * 1_000;
/** Each word is one look through each payload. */
const searchWordsMax = 8;

export async function listEvents(
  ctx: Ctx,
  query: EventListQuery,
): Promise<SearchedPage<ListedEvent>> {
  requireScope(ctx, 'events:read');
  const filter: EventFilter = {
    projectId: requireProject(ctx, query.projectId),
    type: typeFilter(query.type),
    text: textSearch(query.q, ctx.deps.clock.databaseNow()),
    range: idRange(query),
    limit: query.limit + 1,
  };
  return ctx.deps.database.withTenant(ctx.tenantId, async (tx) => {
    const found = (await findNamed(tx, filter)) ?? (await listRows(tx, filter));
    const shown = found.rows.slice(0, query.limit).map((row) => row.id);
    const counts = await countDeliveries(tx, shown);
    return toSearchedPage(found, query.limit, (row) => toListedEvent(row, counts.get(row.id)));
  });
}

export function textSearch(q: string | undefined, nowMs: number): EventTextSearch | null {
  if (q === undefined) return null;
  return {
    exact: q,
    words: q.split(/\s+/).filter(Boolean).slice(0, searchWordsMax),
    // Safe because a bound is compared with ids and never looked up.
    payloadFrom: idAt(nowMs - payloadSearchMs) as EventId,
  };
}

/** An event that `q` names by its id is found wherever it lies, without a search. */
async function findNamed(tx: TenantTx, { text, projectId, type, range }: EventFilter) {
  const id = text?.exact.toLowerCase() ?? '';
  if (!isUuid(id)) return null;
  // Safe because the form was checked, and whether it is an event's is for the query to find.
  const row = await findEvent(tx, id as EventId);
  if (row === null || row.projectId !== projectId) return null;
  const isWanted =
    (type === null || (type.prefix ? row.type.startsWith(type.text) : row.type === type.text)) &&
    (range.from === null || row.id >= range.from) &&
    (range.before === null || row.id < range.before);
  return isWanted ? { rows: [row], stoppedAt: null } : null;
}
