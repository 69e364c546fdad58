/** Looks which tenants have used up a quota: every 5 s, and at once when one was changed. */
import type { Log } from '../lib/log.ts';
import type { QuotaGuard } from '../usecases/usage/quota-guard.ts';
import { Loop } from './loop.ts';

/** Beside the 2 s until what was accepted is folded: so long a tenant may go past its quota. */
const pollMs = 5_000;

export function createQuotaLoop(options: {
  guard: Pick<QuotaGuard, 'refresh'>;
  log: Log;
  onRun(outcome: 'success' | 'failure', seconds: number): void;
}): Loop {
  const { guard, log, onRun } = options;
  return new Loop({ name: 'quotas', pollMs, log, onRun, work: () => guard.refresh() });
}
