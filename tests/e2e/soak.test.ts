/** `npm run soak` with a twentieth of its events. */
import { afterAll, expect, test } from 'bun:test';
import { isGood } from '../../scripts/soak/plan.ts';
import { runSoak } from '../../scripts/soak/run.ts';
import { formatTable } from '../../scripts/soak/table.ts';
import { cleanUp } from '../support/binary.ts';

const eventCount = 5_000;
/** The phases' own bounds come first; it takes 10 s on two idle cores. */
const timeoutMs = 170_000;

afterAll(cleanUp);

test(
  'with 20 bad or ordered endpoints and a worker killed, 5,000 events arrive and all numbers agree',
  async () => {
    const said: string[] = [];
    const { figures, disagreements } = await runSoak({
      eventCount,
      say: (line) => said.push(line),
    });
    expect(disagreements).toEqual([]);
    expect(figures.eventIds.length).toBe(eventCount);
    // The soak was one: a worker died with deliveries in flight, retries and failures happened.
    expect(said).toContain('a worker is killed');
    const good = figures.endpoints.filter(({ group }) => isGood(group));
    const bad = figures.endpoints.filter(({ group }) => !isGood(group));
    const sum = (some: typeof good, read: (one: (typeof good)[number]) => number) =>
      some.reduce((total, one) => total + read(one), 0);
    const table = formatTable(figures);
    expect(
      sum(good, ({ received }) => received.requests - received.attempts),
      table,
    ).not.toBe(0);
    expect(
      sum(good, ({ stats }) => stats.attemptsFailed),
      table,
    ).toBe((35 * eventCount) / 2_500);
    expect(
      sum(bad, ({ deliveries }) => deliveries.failed),
      table,
    ).toBeGreaterThan(0);
    expect(
      sum(bad, ({ deliveries }) => deliveries.cancelled),
      table,
    ).toBeGreaterThan(0);
  },
  timeoutMs,
);
