/**
 * Pages of a list, newest first: the cursor is the last id that was looked at, opaque to clients.
 * Ids are UUIDv7, so a time range is an id range and a page never shifts when rows are added.
 */
import { idAt, idTimeMs } from '../domain/ids.ts';

export type Page<Item> = { data: Item[]; nextCursor: string | null };

/** A page whose search may have ended before the list did. */
export type SearchedPage<Item> = Page<Item> & { searchedUntil?: string };

const idBytes = 16;

function encodeCursor(id: string): string {
  const bytes = Uint8Array.fromHex(id.replaceAll('-', ''));
  return bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
}

/** Of a page that begins with this very row, whatever comes before it by then. */
export function cursorIncluding(id: string): string {
  const next = (BigInt(`0x${id.replaceAll('-', '')}`) + 1n).toString(16);
  return Uint8Array.fromHex(next.padStart(idBytes * 2, '0')).toBase64({
    alphabet: 'base64url',
    omitPadding: true,
  });
}

/** The id that a cursor stands for, or null when it is none of ours. */
export function decodeCursor(cursor: string): string | null {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length !== idBytes || bytes.toString('base64url') !== cursor) return null;
  const hex = bytes.toString('hex');
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return `${groups.join('-')}-${hex.slice(20)}`;
}

/** `rows` holds one more than `limit` when the list goes on. */
export function toPage<Row extends { id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { data: shown.map(view), nextCursor: last === undefined ? null : encodeCursor(last.id) };
}

/**
 * The same for a search with a scan budget. `stoppedAt` is the last id that was looked at, null
 * when the search saw everything.
 */
export function toSearchedPage<Row extends { id: string }, Item>(
  found: { rows: readonly Row[]; stoppedAt: string | null },
  limit: number,
  view: (row: Row) => Item,
): SearchedPage<Item> {
  const page = toPage(found.rows, limit, view);
  if (page.nextCursor !== null || found.stoppedAt === null) return page;
  return {
    ...page,
    nextCursor: encodeCursor(found.stoppedAt),
    searchedUntil: new Date(idTimeMs(found.stoppedAt)).toISOString(),
  };
}

/** Half open: `id >= from and id < before`. */
export type IdRange<Id extends string> = { from: Id | null; before: Id | null };

/** Where a list looks: since its start time, before its end time and the cursor. */
export function idRange<Id extends string>(query: {
  since?: Date | undefined;
  until?: Date | undefined;
  cursor?: Id | undefined;
}): IdRange<Id> {
  const until = query.until === undefined ? null : boundAt<Id>(query.until);
  const cursor = query.cursor ?? null;
  const before = until !== null && (cursor === null || until < cursor) ? until : cursor;
  return { from: query.since === undefined ? null : boundAt<Id>(query.since), before };
}

/** Safe because a bound is compared with ids of this kind and never looked up. */
function boundAt<Id extends string>(moment: Date): Id {
  return idAt(moment.getTime()) as Id;
}
