/**
 * Tells tenants that a quota is four fifths used, once a month (stored bytes: once until they have
 * come down): an event to the endpoints, of every project, that name `opsforge.quota.warning`.
 */
import type { EndpointId } from '../../domain/ids.ts';
import {
  type QuotaUse,
  quotaUses,
  quotaWarningPayload,
  quotaWarningType,
  ratioOf,
  warnAgainRatio,
  warnRatio,
} from '../../domain/quotas.ts';
import {
  listQuotaUse,
  type TenantUse,
  updateBytesUnwarned,
  updateQuotaWarned,
} from '../../repositories/quotas.ts';
import type { Deps } from '../context.ts';
import { tellTenant } from '../endpoints/tell-listeners.ts';
import { usePeriods } from './periods.ts';

type WarnDeps = Pick<Deps, 'database' | 'clock' | 'eventsKeptMs' | 'wakeEndpoints'>;

export async function warnOfQuotas(deps: WarnDeps): Promise<void> {
  const nowMs = deps.clock.databaseNow();
  const periods = usePeriods(nowMs, deps.eventsKeptMs);
  const rows = await deps.database.withWorker((tx) => listQuotaUse(tx, periods));
  for (const row of rows) {
    const used = { eventsPerMonth: row.events, storedBytes: row.bytes };
    for (const use of quotaUses(row, used)) await warn(deps, row, use, periods.monthStart);
  }
}

async function warn(
  { database, clock, wakeEndpoints }: WarnDeps,
  { tenantId, warned }: TenantUse,
  use: QuotaUse,
  monthStart: string,
): Promise<void> {
  if (warned[use.name]) {
    if (use.name !== 'storedBytes' || ratioOf(use) >= warnAgainRatio) return;
    await database.withWorker((tx) => updateBytesUnwarned(tx, tenantId));
    return;
  }
  if (ratioOf(use) < warnRatio) return;
  let woken: EndpointId[] = [];
  await database.withWorker(async (tx) => {
    if (!(await updateQuotaWarned(tx, tenantId, use.name, monthStart))) return;
    woken = await tellTenant(
      tx,
      { tenantId, nowMs: clock.databaseNow() },
      {
        ...{ type: quotaWarningType, payload: quotaWarningPayload(use) },
        ...{ orderingKey: use.name, except: null },
      },
    );
  });
  if (woken.length > 0) wakeEndpoints(woken);
}
