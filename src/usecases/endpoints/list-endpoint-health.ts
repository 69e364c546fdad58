/**
 * A project's endpoints as people look through them: the worst first, each with its last 24 hours
 * by the half hour. Not part of the API, so it has no schema.
 */
import type { EndpointState } from '../../domain/endpoint-states.ts';
import type { EndpointId, ProjectId } from '../../domain/ids.ts';
import { addCounts, estimatePercentileMs } from '../../domain/latency-histogram.ts';
import {
  countEndpointStates,
  type EndpointListRow,
  type EndpointStepRow,
  listEndpointAnswers,
  listEndpointSteps,
  listEndpointsByState,
} from '../../repositories/endpoint-lists.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import { stepsUntil } from '../projects/health.ts';

const stepMs = 1_800_000;
const steps = 48;
/** Where steps are asked of the minutes, 36,000 rows at most: 20 ms. */
export const endpointsPerPage = 25;
/** 10,000 endpoints; whoever has more finds them by searching. */
export const endpointPagesMax = 400;
/** More are not counted for an endpoint: 25 of them would take 15 ms for ten times as many. */
export const listedPendingMax = 1_000;

/** Attempts of a half hour. */
export type AttemptStep = { at: string; attempts: number; attemptsFailed: number };

export type EndpointHealth = Omit<
  EndpointListRow,
  'pausedUntilMs' | 'failingSinceMs' | 'lastAtMs'
> & {
  pausedUntil: string | null;
  failingSince: string | null;
  lastAt: string | null;
  /** Oldest first, also those without attempts. */
  steps: AttemptStep[];
  /** Share of the attempts of the 24 hours that succeeded; null for none. */
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
  const { sinceMs, untilMs } = stepsUntil(ctx.deps.clock.databaseNow(), stepMs, steps);
  const range = { since: new Date(sinceMs), until: new Date(untilMs) };
  const offset = (page - 1) * endpointsPerPage;
  const limits = { pendingMax: listedPendingMax, offset, limit: endpointsPerPage };
  const found = await ctx.deps.database.withTenant(ctx.tenantId, async (tx) => {
    const [counts, rows] = await Promise.all([
      countEndpointStates(tx, { projectId, text }),
      listEndpointsByState(tx, { projectId, text, state, ...limits }),
    ]);
    const ids = rows.map(({ id }) => id);
    const [byStep, answers] = await Promise.all([
      listEndpointSteps(tx, ids, { ...range, stepMs }),
      listEndpointAnswers(tx, ids, range),
    ]);
    return { counts, rows, byStep, answers };
  });
  const stepsOf = Map.groupBy(found.byStep, (row): EndpointId => row.endpointId);
  const answersOf = Map.groupBy(found.answers, (row): EndpointId => row.endpointId);
  return {
    counts: countsOf(found.counts),
    endpoints: found.rows.map((row) => {
      const hours = answersOf.get(row.id) ?? [];
      const counts = hours.reduce<number[]>((sum, one) => addCounts(sum, one.answerCounts), []);
      const answerP95Ms = estimatePercentileMs(counts, 0.95);
      return { ...toHealth(row, stepsOf.get(row.id) ?? [], sinceMs), answerP95Ms };
    }),
  };
}

function countsOf(rows: readonly { state: EndpointState; count: number }[]) {
  const counts = { open: 0, failing: 0, disabled: 0, paused: 0, healthy: 0 };
  for (const { state, count } of rows) counts[state] = count;
  return counts;
}

function toHealth(
  { pausedUntilMs, failingSinceMs, lastAtMs, ...shown }: EndpointListRow,
  stepRows: readonly EndpointStepRow[],
  sinceMs: number,
): Omit<EndpointHealth, 'answerP95Ms'> {
  const byTime = new Map(stepRows.map((step) => [step.atMs, step]));
  const sum = (pick: (step: EndpointStepRow) => number) =>
    stepRows.reduce((total, step) => total + pick(step), 0);
  const attempts = sum((step) => step.attempts);
  const attemptsFailed = sum((step) => step.attemptsFailed);
  return {
    ...shown,
    pausedUntil: momentOf(pausedUntilMs),
    failingSince: momentOf(failingSinceMs),
    lastAt: momentOf(lastAtMs),
    steps: Array.from({ length: steps }, (_unused, index) => {
      const atMs = sinceMs + index * stepMs;
      const step = byTime.get(atMs);
      return {
        at: new Date(atMs).toISOString(),
        attempts: step?.attempts ?? 0,
        attemptsFailed: step?.attemptsFailed ?? 0,
      };
    }),
    successRatio: attempts === 0 ? null : 1 - attemptsFailed / attempts,
  };
}

function momentOf(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
