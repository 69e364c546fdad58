/**
 * What an endpoint would get by these event types and this filter, told by the events that came
 * lately: before it is saved, and without an endpoint. Reads a bounded number of the newest events;
 * 1 M of them or 5,000 take the same time.
 */
import { isOwnType, listensToOwnType } from '../../domain/endpoint-events.ts';
import { compileFilter } from '../../domain/event-filter.ts';
import { checkPatterns, compilePatterns } from '../../domain/event-types.ts';
import { checkFilter, type EventFilter } from '../../domain/filter-problems.ts';
import type { ProjectId } from '../../domain/ids.ts';
import {
  listSampleEvents,
  listSeenTypes,
  type SampleRow,
  type SeenTypeRow,
} from '../../repositories/seen-types.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';

/** 4 ms of the page's 50 (event-volume.ts), twice. */
const scanMax = 5_000;
/** A project with more has made a type of what belongs into the payload. */
const typesMax = 200;
/** A filter may cost 8 ms of one event; an everyday one takes less than a microsecond. */
const samplesMax = 12;
const sampleBytesMax = 512 * 1_024;

export type EventWish = { eventTypes: readonly string[]; filter: EventFilter | null };

export type WishPreview = {
  /** Most frequent first, whatever is wished for. */
  seen: readonly SeenTypeRow[];
  /** Of `total` events since `sinceMs`. */
  total: number;
  sinceMs: number | null;
  matching: { types: number; events: number };
  /** The newest event of a type that is wished for. */
  last: { type: string; receivedAtMs: number; payloadText: string; isWanted: boolean } | null;
  /** Of so many of the newest of those types, so many pass the filter. */
  tried: number;
  wanted: number;
};

/** Throws AppError `invalid` with the paths `eventTypes.N` and `filter.…`. */
export async function previewWish(
  ctx: Ctx,
  wantedProject: ProjectId,
  { eventTypes, filter }: EventWish,
): Promise<WishPreview> {
  requireScope(ctx, 'events:read');
  const projectId = requireProject(ctx, wantedProject);
  checkPatterns(eventTypes);
  if (filter !== null) checkFilter(filter);
  const isOfType = compilePatterns(eventTypes);
  const matches = ({ type }: SeenTypeRow) =>
    isOwnType(type) ? listensToOwnType(eventTypes, type) : isOfType(type);
  const [seen, samples] = await ctx.deps.database.withTenant(ctx.tenantId, async (tx) => {
    const found = await listSeenTypes(tx, { projectId, scanMax, limit: typesMax });
    const types = found.rows.filter(matches).map(({ type }) => type);
    const search = { projectId, types, scanMax, limit: samplesMax, bytesMax: sampleBytesMax };
    return [found, types.length === 0 ? [] : await listSampleEvents(tx, search)] as const;
  });
  const passes = filter === null ? () => true : compileFilter(filter);
  const verdicts = samples.map((sample) => passes(contentOf(sample)));
  const matching = seen.rows.filter(matches);
  const [first] = samples;
  return {
    seen: seen.rows,
    total: seen.total,
    sinceMs: seen.sinceMs,
    matching: {
      types: matching.length,
      events: matching.reduce((sum, { count }) => sum + count, 0),
    },
    last: first === undefined ? null : { ...lastOf(first), isWanted: verdicts[0] === true },
    tried: verdicts.length,
    wanted: verdicts.filter(Boolean).length,
  };
}

function contentOf({ type, metadata, payload }: SampleRow) {
  return { type, metadata, payloadValue: JSON.parse(payload) as unknown };
}

const lastOf = ({ type, receivedAtMs, payload }: SampleRow) => ({
  ...{ type, receivedAtMs },
  payloadText: payload,
});
