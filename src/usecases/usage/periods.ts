/** The days that quotas count: this month's, and those whose events are still kept. */
import { dayOf } from '../../domain/days.ts';
import { monthOf } from '../../domain/quotas.ts';
import type { UsePeriods } from '../../repositories/quotas.ts';

/** `nowMs` by the database's clock. */
export function usePeriods(nowMs: number, eventsKeptMs: number): UsePeriods {
  return {
    monthStart: dayOf(monthOf(nowMs).startMs),
    // Retention drops a day when all of it is past.
    keptSince: dayOf(nowMs - eventsKeptMs),
  };
}
