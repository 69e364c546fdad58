/** First in, first out for each ordering key: whatever fails, restarts, or changes its leader. */
import { describe, expect, test } from 'bun:test';
import type { EndpointId } from '../../src/domain/ids.ts';
import type { Database } from '../../src/repositories/transactions.ts';
import {
  allShards,
  eventually,
  findDeliveries,
  queueDeliveries,
} from '../support/delivery-engine.ts';
import { arrangeEngines, bodiesOf, numbers } from '../support/engine-arrangement.ts';
import type { Receiver } from '../support/receiver.ts';
import { seededRandom } from '../support/seeded-random.ts';
import type { TestTenant } from '../support/tenants.ts';

const world = arrangeEngines();
const { arrange, start } = world;

/** Posts `count` events with one key, each after the 202 of the one before. */
async function post(tenant: TestTenant, endpointId: EndpointId, key: string | null, count: number) {
  for (let number = 1; number <= count; number += 1) {
    const payload = JSON.stringify({ key, number });
    const options = { ordered: true, orderingKey: key };
    await queueDeliveries(world.db.database, tenant, endpointId, [payload], options);
  }
}

/** The numbers that came for each key, in their order. */
function sequences(receiver: Receiver): Map<string | null, number[]> {
  const byKey = new Map<string | null, number[]>();
  for (const body of bodiesOf(receiver)) {
    const { key, number } = JSON.parse(body);
    byKey.set(key, [...(byKey.get(key) ?? []), number]);
  }
  return byKey;
}

/** Repeats are allowed (at least once), going back is not, nor is leaving one out. */
function expectInOrder(receiver: Receiver, keys: readonly (string | null)[], count: number) {
  const byKey = sequences(receiver);
  for (const key of keys) {
    const came = byKey.get(key) ?? [];
    const once = came.filter((number, at) => number !== came[at - 1]);
    expect([key, once]).toEqual([key, numbers(count).map(Number)]);
  }
}

const isDone = (count: number) => (rows: { status: string }[]) =>
  rows.length === count && rows.every((row) => row.status === 'delivered');

