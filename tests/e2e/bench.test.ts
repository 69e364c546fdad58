/**
 * The benchmark's scenarios, each as small as it can be, on the built binary: that they run, end by
 * themselves, and that nothing was refused or lost on the way. Never how fast.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createRunner, type Runner, scenarios } from '../../scripts/bench/runner.ts';
import { binary, buildBinary } from '../support/built-binary.ts';

let runner: Runner;

beforeAll(async () => {
  await buildBinary();
  runner = createRunner([binary], 'tiny', () => {});
});

afterAll(() => runner?.stop());

for (const scenario of scenarios) {
  test(`the benchmark ${scenario.name} loses nothing`, async () => {
    const { rows, counts } = await runner.run(scenario);
    expect(counts.length).toBeGreaterThan(0);
    for (const { what, wanted, got } of counts)
      expect(`${what}: ${got}`).toBe(`${what}: ${wanted}`);
    expect(counts.some(({ wanted }) => wanted > 0)).toBe(true);
    expect(rows.filter(({ figure }) => figure === '' || figure.includes('NaN'))).toEqual([]);
  });
}
