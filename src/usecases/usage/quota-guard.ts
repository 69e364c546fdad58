/**
 * Whether a tenant may post more, from memory: accepting asks for each request, so the database is
 * asked by a loop (`refresh`), for all tenants that have a quota at once. What arrives between a
 * quota's end and the next refresh is accepted: some seconds' worth (docs/decisions/0015).
 */
import { AppError } from '../../domain/errors.ts';
import type { TenantId } from '../../domain/ids.ts';
import { describeQuota, isUsedUp, monthOf, type QuotaUse, quotaUses } from '../../domain/quotas.ts';
import { listQuotaUse } from '../../repositories/quotas.ts';
import type { Deps } from '../context.ts';
import { usePeriods } from './periods.ts';

export type QuotaGuard = {
  /** @throws AppError `rate_limited` naming the quota that is used up */
  requireRoom(tenantId: TenantId): void;
  refresh(): Promise<void>;
};

/** Stored events go day by day: until then a question an hour is enough. */
const storedRetryMs = 3_600_000;

type UsedUp = { use: QuotaUse; untilMs: number | null };

export function createQuotaGuard(
  deps: Pick<Deps, 'database' | 'clock' | 'eventsKeptMs'>,
): QuotaGuard {
  const { database, clock, eventsKeptMs } = deps;
  let usedUp: ReadonlyMap<TenantId, UsedUp> = new Map();
  return {
    requireRoom(tenantId) {
      if (usedUp.size === 0) return;
      const found = usedUp.get(tenantId);
      if (found === undefined) return;
      const nowMs = clock.databaseNow();
      // The month is over, and the loop has not been round yet.
      if (found.untilMs !== null && nowMs >= found.untilMs) return;
      throw refusal(found, nowMs);
    },
    async refresh() {
      const nowMs = clock.databaseNow();
      const periods = usePeriods(nowMs, eventsKeptMs);
      const rows = await database.withWorker((tx) => listQuotaUse(tx, periods));
      const found = new Map<TenantId, UsedUp>();
      for (const row of rows) {
        const used = { eventsPerMonth: row.events, storedBytes: row.bytes };
        const use = quotaUses(row, used).find(isUsedUp);
        if (use === undefined) continue;
        const untilMs = use.name === 'eventsPerMonth' ? monthOf(nowMs).endMs : null;
        found.set(row.tenantId, { use, untilMs });
      }
      usedUp = found;
    },
  };
}

function refusal({ use, untilMs }: UsedUp, nowMs: number): AppError {
  const remedy =
    untilMs === null
      ? 'Room comes back as old events go'
      : `It begins anew at ${new Date(untilMs).toISOString()}`;
  return new AppError(
    'rate_limited',
    `The quota of this tenant (${use.name}) is used up: ${describeQuota(use)}. ${remedy}; who runs this opsforge can raise it.`,
    { retryAfterMs: untilMs === null ? storedRetryMs : untilMs - nowMs },
  );
}
