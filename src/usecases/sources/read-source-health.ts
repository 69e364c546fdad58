/**
 * How the messages of a project's sources fared in the last 24 hours, whole hours, a few seconds
 * behind. Not part of the API, so it has no schema.
 */
import type { ProjectId, SourceId } from '../../domain/ids.ts';
import {
  findLastVerified,
  listSourceHours,
  listSourceTotals,
  type SourceHourRow,
  type SourceTotal,
} from '../../repositories/source-counts.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** 250 sources with four reasons each; the rarest past it are not counted. */
const totalsMax = 1_000;

export type SourceHealth = {
  accepted: number;
  /** Known already, so that they made no second event. */
  repeated: number;
  refused: number;
  /** The most frequent first. */
  reasons: { reason: string; messages: number }[];
};

export type SourceHour = { at: string; accepted: number; repeated: number; refused: number };

export type SourcesHealth = {
  /** A source without messages is not in it. */
  bySource: ReadonlyMap<string, SourceHealth>;
  /** Of the one that was chosen: when a signature last held; null for none. */
  lastVerifiedAt: string | null;
  /** Of the same one, oldest first, also those without messages; the last is not over. */
  hours: readonly SourceHour[];
};

export async function readSourceHealth(
  ctx: Ctx,
  query: {
    projectId: ProjectId;
    /** Which one the reader sees, which may depend on how all fare. */
    choose(bySource: SourcesHealth['bySource']): SourceId | null;
  },
): Promise<SourcesHealth> {
  requireScope(ctx, 'sources:read');
  const projectId = requireProject(ctx, query.projectId);
  const nowMs = ctx.deps.clock.databaseNow();
  const sinceMs = nowMs - dayMs;
  return ctx.deps.database.withTenant(ctx.tenantId, async (tx) => {
    const totals = await listSourceTotals(tx, { projectId, sinceMs, limit: totalsMax });
    const grouped = Map.groupBy(totals, ({ sourceId }): string => sourceId);
    const bySource = new Map([...grouped].map(([id, rows]) => [id, healthOf(rows)]));
    const chosen = query.choose(bySource);
    const [lastMs, hours] =
      chosen === null
        ? [null, []]
        : await Promise.all([findLastVerified(tx, chosen), listSourceHours(tx, chosen, sinceMs)]);
    return {
      bySource,
      lastVerifiedAt: lastMs === null ? null : new Date(lastMs).toISOString(),
      hours: everyHour(hours, sinceMs, nowMs),
    };
  });
}

function everyHour(rows: readonly SourceHourRow[], sinceMs: number, nowMs: number): SourceHour[] {
  const firstMs = Math.ceil(sinceMs / hourMs) * hourMs;
  const messages = (atMs: number, outcome: SourceHourRow['outcome']) =>
    rows.find((row) => row.hourMs === atMs && row.outcome === outcome)?.messages ?? 0;
  const count = Math.floor((nowMs - firstMs) / hourMs) + 1;
  return Array.from({ length: count }, (_, index) => {
    const atMs = firstMs + index * hourMs;
    return {
      at: new Date(atMs).toISOString(),
      accepted: messages(atMs, 'accepted'),
      repeated: messages(atMs, 'repeated'),
      refused: messages(atMs, 'refused'),
    };
  });
}

function healthOf(totals: readonly SourceTotal[]): SourceHealth {
  const sum = (outcome: SourceTotal['outcome']) =>
    totals.reduce((all, one) => all + (one.outcome === outcome ? one.messages : 0), 0);
  return {
    accepted: sum('accepted'),
    repeated: sum('repeated'),
    refused: sum('refused'),
    reasons: totals
      .filter(({ outcome }) => outcome === 'refused')
      .map(({ reason, messages }) => ({ reason, messages })),
  };
}
