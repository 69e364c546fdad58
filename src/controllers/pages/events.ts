/** /t/{tenant}/p/{project}/events: what was posted. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { formatAge, formatCount, formatDuration } from '../../../views/components/format.ts';
import {
  EventList,
  EventRows,
  type EventRowsProps,
  Events,
  type EventsProps,
} from '../../../views/events.tsx';
import { Newer, type NewerProps } from '../../../views/list-parts.tsx';
import { projectPath } from '../../../views/navigation.ts';
import { dayMs } from '../../domain/days.ts';
import { type EventId, idAt, type ProjectId } from '../../domain/ids.ts';
import { cursorIncluding } from '../../usecases/cursors.ts';
import { newerMax } from '../../usecases/deliveries/count-newer.ts';
import { countNewerEvents } from '../../usecases/events/count-newer.ts';
import { type DescribedEvent, describeEvents } from '../../usecases/events/describe-events.ts';
import { listEvents } from '../../usecases/events/list-events.ts';
import { type EventVolume, readEventVolume } from '../../usecases/events/read-event-volume.ts';
import { eventListQuery, type ListedEvent } from '../../usecases/events/schemas.ts';
import { idInput, listParameters } from '../../usecases/schemas.ts';
import { createPages, type PageDeps, type ProjectCall, type View } from './page.ts';
import {
  fieldText,
  type ListAddress,
  listAddress,
  readSpan,
  spanChips,
  spanFields,
  spanSegments,
  stepHref,
  type TimeSpan,
} from './time-span.ts';

/** A page of the list. */
const shownMax = 50;
/** Of the strip, where the list has no bounds. */
const stripMsDefault = 3_600_000;

const eventsQuery = z.strictObject({
  q: fieldText,
  type: fieldText,
  ...spanFields,
  cursor: listParameters<EventId>().cursor,
  /** The newest id that the reader saw before, to mark and to count what is new. */
  seen: idInput<EventId>().optional(),
});
type Asked = z.output<typeof eventsQuery>;

const searchFields = eventListQuery.pick({ q: true, type: true });
type Search = z.output<typeof searchFields> & { span: TimeSpan };

export function eventsPages(deps: PageDeps) {
  const { project } = createPages(deps);
  return new Elysia({ prefix: '/t/:tenant/p/:project/events' }).get(
    '',
    ...project.view({ query: eventsQuery }, async (call) => eventsView(call, call.query)),
  );
}

function eventsView(call: ProjectCall, asked: Asked): View {
  const { q, type, since, until } = asked;
  const list = listAddress(call, '/events', { q, type, since, until });
  const search = readSearch(call, asked);
  const found = 'problem' in search ? null : search;
  const problem = 'problem' in search ? search.problem : null;
  const props = () => toProps(call, asked, list, found, problem);
  const rows = async () => toRows(call, asked, list, await readPage(call, asked, found));
  return {
    title: 'Events',
    nav: 'events',
    crumbs: [],
    live: true,
    body: async () => Events(await props()),
    parts: {
      list: async () => EventList(await props()),
      newer: async () => Newer(await countNewer(call, asked, list, found)),
      rows: async () => EventRows(await rows()),
    },
  };
}

/** Safe because the page's own use case found the project by this id. */
const projectIdOf = (call: ProjectCall) => call.project.id as ProjectId;

function readSearch(call: ProjectCall, asked: Asked): Search | { problem: string } {
  const span = readSpan(asked, call.nowMs);
  if ('problem' in span) return span;
  const fields = searchFields.safeParse({ q: asked.q, type: asked.type });
  if (fields.success) return { ...fields.data, span };
  const [issue] = fields.error.issues;
  const name = issue?.path[0] === 'type' ? 'The event type' : 'The search';
  return { problem: `${name} ${issue?.message ?? 'is not usable'}.` };
}

type Page = { described: DescribedEvent[]; nextCursor: string | null; searchedUntil?: string };

async function readPage(call: ProjectCall, asked: Asked, search: Search | null): Promise<Page> {
  if (search === null) return { described: [], nextCursor: null };
  const { q, type, span } = search;
  const { since, until } = span;
  const { data, ...rest } = await listEvents(call.ctx, {
    ...{ projectId: projectIdOf(call), q, type, since, until },
    ...{ cursor: asked.cursor, limit: shownMax },
  });
  return { described: await describeEvents(call.ctx, data), ...rest };
}

function toRows(call: ProjectCall, asked: Asked, list: ListAddress, page: Page): EventRowsProps {
  const top = page.described[0]?.event.id;
  const { seen } = asked;
  return {
    rows: page.described.map(({ event, bytes, keyName }) => ({
      id: event.id,
      href: projectPath(call.place, `/events/${event.id}`),
      type: event.type,
      deliveries: event.deliveries,
      orderingKey: event.orderingKey,
      from: fromWords(event, keyName),
      bytes,
      receivedAt: event.receivedAt,
      isNew: seen !== undefined && event.id > seen,
    })),
    path: list.href({ seen, cursor: top && cursorIncluding(top) }),
    nowMs: call.nowMs,
  };
}

