/**
 * What a tenant uses a day, by project, beside its quotas. From what accepting and recording have
 * counted: a few seconds behind, never from history.
 */
import { dayMs, dayOf, daysBetween } from '../../domain/days.ts';
import {
  describeQuota,
  forecastMs,
  isUsedUp,
  type QuotaUse,
  quotaUses,
  ratioOf,
  warnRatio,
} from '../../domain/quotas.ts';
import { findQuotas, findUse } from '../../repositories/quotas.ts';
import {
  listUsageDays,
  listUsageOfProjects,
  type UsageCounts,
  type UsageDay,
} from '../../repositories/usage.ts';
import { boundProject, type Ctx, requireProject, requireScope } from '../context.ts';
import { usePeriods } from './periods.ts';
import type { Usage, UsageQuery } from './schemas.ts';

const projectsMax = 200;

export async function readUsage(ctx: Ctx, query: UsageQuery): Promise<Usage> {
  requireScope(ctx, 'usage:read');
  const bound = boundProject(ctx);
  const isTenantWide = query.projectId === undefined && bound === null;
  const projectId = isTenantWide ? null : requireProject(ctx, query.projectId);
  const { clock, database, eventsKeptMs } = ctx.deps;
  const nowMs = clock.databaseNow();
  const range = { from: dayOf(nowMs - (query.days - 1) * dayMs), before: dayOf(nowMs + dayMs) };
  const [known, projects, quotas, used] = await database.withTenant(ctx.tenantId, (tx) =>
    Promise.all([
      listUsageDays(tx, { projectId, range, limit: query.days }),
      listUsageOfProjects(tx, { projectId, range, limit: projectsMax }),
      findQuotas(tx),
      findUse(tx, usePeriods(nowMs, eventsKeptMs)),
    ]),
  );
  const uses =
    bound === null
      ? quotaUses(quotas, { eventsPerMonth: used.events, storedBytes: used.bytes })
      : [];
  const forecasts = uses.map((use) => forecastMs(use, nowMs, used.bytesWeekAgo));
  return {
    days: everyDay(known, daysBetween(range.from, range.before)),
    projects,
    totals: known.reduce(add, none),
    quotas: uses.map((use, index) => ({
      ...use,
      ratio: ratioOf(use),
      forecastAt: asMoment(forecasts[index] ?? null),
    })),
    warnings: uses.flatMap((use, index) => warningOf(use, forecasts[index] ?? null)),
  };
}

const none: UsageCounts = { events: 0, bytes: 0, deliveries: 0, attempts: 0 };

function add(sum: UsageCounts, one: UsageCounts): UsageCounts {
  return {
    events: sum.events + one.events,
    bytes: sum.bytes + one.bytes,
    deliveries: sum.deliveries + one.deliveries,
    attempts: sum.attempts + one.attempts,
  };
}

function everyDay(known: readonly UsageDay[], dates: readonly string[]): Usage['days'] {
  const byDay = new Map(known.map(({ day, ...counts }) => [day, counts]));
  return dates.map((date) => ({ date, ...(byDay.get(date) ?? none) }));
}

/** Growth of a byte a year is a date that no calendar has. */
const momentMaxMs = Date.UTC(9999, 0);

const asMoment = (timeMs: number | null) =>
  timeMs === null || timeMs > momentMaxMs ? null : new Date(timeMs).toISOString();

function warningOf(use: QuotaUse, atMs: number | null): string[] {
  if (ratioOf(use) < warnRatio) return [];
  const quota = `The quota of ${describeQuota(use)}`;
  if (isUsedUp(use)) return [`${quota} is used up: events are refused with 429.`];
  const percent = Math.floor((use.used / use.limit) * 100);
  const at = asMoment(atMs);
  const when = at === null ? '' : `; at this pace it is used up on ${at.slice(0, 10)}`;
  return [`${quota} is used to ${percent} %${when}.`];
}
