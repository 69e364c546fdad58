import { afterAll, beforeAll, expect, test } from 'bun:test';
import { AppError } from '../../../src/domain/errors.ts';
import { createBatcher } from '../../../src/lib/batcher.ts';
import { createClock } from '../../../src/lib/clock.ts';
import type { Identity } from '../../../src/usecases/accounts/authenticate-key.ts';
import { acceptBatch } from '../../../src/usecases/webhooks/accept-batch.ts';
import type { Candidate } from '../../../src/usecases/webhooks/candidate.ts';
import { type CommitOutcome, commitEvents } from '../../../src/usecases/webhooks/commit-events.ts';
import { createEndpointDirectory } from '../../../src/usecases/webhooks/endpoint-directory.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { createKey, createTenant } from '../../support/tenants.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

/** Accepts by groups of two events, of which those after `groups` find the database away. */
async function fixture(failure: Error, groups: number) {
  const { database } = db;
  const tenant = await createTenant(database);
  const { id } = await createKey(database, tenant);
  const identity: Identity = {
    tenantId: tenant.tenantId,
    actor: { kind: 'api_key', id, projectId: tenant.projectId, scopes: ['events:write'] },
  };
  const clock = createClock();
  const group = { itemsMax: 2, bytesMax: 1_000, rowsMax: 10 };
  const weigh = ({ event }: Candidate) => ({ bytes: event.payload.length, rows: 0 });
  const written: number[] = [];
  const batcher = createBatcher<Candidate, CommitOutcome>({
    async write(candidates) {
      written.push(candidates.length);
      if (written.length > groups) throw failure;
      return commitEvents(database, candidates);
    },
    weigh,
    refuse: () => failure,
    ...group,
    ...{ inFlightMax: 3, waitingBytesMax: 10_000, waitingItemsMax: 100, besideItemsMin: 1 },
  });
  const directory = createEndpointDirectory({ database, clock, cacheTrusted: () => true });
  const accept = async (payloads: unknown[]): Promise<string[]> => {
    const lines = payloads.map((payload) => JSON.stringify({ type: 'a', payload }));
    const posted = { text: lines.join('\n'), format: 'ndjson' as const, hops: 0 };
    const outcomes = await acceptBatch(
      { clock, directory, batcher, weigh, group },
      identity,
      posted,
    );
    return outcomes.map((outcome) => (outcome instanceof AppError ? outcome.code : 'accepted'));
  };
  return { accept, written };
}

const away = new AppError('unavailable', 'The database does not answer.', { retryAfterMs: 1_000 });

test('what comes after the events that found the database away is not tried', async () => {
  const { accept, written } = await fixture(away, 1);
  // The third is not even readable, whatever the database does.
  const codes = await accept([1, 2, undefined, 3, 4, 5]);
  const left = ['unavailable', 'unavailable', 'unavailable'];
  expect(codes).toEqual(['accepted', 'accepted', 'invalid', ...left]);
  expect(written).toEqual([2, 2]);
});

test('a batch of which nothing could be stored for now is refused as a whole', async () => {
  const { accept } = await fixture(away, 0);
  expect(await accept([1, undefined, 2, 3]).catch((error) => error)).toBe(away);
});

test('a defect is told of each event that it hit', async () => {
  const { accept } = await fixture(new Error('a defect'), 1);
  expect(await accept([1, 2, 3, 4])).toEqual(['accepted', 'accepted', 'internal', 'internal']);
});

test('events that are together heavier than a group are cut into several', async () => {
  const { accept, written } = await fixture(away, 100);
  const heavy = 'x'.repeat(600);
  const payloads = [1, heavy, heavy, 'y'.repeat(5_000), 2];
  expect(await accept(payloads)).toEqual(Array(5).fill('accepted'));
  expect(written).toEqual([2, 1, 1, 1]);
});
