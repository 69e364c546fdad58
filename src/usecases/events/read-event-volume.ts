/** How many events of a project came over time. For pages. */
import { type EventId, idAt, type ProjectId } from '../../domain/ids.ts';
import { listEventVolume } from '../../repositories/event-volume.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';

/** What a chart shows well as a strip. */
const steps = 60;
/** More are not read for a strip: 4 ms of the page's 50. */
const scanMax = 5_000;

export type EventVolume = {
  /** Oldest first, every step, also those without events. */
  points: { at: string; count: number }[];
  stepMs: number;
  total: number;
  sinceMs: number;
  untilMs: number;
  /** It begins later than asked for: there were too many to count them all. */
  isCut: boolean;
};

export async function readEventVolume(
  ctx: Ctx,
  query: { projectId: ProjectId; sinceMs: number; untilMs: number },
): Promise<EventVolume> {
  requireScope(ctx, 'events:read');
  const projectId = requireProject(ctx, query.projectId);
  const { untilMs } = query;
  const askedMs = Math.min(query.sinceMs, untilMs - steps);
  const rows = await ctx.deps.database.withTenant(ctx.tenantId, (tx) =>
    listEventVolume(tx, {
      ...{ projectId, sinceMs: askedMs, untilMs, steps, scanMax },
      // Safe because a moment as an id is below all that came after it.
      ...{ from: idAt(askedMs) as EventId, before: idAt(untilMs) as EventId },
    }),
  );
  const sinceMs = rows[0]?.sinceMs ?? askedMs;
  const stepMs = (untilMs - sinceMs) / steps;
  const countOf = new Map<number, number>();
  for (const { place, count } of rows) {
    // What came in the very moment of the end is past the last step.
    const index = Math.min(place, steps) - 1;
    countOf.set(index, (countOf.get(index) ?? 0) + count);
  }
  const points = Array.from({ length: steps }, (_, index) => ({
    at: new Date(sinceMs + index * stepMs).toISOString(),
    count: countOf.get(index) ?? 0,
  }));
  const total = points.reduce((sum, { count }) => sum + count, 0);
  return { points, stepMs, total, sinceMs, untilMs, isCut: sinceMs > askedMs };
}
