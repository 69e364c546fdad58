/**
 * What a replay makes: each match once, however the pages fall, whoever dies and whoever helps.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type DeliveryId, type EventId, newId } from '../../../src/domain/ids.ts';
import { createClock } from '../../../src/lib/clock.ts';
import type { Database } from '../../../src/repositories/transactions.ts';
import { cancelReplay } from '../../../src/usecases/replays/cancel-replay.ts';
import { findReplay } from '../../../src/usecases/replays/find-replay.ts';
import { advanceReplay, replayLimits } from '../../../src/usecases/replays/run-replay.ts';
import { runReplays } from '../../../src/usecases/replays/run-replays.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../../support/deliveries.ts';
import {
  endedEvents,
  endMade,
  madeBy,
  makePages,
  makeReplay,
  newReplayWorld,
  pagesOf,
  type ReplayWorld,
  refOf,
  testDeps,
} from '../../support/replays.ts';
import { createEndpointRow } from '../../support/tenants.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const minuteMs = 60_000;
const eventsOf = async (world: ReplayWorld, replayId: string) =>
  (await madeBy(world, replayId)).map(({ eventId }) => eventId);

describe('a replay', () => {
  test.each(['failed', 'cancelled', 'delivered'] as const)(
    'of %s ones makes just those',
    async (status) => {
      const world = await newReplayWorld(db);
      const wanted = await endedEvents(world, 3, { status });
      for (const other of ['failed', 'cancelled', 'delivered'] as const) {
        if (other !== status) await endedEvents(world, 2, { status: other });
      }
      const replay = await makeReplay(world, { status });
      expect(replay).toMatchObject({ status: 'running', matched: 3, created: 0 });
      await makePages(world, replay.id);
      expect(await eventsOf(world, replay.id)).toEqual(wanted.toSorted());
      expect(await findReplay(world.ctx, refOf(world.ctx, replay.id).id)).toMatchObject({
        ...{ status: 'running', matched: 3, created: 3, delivered: 0, failed: 0 },
      });
      expect(world.woken).toEqual([world.endpointId]);
    },
  );

  test('without a status makes all that ended, outside any order, due now', async () => {
    const world = await newReplayWorld(db);
    const wanted = [
      ...(await endedEvents(world, 1, { status: 'failed' })),
      ...(await endedEvents(world, 1, { status: 'delivered' })),
    ];
    const pending = await createEventRow(db.database, world.tenant);
    await createPendingRow(db.database, world.tenant, pending, world.endpointId);
    const replay = await makeReplay(world, {});
    await makePages(world, replay.id);
    const made = await madeBy(world, replay.id);
    expect(made.map(({ eventId }) => eventId)).toEqual(wanted.toSorted());
    expect(made.map(({ position }) => position)).toEqual([null, null]);
    const [row] = await db.admin.sql`
      select bool_and(next_attempt_at <= now() and attempts = 0) as due from delivery_queue
      where replay_id = ${replay.id}`;
    expect(row?.['due']).toBe(true);
  });

  test('matches by type, a prefix too, by time and by endpoint', async () => {
    const world = await newReplayWorld(db);
    const other = await createEndpointRow(db.database, world.tenant, 'https://example.com/b');
    const [paid] = await endedEvents(world, 1);
    const [line] = await endedEvents(world, 1, {
      status: 'failed',
      eventType: 'invoice.line.added',
    });
    await endedEvents(world, 1, { status: 'failed', eventType: 'invoices' });
    const [elsewhere] = await endedEvents({ ...world, endpointId: other }, 1);
    const countOf = async (...[filter, rest]: [Parameters<typeof makeReplay>[1]?, object?]) =>
      (await makeReplay(world, { status: 'failed', ...filter }, { ...rest, dryRun: true })).matched;
    expect(await countOf()).toBe(4);
    expect(await countOf({ type: 'invoice.*' })).toBe(3);
    expect(await countOf({ type: 'invoice.paid' })).toBe(2);
    expect(await countOf({}, { endpointId: other })).toBe(1);
    expect(await countOf({ until: new Date(Date.now() - 40 * minuteMs) })).toBe(0);
    expect(await countOf({ since: new Date(Date.now() - 20 * minuteMs) })).toBe(0);
    const replay = await makeReplay(world, { status: 'failed', type: 'invoice.*' });
    await makePages(world, replay.id);
    expect(await eventsOf(world, replay.id)).toEqual(
      [paid, line, elsewhere].map(String).toSorted() as EventId[],
    );
  });

  test('of missing ones makes what endpoints would want and never had', async () => {
    const world = await newReplayWorld(db);
    const { database } = db;
    const [had] = await endedEvents(world, 1, { status: 'failed' });
    const waiting = await createEventRow(database, world.tenant);
    await createPendingRow(database, world.tenant, waiting, world.endpointId);
    await createEventRow(database, world.tenant, { type: 'opsforge.test' });
    const paid = await createEventRow(database, world.tenant);
    const order = await createEventRow(database, world.tenant, { type: 'order.made' });
    const orders = await createEndpointRow(database, world.tenant, 'https://example.com/o', {
      ...{ eventTypes: ['order.*'], status: 'paused' },
    });
    await createEndpointRow(database, world.tenant, 'https://example.com/d', {
      status: 'disabled',
    });
    const preview = await makeReplay(world, { status: 'missing' }, { dryRun: true });
    expect(preview).toMatchObject({ status: 'done', matched: 3, created: 0 });
    const replay = await makeReplay(world, { status: 'missing' });
    await makePages(world, replay.id, pagesOf(1));
    const made = await madeBy(world, replay.id);
    expect(new Set(made.map(({ eventId, endpointId }) => `${eventId} ${endpointId}`))).toEqual(
      new Set([
        `${paid} ${world.endpointId}`,
        `${order} ${world.endpointId}`,
        `${order} ${orders}`,
      ]),
    );
    expect(made.map(({ eventId }) => eventId)).not.toContain(had ?? waiting);
    // Now they have one: nothing is missing any more.
    expect(await makeReplay(world, { status: 'missing' })).toMatchObject({ matched: 0 });
  });

  test('of missing ones asks the filter of each endpoint, and who listens to opsforge itself', async () => {
    const world = await newReplayWorld(db);
    const { database } = db;
    const add = (
      payload: string,
      more: { type?: string; metadata?: Record<string, string> } = {},
    ) => createEventRow(database, world.tenant, { payload, ...more });
    const large = await add('{"total":120.0}', { metadata: { region: 'eu' } });
    await add('{"total":120.0}', { metadata: { region: 'us' } });
    await add('{"total":80}', { metadata: { region: 'eu' } });
    const told = await add('{}', { type: 'opsforge.endpoint.failing' });
    const filter = { payload: { total: { $gte: 100 } }, metadata: { region: 'eu' } };
    const filtered = await createEndpointRow(database, world.tenant, 'https://example.com/f', {
      filter,
    });
    const watching = await createEndpointRow(database, world.tenant, 'https://example.com/w', {
      eventTypes: ['opsforge.endpoint.*'],
    });
    for (const [endpointId, events] of [
      [filtered, [large]],
      [watching, [told]],
    ] as const) {
      const replay = await makeReplay(world, { status: 'missing' }, { endpointId });
      await makePages(world, replay.id);
      expect(await eventsOf(world, replay.id)).toEqual([...events]);
    }
    expect(
      await makeReplay(
        world,
        { status: 'missing' },
        { endpointId: world.endpointId, dryRun: true },
      ),
    ).toMatchObject({ matched: 3 });
  });

  test('sends an event to an endpoint once, though earlier replays failed as well', async () => {
    const world = await newReplayWorld(db);
    const wanted = await endedEvents(world, 4);
    for (let round = 1; round <= 3; round += 1) {
      const preview = await makeReplay(world, undefined, { dryRun: true });
      expect(preview.matched).toBe(4);
      const replay = await makeReplay(world);
      await makePages(world, replay.id, pagesOf(3));
      expect(await eventsOf(world, replay.id)).toEqual(wanted.toSorted());
      await endMade(db, replay.id, 'failed');
    }
    // What was never made before and failed when it was is found by its replay's delivery alone.
    const event = await createEventRow(db.database, world.tenant);
    const missing = await makeReplay(world, { status: 'missing' });
    await makePages(world, missing.id);
    await endMade(db, missing.id, 'failed');
    const again = await makeReplay(world);
    await makePages(world, again.id);
    expect(await eventsOf(world, again.id)).toEqual([...wanted, event].toSorted());
  });

  test('leaves out endpoints that are disabled, and what has lost its event', async () => {
    const world = await newReplayWorld(db);
    await endedEvents(world, 2);
    const disabled = await createEndpointRow(db.database, world.tenant, 'https://example.com/b', {
      status: 'disabled',
    });
    await endedEvents({ ...world, endpointId: disabled }, 2);
    const lost = newId<EventId>(Date.now() - minuteMs);
    await createEndedRow(db.database, world.tenant, lost, world.endpointId, { status: 'failed' });
    const replay = await makeReplay(world);
    expect(replay.matched).toBe(2);
    await makePages(world, replay.id);
    expect(await madeBy(world, replay.id)).toHaveLength(2);
  });

  test('ends as cancelled when its own endpoint is disabled meanwhile', async () => {
    const world = await newReplayWorld(db);
    await endedEvents(world, 2);
    const replay = await makeReplay(world, undefined, { endpointId: world.endpointId });
    await db.admin.sql`update endpoints set status = 'disabled' where id = ${world.endpointId}`;
    await makePages(world, replay.id);
    const { id } = refOf(world.ctx, replay.id);
    expect(await findReplay(world.ctx, id)).toMatchObject({ status: 'cancelled', created: 0 });
  });
});

describe('each match is made exactly once', () => {
  test.each([1, 2, 3, 5, 7, 100])('with pages of %i, while more comes and ends', async (rows) => {
    const world = await newReplayWorld(db);
    const wanted = await endedEvents(world, 7);
    const preview = await makeReplay(world, undefined, { dryRun: true });
    const replay = await makeReplay(world);
    const pages = await makePages(world, replay.id, pagesOf(rows), async () => {
      // What the replay made fails at once, and a new event fails as well.
      await endMade(db, replay.id, 'failed');
      const late = await createEventRow(db.database, world.tenant, {
        id: newId<EventId>(Date.now() + 2),
      });
      await createEndedRow(db.database, world.tenant, late, world.endpointId, { status: 'failed' });
    });
    expect(pages).toBeGreaterThanOrEqual(7 / rows);
    await endMade(db, replay.id, 'failed');
    const made = await db.admin.sql`
      select event_id from deliveries where replay_id = ${replay.id} order by event_id`;
    expect(made.map((row) => row['event_id'])).toEqual(wanted.toSorted());
    expect(preview.matched).toBe(made.length);
    const { id } = refOf(world.ctx, replay.id);
    expect(await findReplay(world.ctx, id)).toMatchObject({ matched: 7, created: 7, failed: 7 });
  });

  test.each(['before', 'after'] as const)('by processes that die %s each commit', async (when) => {
    const world = await newReplayWorld(db);
    const wanted = await endedEvents(world, 6);
    const replay = await makeReplay(world);
    let deaths = 0;
    let spared = false;
    const dying: Database = {
      ...db.database,
      async withTenant(tenantId, work) {
        const die = !spared;
        spared = !spared;
        const result = await db.database.withTenant(tenantId, async (tx) => {
          const done = await work(tx);
          if (die && when === 'before') throw new Error('died');
          return done;
        });
        if (die && when === 'after') throw new Error('died');
        return result;
      },
    };
    const deps = { ...testDeps(dying), wakeEndpoints: () => {} };
    for (let run = 0; run < 20; run += 1) {
      await runReplays(deps, () => true, pagesOf(2)).catch(() => {
        deaths += 1;
      });
    }
    expect(deaths).toBeGreaterThan(0);
    expect(await eventsOf(world, replay.id)).toEqual(wanted.toSorted());
  });

  test('by several processes at once', async () => {
    const world = await newReplayWorld(db);
    const wanted = await endedEvents(world, 12);
    const replay = await makeReplay(world);
    const workers = [1, 2, 3].map(() => testDeps(db.database));
    for (let round = 0; round < 12; round += 1) {
      await Promise.all(workers.map((deps) => runReplays(deps, () => true, pagesOf(1))));
    }
    expect(await eventsOf(world, replay.id)).toEqual(wanted.toSorted());
    const { id } = refOf(world.ctx, replay.id);
    expect(await findReplay(world.ctx, id)).toMatchObject({ matched: 12, created: 12 });
  });

  test('and a page that another process is at is left to it', async () => {
    const world = await newReplayWorld(db);
    await endedEvents(world, 1);
    const replay = await makeReplay(world);
    const ref = refOf(world.ctx, replay.id);
    await db.database.withTenant(ref.tenantId, async (tx) => {
      await tx.run('hold', tx.sql`select from replays where id = ${ref.id} for update`);
      expect(await advanceReplay(world.ctx.deps, ref)).toBeNull();
    });
    expect(await advanceReplay(world.ctx.deps, ref)).toMatchObject({ created: 1 });
  });
});

describe('the pace', () => {
  test('keeps to the rate over any second, and makes up for lateness within bounds', async () => {
    let nowMs = Date.now();
    const clock = { ...createClock(), databaseNow: () => nowMs };
    const world = await newReplayWorld(db, clock);
    await endedEvents(world, 60);
    const replay = await makeReplay(world, undefined, { ratePerSecond: 10 });
    const startMs = nowMs;
    const madeAt: number[] = [];
    for (let made = 0; made < 60; nowMs += 37) {
      await runReplays(world.ctx.deps, () => true);
      const now = (await madeBy(world, replay.id)).length;
      for (; made < now; made += 1) madeAt.push(nowMs - startMs);
    }
    for (const at of madeAt) {
      const within = madeAt.filter((other) => other >= at && other < at + 1_000).length;
      // A portion of a fifth of a second may lie at either end.
      expect(within).toBeLessThanOrEqual(12);
    }
    const lastMs = madeAt.at(-1) ?? 0;
    expect(lastMs).toBeGreaterThanOrEqual(5_700);
    expect(lastMs).toBeLessThan(6_100);
  });

  test('keeps the queue small: no more than so many of one replay are pending', async () => {
    let nowMs = Date.now();
    const world = await newReplayWorld(db, { ...createClock(), databaseNow: () => nowMs });
    const wanted = await endedEvents(world, 10);
    const replay = await makeReplay(world);
    const limits = { ...replayLimits, pending: 4 };
    const run = async () => {
      nowMs += 1_000;
      await runReplays(world.ctx.deps, () => true, limits);
      return (await madeBy(world, replay.id)).length;
    };
    expect(await run()).toBe(4);
    expect(await run()).toBe(4);
    await endMade(db, replay.id, 'delivered');
    expect(await run()).toBe(4);
    await endMade(db, replay.id, 'delivered');
    expect(await run()).toBe(2);
    await endMade(db, replay.id, 'delivered');
    await run();
    const { id } = refOf(world.ctx, replay.id);
    expect(await findReplay(world.ctx, id)).toMatchObject({
      ...{ status: 'done', matched: 10, created: wanted.length, delivered: 10, failed: 0 },
    });
  });
});

describe('cancelling', () => {
  test('stops the pages and ends what is pending, but not what was sent', async () => {
    const world = await newReplayWorld(db);
    await endedEvents(world, 6);
    const replay = await makeReplay(world);
    const ref = refOf(world.ctx, replay.id);
    const limits = pagesOf(2);
    await advanceReplay(world.ctx.deps, ref, { limits });
    await endMade(db, replay.id, 'delivered');
    await advanceReplay(world.ctx.deps, ref, { limits });
    const cancelled = await cancelReplay(world.ctx, ref.id);
    expect(cancelled).toMatchObject({ status: 'cancelled', created: 4, delivered: 1 + 1 });
    await makePages(world, replay.id, limits);
    await runReplays(world.ctx.deps, () => true);
    expect(await madeBy(world, replay.id)).toEqual([]);
    const rows = await db.admin.sql`
      select status, reason from deliveries where replay_id = ${replay.id} order by status`;
    expect(rows.map((row) => ({ ...row }))).toEqual([
      ...[1, 2].map(() => ({ status: 'cancelled', reason: 'cancelled_by_request' })),
      ...[1, 2].map(() => ({ status: 'delivered', reason: null })),
    ]);
    expect(await cancelReplay(world.ctx, ref.id)).toEqual(cancelled);
    // As retention does, which keeps the replay itself.
    await db.admin.sql`delete from deliveries where replay_id = ${replay.id}`;
    expect(await findReplay(world.ctx, ref.id)).toEqual(cancelled);
  });

  test('waits for a delivery that is being recorded, and lets its end stand', async () => {
    const world = await newReplayWorld(db);
    await endedEvents(world, 2);
    const replay = await makeReplay(world);
    await makePages(world, replay.id);
    const { id } = refOf(world.ctx, replay.id);
    const [held] = await db.admin.sql<{ id: DeliveryId }[]>`
      select id from delivery_queue where replay_id = ${id} limit 1`;
    let cancelling: Promise<unknown> = Promise.resolve();
    await db.database.withWorker(async (tx) => {
      await tx.run(
        'hold',
        tx.sql`select from delivery_queue where id = ${held?.id ?? ''} for update`,
      );
      cancelling = cancelReplay(world.ctx, id);
      // Once the other is cancelled, it can only wait for this one.
      for (let left = 2; left > 1; ) left = (await madeBy(world, id)).length;
      await tx.run(
        'record',
        tx.sql`
          with gone as (delete from delivery_queue where id = ${held?.id ?? ''} returning *)
          insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type,
            status, attempts, created_at, completed_at, replay_id)
          select id, tenant_id, project_id, event_id, endpoint_id, event_type, 'delivered', 1,
            created_at, now(), replay_id from gone`,
      );
    });
    expect(await cancelling).toMatchObject({ status: 'cancelled', delivered: 1, failed: 0 });
    expect(await madeBy(world, id)).toEqual([]);
  });
});
