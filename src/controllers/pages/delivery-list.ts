/**
 * The list of deliveries as its address asks for it. What changes by itself are two parts: the
 * rows, which are asked for again by the first of them, and how many came since.
 */
import { z } from 'zod';
import { shortId } from '../../../views/components/format.ts';
import {
  Deliveries,
  type DeliveriesProps,
  DeliveryRows,
  type RowsProps,
} from '../../../views/deliveries.tsx';
import { Newer, type NewerProps } from '../../../views/list-parts.tsx';
import { projectPath } from '../../../views/navigation.ts';
import type { VolumeProps } from '../../../views/volume.tsx';
import { deliveryStatuses } from '../../domain/deliveries.ts';
import { AppError } from '../../domain/errors.ts';
import {
  type DeliveryId,
  type EndpointId,
  type EventId,
  idAt,
  isUuid,
  type ProjectId,
} from '../../domain/ids.ts';
import { scopesOf } from '../../domain/roles.ts';
import { allows } from '../../domain/scopes.ts';
import { cursorIncluding } from '../../usecases/cursors.ts';
import { changedMax } from '../../usecases/deliveries/change-deliveries.ts';
import { countNewerDeliveries, newerMax } from '../../usecases/deliveries/count-newer.ts';
import {
  type Described,
  describeDeliveries,
} from '../../usecases/deliveries/describe-deliveries.ts';
import {
  type DeliveryExport,
  exportDeliveries,
} from '../../usecases/deliveries/export-deliveries.ts';
import { findDelivery } from '../../usecases/deliveries/find-delivery.ts';
import { listDeliveries } from '../../usecases/deliveries/list-deliveries.ts';
import { readVolume, type Volume } from '../../usecases/deliveries/read-volume.ts';
import type { Delivery, DeliveryListQuery } from '../../usecases/deliveries/schemas.ts';
import { listEndpoints } from '../../usecases/endpoints/list-endpoints.ts';
import type { Endpoint } from '../../usecases/endpoints/schemas.ts';
import { idInput, listParameters } from '../../usecases/schemas.ts';
import { typeParameter } from '../../usecases/type-filter.ts';
import { deliveryFile } from './delivery-file.ts';
import { toDeliveryRow } from './delivery-rows.ts';
import { endpointName } from './endpoint-words.ts';
import type { ProjectCall, View } from './page.ts';
import {
  fieldText,
  type ListAddress,
  listAddress,
  readSpan,
  spanChips,
  spanFields,
  spanSegments,
  stepHref,
  stepWords,
  type TimeSpan,
} from './time-span.ts';

/** A page of the list, and what one form may tick. */
const shownMax = changedMax;
/** The choices of a menu. */
const endpointsMax = 200;
const dayMs = 86_400_000;
/** Of the volume, where the list has no bounds. */
const volumeMsDefault = 3_600_000;

export const deliveryListPage = z.strictObject({
  q: fieldText,
  status: z.enum(deliveryStatuses).optional(),
  endpoint: idInput<EndpointId>().optional(),
  replay: idInput<string>().optional(),
  ...spanFields,
  cursor: listParameters<DeliveryId>().cursor,
  /** The newest id that the reader saw before, to mark and to count what is new. */
  seen: idInput<DeliveryId>().optional(),
});
type Asked = z.output<typeof deliveryListPage>;

type Filter = Omit<DeliveryListQuery, 'since' | 'until' | 'limit' | 'cursor'>;
/** `only`: a delivery that the search names by its id. */
type Search = { filter: Filter; span: TimeSpan; only: Delivery | null };

export async function deliveryListView(
  call: ProjectCall,
  asked: Asked,
  notice: string | null = null,
): Promise<View> {
  const { q, status, endpoint, replay, since, until } = asked;
  const filters = { q, status, endpoint, replay, since, until };
  const list = listAddress(call, '/deliveries', filters);
  const search = await readSearch(call, asked);
  const problem = 'problem' in search ? search.problem : null;
  const found = 'problem' in search ? null : search;
  return {
    title: 'Deliveries',
    nav: 'deliveries',
    crumbs: [],
    live: true,
    body: async () => Deliveries(await toProps(call, asked, list, found, notice ?? problem)),
    parts: {
      newer: async () => Newer(await countNewer(call, asked, list, found)),
      rows: async () => DeliveryRows(await readRows(call, asked, list, found)),
    },
  };
}

/** Safe because the page's own use case found the project by this id. */
const projectIdOf = (call: ProjectCall) => call.project.id as ProjectId;

