/**
 * A project's endpoints as people look through them: the worst first, each with its last 48 hours.
 * By the hour: half hours of a day would be read from 36,000 minutes for 25 endpoints, 60 ms of a
 * page; these are 1,200 rows. Not part of the API, so it has no schema.
 */
import type { EndpointState } from '../../domain/endpoint-states.ts';
import type { EndpointId, ProjectId } from '../../domain/ids.ts';
import { addCounts, estimatePercentileMs } from '../../domain/latency-histogram.ts';
import {
  countEndpointStates,
  type EndpointHourRow,
  type EndpointListRow,
  listEndpointHours,
  listEndpointsByState,
} from '../../repositories/endpoint-lists.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import { stepsUntil } from '../projects/health.ts';

const hourMs = 3_600_000;
const hoursShown = 48;
/** The share that succeeded and the answers' time are of these, the last ones. */
export const hoursCounted = 24;
export const endpointsPerPage = 25;
/** 10,000 endpoints; whoever has more finds them by searching. */
export const endpointPagesMax = 400;
/** More are not counted for an endpoint: 25 of them would take 15 ms for ten times as many. */
export const listedPendingMax = 1_000;

/** Attempts of an hour. */
export type AttemptHour = { at: string; attempts: number; attemptsFailed: number };

export type EndpointHealth = Omit<
  EndpointListRow,
  'pausedUntilMs' | 'failingSinceMs' | 'lastAtMs'
> & {
  pausedUntil: string | null;
  failingSince: string | null;
  lastAt: string | null;
  /** Oldest first, also those without attempts. */
  hours: AttemptHour[];
  /** Share of the attempts of the last 24 hours that succeeded; null for none. */
  successRatio: number | null;
  answerP95Ms: number | null;
};

export type EndpointHealthPage = {
  /** Of all that the search finds, whatever the state asked for. */
  counts: Record<EndpointState, number>;
  endpoints: EndpointHealth[];
};

export async function listEndpointHealth(
  ctx: Ctx,
  query: {
    projectId: ProjectId;
    text: string | null;
    state: EndpointState | null;
    /** 1 for the first. */
    page: number;
  },
): Promise<EndpointHealthPage> {
  requireScope(ctx, 'endpoints:read');
  const { text, state, page } = query;
  const projectId = requireProject(ctx, query.projectId);
  const { sinceMs, untilMs } = stepsUntil(ctx.deps.clock.databaseNow(), hourMs, hoursShown);
  const range = { since: new Date(sinceMs), until: new Date(untilMs) };
  const offset = (page - 1) * endpointsPerPage;
  const limits = { pendingMax: listedPendingMax, offset, limit: endpointsPerPage };
  const found = await ctx.deps.database.withTenant(ctx.tenantId, async (tx) => {
    const [counts, rows] = await Promise.all([
      countEndpointStates(tx, { projectId, text }),
      listEndpointsByState(tx, { projectId, text, state, ...limits }),
    ]);
    const ids = rows.map(({ id }) => id);
    return { counts, rows, hours: await listEndpointHours(tx, ids, range) };
  });
  const hoursOf = Map.groupBy(found.hours, (row): EndpointId => row.endpointId);
  return {
    counts: countsOf(found.counts),
    endpoints: found.rows.map((row) => toHealth(row, hoursOf.get(row.id) ?? [], sinceMs)),
  };
}

function countsOf(rows: readonly { state: EndpointState; count: number }[]) {
  const counts = { open: 0, failing: 0, disabled: 0, paused: 0, healthy: 0 };
  for (const { state, count } of rows) counts[state] = count;
  return counts;
}

function toHealth(
  { pausedUntilMs, failingSinceMs, lastAtMs, ...shown }: EndpointListRow,
  rows: readonly EndpointHourRow[],
  sinceMs: number,
): EndpointHealth {
  const byTime = new Map(rows.map((hour) => [hour.atMs, hour]));
  const countedSinceMs = sinceMs + (hoursShown - hoursCounted) * hourMs;
  const counted = rows.filter(({ atMs }) => atMs >= countedSinceMs);
  const attempts = counted.reduce((total, hour) => total + hour.attempts, 0);
  const attemptsFailed = counted.reduce((total, hour) => total + hour.attemptsFailed, 0);
  const answers = counted.reduce<number[]>((sum, hour) => addCounts(sum, hour.answerCounts), []);
  return {
    ...shown,
    pausedUntil: momentOf(pausedUntilMs),
    failingSince: momentOf(failingSinceMs),
    lastAt: momentOf(lastAtMs),
    hours: Array.from({ length: hoursShown }, (_unused, index) => {
      const atMs = sinceMs + index * hourMs;
      const hour = byTime.get(atMs);
      return {
        at: new Date(atMs).toISOString(),
        attempts: hour?.attempts ?? 0,
        attemptsFailed: hour?.attemptsFailed ?? 0,
      };
    }),
    successRatio: attempts === 0 ? null : 1 - attemptsFailed / attempts,
    answerP95Ms: estimatePercentileMs(answers, 0.95),
  };
}

function momentOf(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
