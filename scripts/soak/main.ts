/**
 * npm run soak [-- --events N]: 100,000 events through the built binary, a worker killed in the
 * middle; prints counts by group of endpoints, and exits 1 naming what did not agree. Contacts
 * 127.0.0.1 alone and removes all that it made. `npm test` runs the same with 5,000.
 */
import { parseArgs } from 'node:util';
import { cleanUp } from '../../tests/support/binary.ts';
import { runSoak } from './run.ts';
import { formatTable } from './table.ts';

const eventCountDefault = 100_000;
/** Receivers and 202s are kept in memory. */
const eventCountMax = 1_000_000;

/** Its message is all that people need. */
class PlainError extends Error {}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { events: { type: 'string', default: String(eventCountDefault) } },
  });
  const eventCount = Number(values.events);
  if (!Number.isInteger(eventCount) || eventCount < 1 || eventCount > eventCountMax) {
    throw new PlainError(`--events must be a whole number from 1 to ${eventCountMax}`);
  }
  const startedMs = performance.now();
  const seconds = () => ((performance.now() - startedMs) / 1_000).toFixed(1).padStart(6);
  const say = (line: string) => console.error(`${seconds()} s  ${line}`);
  const stopped = Promise.withResolvers<never>();
  // A signal may come before anybody waits for it.
  stopped.promise.catch(() => {});
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stopped.reject(new PlainError(`stopped by ${signal}`)));
  }
  const { figures, disagreements } = await runSoak({ eventCount, say }, stopped.promise);
  console.log(formatTable(figures));
  for (const sentence of disagreements) console.log(`does not agree: ${sentence}`);
  if (disagreements.length === 0) console.log('API, metrics and receivers agree');
  return disagreements.length === 0 ? 0 : 1;
}

let exitCode = 1;
try {
  exitCode = await main();
} catch (error) {
  const isPlain = error instanceof PlainError || error instanceof TypeError;
  console.error(isPlain ? `soak: ${error.message}` : error);
}
await cleanUp();
// What was stopped in the middle may still wait for something.
process.exit(exitCode);