/** What the list shows, as a file. Throws AppError `invalid` for what the list would not read. */
export async function deliveryListFile(call: ProjectCall, asked: Asked): Promise<Response> {
  const search = await readSearch(call, asked);
  if ('problem' in search) throw new AppError('invalid', search.problem);
  const { filter, span, only } = search;
  if (only !== null) return deliveryFile(oneDelivery(call, only));
  return deliveryFile(
    exportDeliveries(call.ctx, { ...filter, since: span.since, until: span.until }),
  );
}

async function* oneDelivery({ ctx }: ProjectCall, delivery: Delivery): DeliveryExport {
  yield { described: await describeDeliveries(ctx, [delivery]), cutAt: null };
}

async function readSearch(call: ProjectCall, asked: Asked): Promise<Search | { problem: string }> {
  const span = readSpan(asked, call.nowMs);
  if ('problem' in span) return span;
  const { q, status, endpoint: endpointId, replay: replayId } = asked;
  const filter = {
    projectId: projectIdOf(call),
    ...{ status, endpointId, replayId, eventId: undefined, type: undefined },
  };
  if (q === undefined) return { filter, span, only: null };
  const id = q.toLowerCase();
  if (isUuid(id)) {
    const only = await findOwnDelivery(call, id);
    // Safe because what it is an id of is for the query to find.
    return { filter: { ...filter, eventId: id as EventId }, span, only };
  }
  const type = typeParameter.safeParse(q);
  if (!type.success) {
    return { problem: 'Search by an event type, by a prefix like invoice.*, or by a whole id.' };
  }
  return { filter: { ...filter, type: type.data }, span, only: null };
}

async function findOwnDelivery(call: ProjectCall, id: string): Promise<Delivery | null> {
  try {
    // Safe as above.
    const delivery = await findDelivery(call.ctx, id as DeliveryId);
    return delivery.projectId === call.project.id ? delivery : null;
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return null;
    throw error;
  }
}

type Page = { described: Described[]; nextCursor: string | null; searchedUntil?: string };
const noPage: Page = { described: [], nextCursor: null };

async function readPage(call: ProjectCall, asked: Asked, search: Search | null): Promise<Page> {
  if (search === null) return noPage;
  const { filter, span, only } = search;
  if (only !== null)
    return { described: await describeDeliveries(call.ctx, [only]), nextCursor: null };
  const { since, until } = span;
  const query = { ...filter, since, until };
  const { cursor } = asked;
  const { data, ...rest } = await listDeliveries(call.ctx, { ...query, cursor, limit: shownMax });
  return { described: await describeDeliveries(call.ctx, data), ...rest };
}

async function readRows(
  call: ProjectCall,
  asked: Asked,
  list: ListAddress,
  search: Search | null,
): Promise<RowsProps> {
  return toRows(call, asked, list, await readPage(call, asked, search));
}

function toRows(call: ProjectCall, asked: Asked, list: ListAddress, page: Page): RowsProps {
  const top = page.described[0]?.delivery.id;
  const { seen } = asked;
  return {
    rows: page.described.map((one) => toDeliveryRow(call, one, seen)),
    path: list.href({ seen, cursor: top && cursorIncluding(top) }),
    nowMs: call.nowMs,
    mayTick: mayChange(call),
  };
}

function mayChange({ tenant }: ProjectCall): boolean {
  return allows(scopesOf(tenant.role), 'deliveries:write');
}

/** Counted when the part is asked for; a page that was just made has nothing newer. */
async function countNewer(
  call: ProjectCall,
  { seen }: Asked,
  list: ListAddress,
  search: Search | null,
): Promise<NewerProps> {
  const newer = newerProps(list, seen ?? idAt(call.nowMs));
  if (search === null || seen === undefined) return newer;
  const { filter, span } = search;
  const query = { ...filter, since: span.since, until: span.until };
  return { ...newer, count: await countNewerDeliveries(call.ctx, query, seen) };
}

function newerProps(list: ListAddress, topId: string): NewerProps {
  const path = list.href({ seen: topId });
  return {
    count: 0,
    countMax: newerMax,
    kind: 'deliveries',
    one: 'delivery',
    several: 'deliveries',
    path,
  };
}