describe('an ordered endpoint', () => {
  test('keeps each key in order, with a run from memory at a time', async () => {
    const { tenant, receiver, endpointId } = await arrange({ ordered: true });
    const keys = ['a', 'b', null];
    await Promise.all(keys.map((key) => post(tenant, endpointId, key, 60)));
    let transactions = 0;
    const database: Database = {
      ...world.db.database,
      withWorker(work) {
        transactions += 1;
        return world.db.database.withWorker(work);
      },
    };
    const { attempted } = start({ database, limits: { inFlightMax: 8, pollMs: 60_000 } });
    await attempted(180);
    expectInOrder(receiver, keys, 60);
    expect(receiver.requests).toHaveLength(180);
    // At most one recording for each delivery, and far fewer readings.
    expect(transactions).toBeLessThan(180 + 40);
  });

  test('keeps it through retries', async () => {
    const { tenant, receiver, endpointId } = await arrange({
      ...{ ordered: true, retrySchedule: [1, 1, 1] },
    });
    const random = seededRandom(11);
    const refused = new Set<string>();
    receiver.respondWith((request) => {
      const body = request.body.toString();
      const refuse = !refused.has(body) && random.below(5) === 0;
      if (refuse) refused.add(body);
      return new Response(null, { status: refuse ? 500 : 204 });
    });
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
    const { engine } = start();
    const posting = keys.map((key) => post(tenant, endpointId, key, 8));
    await Promise.all(posting);
    engine.wakeEndpoints([endpointId]);
    await eventually(() => findDeliveries(world.db, endpointId), isDone(48), 15_000);
    expect(refused.size).toBeGreaterThan(3);
    expectInOrder(receiver, keys, 8);
  }, 20_000);

  test('keeps it through restarts and losses of the lead, while more is accepted', async () => {
    const { tenant, receiver, endpointId } = await arrange({ ordered: true, maxInFlight: 4 });
    receiver.respondWith(async () => {
      await Bun.sleep(1);
      return new Response(null, { status: 204 });
    });
    const keys = ['a', 'b', 'c', 'd', 'e', null];
    const count = 40;
    let isPosting = true;
    const posting = Promise.all(keys.map((key) => post(tenant, endpointId, key, count)));
    void posting.finally(() => {
      isPosting = false;
    });
    const one = start({ workerName: 'one', shards: [] });
    const two = start({ workerName: 'two', shards: [] });
    let [leading, waiting] = [one, two];
    leading.engine.gain(allShards);
    for (let change = 1; isPosting || change < 12; change += 1) {
      const before = receiver.requests.length;
      leading.engine.wakeEndpoints([endpointId]);
      await receiver.waitFor(Math.min(before + 10, keys.length * count)).catch(() => {});
      // A clean hand-over, or the lead is lost with requests on their way.
      if (change % 3 === 0) leading.engine.lose(allShards);
      else await leading.engine.drain(allShards);
      [leading, waiting] = [waiting, leading];
      leading.engine.gain(allShards);
      if (change % 4 === 0) {
        await waiting.engine.stop(1_000);
        waiting = start({ workerName: `restarted-${change}`, shards: [] });
      }
    }
    await posting;
    leading.engine.wakeEndpoints([endpointId]);
    const total = keys.length * count;
    await eventually(() => findDeliveries(world.db, endpointId), isDone(total), 15_000);
    expectInOrder(receiver, keys, count);
  }, 30_000);

  test('with a key that waits for its retry sends the others, whatever waits behind it', async () => {
    const { tenant, receiver, endpointId } = await arrange({
      ordered: true,
      retrySchedule: [3_600],
    });
    receiver.respondWith((request) => {
      const { key } = JSON.parse(request.body.toString());
      return new Response(null, { status: key === 'blocked' ? 500 : 204 });
    });
    const payloads = numbers(3_000).map((number) => `{"key":"blocked","number":${number}}`);
    const options = { ordered: true, orderingKey: 'blocked' };
    await queueDeliveries(world.db.database, tenant, endpointId, payloads, options);
    const keys = numbers(30).map((number) => `key-${number}`);
    await Promise.all(keys.map((key) => post(tenant, endpointId, key, 2)));
    const { attempted, engine } = start({ limits: { inFlightMax: 8, pollMs: 60_000 } });
    await attempted(1 + 60);
    expectInOrder(receiver, keys, 2);
    expect(sequences(receiver).get('blocked')).toEqual([1]);
    expect(engine.counts().queued).toBe(0);
  });

  test('with more keys than are walked keeps each in order', async () => {
    const { tenant, receiver, endpointId } = await arrange({ ordered: true, maxInFlight: 50 });
    const { tenantId, projectId } = tenant;
    const { sql } = world.db.admin;
    // Key by key, each twice; the blocked one waits for its retry.
    await sql`insert into webhook_events (id, tenant_id, project_id, type, payload)
      select overlay(uuid_at(now())::text placing lpad(to_hex(n), 12, '0') from 25 for 12)::uuid,
        ${tenantId}, ${projectId}, 'a', json_build_object('key', 'key-' || n / 2, 'number', n % 2 + 1)
      from generate_series(0, 2399) n`;
    await sql`
      insert into delivery_queue (id, tenant_id, project_id, event_id, endpoint_id, event_type,
        ordering_key, position, next_attempt_at)
      select id, tenant_id, project_id, id, ${endpointId}, type, payload::json ->> 'key',
        nextval('delivery_positions'),
        case payload when '{"key" : "key-7", "number" : 1}' then now() + interval '1 h' else now() end
      from (select * from webhook_events where tenant_id = ${tenantId} order by id) e`;
    await start({ limits: { inFlightMax: 100, pollMs: 60_000 } }).attempted(2_398, 20_000);
    const keys = numbers(1_200, 0).map((number) => `key-${number}`);
    const blocked = 'key-7';
    expectInOrder(
      receiver,
      keys.filter((key) => key !== blocked),
      2,
    );
    expect(sequences(receiver).has(blocked)).toBe(false);
    expect(receiver.requests).toHaveLength(2_398);
  }, 25_000);

  test('goes on with a key whose delivery was given up', async () => {
    const { tenant, receiver, endpointId } = await arrange({ ordered: true, retrySchedule: [] });
    receiver.respondWith((request) => {
      const { number } = JSON.parse(request.body.toString());
      return new Response(null, { status: number === 2 ? 500 : 204 });
    });
    await post(tenant, endpointId, 'a', 4);
    await start().attempted(4);
    const rows = await findDeliveries(world.db, endpointId);
    expect(rows.map((row) => row.status)).toEqual([
      'delivered',
      'failed',
      'delivered',
      'delivered',
    ]);
    expectInOrder(receiver, ['a'], 4);
  });
});