/** Which key posted it, else which kind of source took it in; null where nobody knows. */
export function fromWords({ metadata }: ListedEvent, keyName: string | null): string | null {
  if (keyName !== null) return `API key ${keyName}`;
  const kind = metadata?.['source-kind'];
  return kind === undefined ? null : `Source, ${kind}`;
}

function newerProps(list: ListAddress, topId: string): NewerProps {
  const path = list.href({ seen: topId });
  return { count: 0, countMax: newerMax, kind: 'events', one: 'event', several: 'events', path };
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
  const query = { projectId: projectIdOf(call), q: search.q, type: search.type };
  return { ...newer, count: await countNewerEvents(call.ctx, query, seen) };
}

async function toProps(
  call: ProjectCall,
  asked: Asked,
  list: ListAddress,
  search: Search | null,
  problem: string | null,
): Promise<EventsProps> {
  const untilMs = search?.span.until?.getTime() ?? call.nowMs;
  const sinceMs = search?.span.since?.getTime() ?? untilMs - stripMsDefault;
  const [page, volume] = await Promise.all([
    readPage(call, asked, search),
    readEventVolume(call.ctx, { projectId: projectIdOf(call), sinceMs, untilMs }),
  ]);
  const rows = toRows(call, asked, list, page);
  const isFirst = asked.cursor === undefined;
  const isFiltered = Object.values(list.filters).some((value) => value !== undefined);
  const path = projectPath(call.place, '/events');
  const words = search?.span.words ?? null;
  const typeChip =
    asked.type === undefined
      ? []
      : [{ name: 'Event type', value: asked.type, href: list.href({ type: undefined }) }];
  return {
    ...{ path, problem, rows, fields: list.filters },
    sentence: sentenceOf(volume, words ?? 'the last hour'),
    // Nothing at all was ever posted: the way to begin stands alone.
    strip: rows.rows.length === 0 && !isFiltered ? null : stripOf(list, volume),
    chips: [...typeChip, ...spanChips(list, search?.span)],
    spans: spanSegments(list, asked.since),
    newer:
      isFirst && asked.until === undefined
        ? newerProps(list, rows.rows[0]?.id ?? idAt(call.nowMs))
        : null,
    foot: {
      text: footText(page, asked.q !== undefined),
      olderHref: page.nextCursor === null ? null : list.href({ cursor: page.nextCursor }),
      newestHref: isFirst ? null : list.href({}),
    },
    empty: {
      title: emptyTitle(asked, words),
      clearHref: isFiltered || !isFirst ? path : null,
      curl: curlFor(call),
    },
  };
}

/** Whether they come, and how fast. What was too much to count is told by what was counted. */
function sentenceOf({ total, isCut, sinceMs, untilMs }: EventVolume, words: string): string {
  const spanMs = Math.max(1_000, untilMs - sinceMs);
  const rate = total / (spanMs / 1_000);
  const pace = rate < 1 ? '' : `, ${formatCount(rate)} a second`;
  const counted = `${formatCount(total)} accepted`;
  return isCut
    ? `${counted} in the ${formatAge(spanMs)} that are counted${pace}`
    : `${counted} in ${words}${pace}`;
}

function stripOf(list: ListAddress, volume: EventVolume): EventsProps['strip'] {
  const { points, stepMs, sinceMs, untilMs } = volume;
  return {
    points: points.map((point) => ({ ...point, href: stepHref(list, point.at, stepMs) })),
    label: `Events per ${formatDuration(Math.round(stepMs))}, ${formatDuration(untilMs - sinceMs)}`,
    hasDays: untilMs - sinceMs > 2 * dayMs,
  };
}

function emptyTitle({ q, type }: Asked, words: string | null): string {
  const begin = q === undefined && type === undefined ? 'No events' : 'Nothing matches';
  return words === null ? begin : `${begin} in ${words}`;
}

function footText({ described, searchedUntil }: Page, isSearch: boolean): string {
  const shown = `${described.length} shown, newest first`;
  const words = isSearch ? '; words in payloads are looked for in the last 24 h' : '';
  if (searchedUntil === undefined) return shown + words;
  const at = `${searchedUntil.slice(0, 16).replace('T', ' ')} UTC`;
  return `${shown}${words}; looked through to ${at}, Older goes on from there`;
}

function curlFor(call: ProjectCall): string {
  return [
    `curl ${call.ctx.deps.publicUrl()}/api/v1/webhooks`,
    "-H 'authorization: Bearer YOUR_API_KEY'",
    "-H 'content-type: application/json'",
    `-d '{"type":"invoice.paid","payload":{"id":"inv_1","amount":1250}}'`,
  ].join(' \\\n  ');
}
