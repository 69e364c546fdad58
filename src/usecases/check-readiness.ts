/** Whether this process may be sent work. */
import type { Clock } from '../lib/clock.ts';
import { readHealth } from '../repositories/health.ts';
import type { Database } from '../repositories/transactions.ts';

const offsetMsMax = 30_000;
const answerMsMax = 3_000;

/** Reasons why not, in plain words; none means ready. */
export async function checkReadiness(deps: {
  database: Database;
  clock: Clock;
  schemaVersion: number;
  stopping(): boolean;
}): Promise<string[]> {
  const reasons: string[] = [];
  if (deps.stopping()) reasons.push('shutting down');
  try {
    const { schemaVersion } = await measureClock(deps.database, deps.clock);
    if (schemaVersion < deps.schemaVersion) {
      reasons.push(`migrations are due: the schema is at ${schemaVersion}`);
    }
    const offsetMs = Math.round(deps.clock.offsetMs());
    if (Math.abs(offsetMs) > offsetMsMax) {
      reasons.push(`the clock differs from the database's by ${offsetMs} ms`);
    }
  } catch {
    // The cause is in the log of whoever needed the database; here only that it is so.
    reasons.push('the database does not answer');
  }
  return reasons;
}

/** Sets the clock by one question to the database, answered at the middle of its way. */
export async function measureClock(
  database: Database,
  clock: Clock,
): Promise<{ schemaVersion: number }> {
  const sentMs = clock.monotonicMs();
  const asked = database.withLookup(readHealth);
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error('no answer in time')), answerMsMax).unref();
  });
  const { nowMs, schemaVersion } = await Promise.race([asked, late]);
  clock.setDatabaseTime(nowMs, (sentMs + clock.monotonicMs()) / 2);
  return { schemaVersion };
}
