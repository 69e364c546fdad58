/** What became of a replay's deliveries while it runs: each counted once, however it ended. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { countEndedOfReplays } from '../../src/repositories/replay-deliveries.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  endedEvents,
  endMade,
  makePages,
  makeReplay,
  newReplayWorld,
  type ReplayWorld,
  refOf,
} from '../support/replays.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

async function made(world: ReplayWorld, count: number) {
  await endedEvents(world, count);
  const replay = await makeReplay(world);
  await makePages(world, replay.id);
  return refOf(world.ctx, replay.id).id;
}

test('what is pending, cancelled or tried again by hand is not counted as delivered', async () => {
  const world = await newReplayWorld(db);
  const id = await made(world, 10);
  const count = async () => {
    const counts = await world.ctx.deps.database.withTenant(world.ctx.tenantId, (tx) =>
      countEndedOfReplays(tx, [id]),
    );
    return counts.get(id);
  };
  expect(await count()).toEqual({ delivered: 0, failed: 0 });
  await endMade(db, id, 'failed', 2);
  await endMade(db, id, 'cancelled', 1);
  await endMade(db, id, 'delivered', 4);
  expect(await count()).toEqual({ delivered: 4, failed: 2 });
  await db.admin.sql`
    insert into delivery_queue (id, tenant_id, project_id, event_id, endpoint_id, event_type,
      replay_id, manual)
    select id, tenant_id, project_id, event_id, endpoint_id, event_type, replay_id, true
    from deliveries where replay_id = ${id} and status = 'failed' limit 1`;
  expect(await count()).toEqual({ delivered: 4, failed: 2 });
});

test('several at once have counts of their own, and another tenant has none', async () => {
  const world = await newReplayWorld(db);
  const first = await made(world, 3);
  await endMade(db, first, 'delivered', 3);
  const second = await made(world, 2);
  await endMade(db, second, 'failed', 1);
  const { deps, tenantId } = world.ctx;
  const counts = await deps.database.withTenant(tenantId, (tx) =>
    countEndedOfReplays(tx, [first, second]),
  );
  expect(counts.get(first)).toEqual({ delivered: 3, failed: 0 });
  expect(counts.get(second)).toEqual({ delivered: 0, failed: 1 });
  const other = await newReplayWorld(db);
  expect(
    await deps.database.withTenant(other.ctx.tenantId, (tx) =>
      countEndedOfReplays(tx, [first, second]),
    ),
  ).toEqual(new Map());
});
