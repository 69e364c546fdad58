import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createRetentionLoop } from '../../src/workers/retention-loop.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { quietLog } from '../support/delivery-engine.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

test('retention runs at the start and tells how it went', async () => {
  const ran = Promise.withResolvers<string>();
  let rounds = 0;
  const loop = createRetentionLoop({
    database: db.database,
    announceChange: () => {},
    log: quietLog,
    onRun: ran.resolve,
    async dropPartitions() {
      rounds += 1;
      return { dropped: [], needed: [], waiting: [] };
    },
  });
  loop.start();
  expect(await ran.promise).toBe('success');
  await loop.stop(1_000);
  expect(rounds).toBe(1);
});

test('a stop gives up what is waited for', async () => {
  const begun = Promise.withResolvers<void>();
  const ran = Promise.withResolvers<string>();
  const loop = createRetentionLoop({
    database: db.database,
    announceChange: () => {},
    log: quietLog,
    onRun: ran.resolve,
    dropPartitions(signal) {
      const { promise, reject } = Promise.withResolvers<null>();
      signal.addEventListener('abort', () => reject(new Error('the connection was closed')));
      begun.resolve();
      return promise;
    },
  });
  loop.start();
  await begun.promise;
  await loop.stop(10_000);
  expect(await ran.promise).toBe('success');
});