async function toProps(
  call: ProjectCall,
  asked: Asked,
  list: ListAddress,
  search: Search | null,
  problem: string | null,
): Promise<DeliveriesProps> {
  const projectId = projectIdOf(call);
  const span = search?.span;
  const untilMs = span?.until?.getTime() ?? call.nowMs;
  const sinceMs = span?.since?.getTime() ?? untilMs - volumeMsDefault;
  const endpointId = asked.endpoint ?? null;
  const [page, volume, endpoints] = await Promise.all([
    readPage(call, asked, search),
    readVolume(call.ctx, { projectId, endpointId, sinceMs, untilMs }),
    listEndpoints(call.ctx, { projectId, limit: endpointsMax }),
  ]);
  const words = span?.words ?? 'the last hour';
  const rows = toRows(call, asked, list, page);
  const isFirst = asked.cursor === undefined;
  const isFiltered = Object.values(list.filters).some((value) => value !== undefined);
  return {
    path: projectPath(call.place, '/deliveries'),
    ownPath: list.href({}),
    exportHref: listAddress(call, '/deliveries/export', list.filters).href({}),
    tabs: [
      { label: 'Deliveries', href: projectPath(call.place, '/deliveries'), current: true },
      { label: 'Replays', href: projectPath(call.place, '/replays'), current: false },
    ],
    sentence: sentenceOf(volume, words),
    problem,
    q: asked.q ?? '',
    fields: list.filters,
    chips: [...chipsOf(list, asked, page, endpoints.data), ...spanChips(list, span)],
    statuses: deliveryStatuses.map((status) => ({
      label: status[0]?.toUpperCase() + status.slice(1),
      href: list.href({ status }),
      current: status === asked.status,
    })),
    endpoints: endpoints.data.map((endpoint) => ({
      label: endpointName(endpoint),
      href: list.href({ endpoint: endpoint.id }),
      current: endpoint.id === asked.endpoint,
    })),
    spans: spanSegments(list, asked.since),
    volume: volumeProps(list, volume, words),
    newer: isFirst ? newerProps(list, rows.rows[0]?.id ?? idAt(call.nowMs)) : null,
    rows,
    foot: {
      text: footText(page),
      olderHref: page.nextCursor === null ? null : list.href({ cursor: page.nextCursor }),
      newestHref: isFirst ? null : list.href({}),
    },
    empty: {
      title: emptyTitle(asked, span?.words ?? null),
      clearHref: isFiltered ? projectPath(call.place, '/deliveries') : null,
    },
    cancelPath: mayChange(call) ? projectPath(call.place, '/deliveries/cancel') : null,
  };
}

function sentenceOf({ totals, pending }: Volume, words: string): DeliveriesProps['sentence'] {
  return { ended: totals.delivered + totals.failed, words, pending, failed: totals.failed };
}

/** What narrows the list and has no field of its own that shows it. */
function chipsOf(
  list: ListAddress,
  asked: Asked,
  page: Page,
  endpoints: readonly Endpoint[],
): DeliveriesProps['chips'] {
  const { status, endpoint, replay } = asked;
  const chip = (name: string, key: string, value: string | undefined) =>
    value === undefined ? [] : [{ name, value, href: list.href({ [key]: undefined }) }];
  const named =
    endpoints.find(({ id }) => id === endpoint) ??
    page.described.find((one) => one.endpoint?.id === endpoint)?.endpoint;
  const endpointWords = named ? endpointName(named) : endpoint && 'deleted or unknown';
  return [
    ...chip('Status', 'status', status),
    ...chip('Endpoint', 'endpoint', endpointWords),
    ...chip('Replay', 'replay', replay && shortId(replay)),
  ];
}

function volumeProps(list: ListAddress, { points, stepMs }: Volume, words: string): VolumeProps {
  return {
    points: points.map((point) => ({ ...point, href: stepHref(list, point.at, stepMs) })),
    step: stepWords(stepMs),
    hasDays: points.length * stepMs > 2 * dayMs,
    words,
  };
}

function footText({ described, searchedUntil }: Page): string {
  const shown = `${described.length} shown, newest first`;
  if (searchedUntil === undefined) return shown;
  const at = `${searchedUntil.slice(0, 16).replace('T', ' ')} UTC`;
  return `${shown}; looked through to ${at}, Older goes on from there`;
}

function emptyTitle({ status, q }: Asked, words: string | null): string {
  const what = {
    failed: 'Nothing failed',
    cancelled: 'Nothing was cancelled',
    delivered: 'Nothing was delivered',
    pending: 'Nothing is waiting',
  };
  const begin = status !== undefined ? what[status] : q ? 'Nothing matches' : 'No deliveries';
  return words === null || status === 'pending' ? begin : `${begin} in ${words}`;
}
