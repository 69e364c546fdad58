/** What a project's endpoints are told of one another: once for each turn, and nobody of itself. */
import { describe, expect, test } from 'bun:test';
import type { EndpointId } from '../../src/domain/ids.ts';
import { databaseErrorCode } from '../../src/repositories/transactions.ts';
import { disableEndpoint, enableEndpoint } from '../../src/usecases/endpoints/change-status.ts';
import {
  eventually,
  findDeliveries,
  makeDue,
  queueDeliveries,
} from '../support/delivery-engine.ts';
import {
  answers,
  arrangeEngines,
  bodiesOf,
  numbers,
  personAt,
} from '../support/engine-arrangement.ts';
import { createEndpointRow, createTenant } from '../support/tenants.ts';

const world = arrangeEngines();
const { arrange, add, start } = world;

const told = (bodies: string[]) =>
  bodies.map((body) => {
    const { status, reason } = JSON.parse(body);
    return `${status}: ${reason}`;
  });

async function countEvents(tenantId: string, type: string): Promise<number> {
  const [row] = await world.db.admin.sql`select count(*)::integer as count from webhook_events
    where tenant_id = ${tenantId} and type = ${type}`;
  return Number(row?.['count']);
}

/** An endpoint that wants every type, and refuses what it gets. */
const refusing = () => arrange({ maxInFlight: 1, retrySchedule: [3_600] }, answers(500));

describe('the turns of an endpoint', () => {
  test('are told to those that listen, once each, and not to itself', async () => {
    const { tenant, receiver, endpointId } = await refusing();
    const listener = await add(tenant, { eventTypes: ['opsforge.endpoint.*'] });
    const everything = await add(tenant);
    const all = await add(tenant, { eventTypes: ['**'] });
    const invoices = await add(tenant, { eventTypes: ['invoice.*'] });
    const off = await add(tenant, { eventTypes: ['opsforge.**'], status: 'disabled' });
    const { engine } = start();
    await queueDeliveries(world.db.database, tenant, endpointId, numbers(6));
    engine.wakeEndpoints([endpointId]);
    await receiver.waitFor(6);
    const [failing] = await listener.receiver.waitFor(1);
    expect(failing?.headers['webhook-id']).toMatch(/^[0-9a-f-]{36}$/);
    const [row] = await world.db.admin.sql`select url from endpoints where id = ${endpointId}`;
    expect(JSON.parse(failing?.body.toString() ?? '')).toEqual({
      ...{ endpointId, url: row?.['url'], status: 'failing', reason: 'failures_in_a_row' },
      ...{ since: expect.stringMatching(/^\d{4}-.*Z$/), lastError: 'The endpoint answered 500.' },
    });

    receiver.respondWith(answers(204));
    await makeDue(world.db, endpointId);
    engine.wakeEndpoints([endpointId]);
    await receiver.waitFor(12);
    await listener.receiver.waitFor(2);
    receiver.respondWith(answers(410));
    await queueDeliveries(world.db.database, tenant, endpointId, ['1']);
    engine.wakeEndpoints([endpointId]);
    await listener.receiver.waitFor(3);

    const turns = ['failing: failures_in_a_row', 'recovered: delivered', 'disabled: gone'];
    expect(told(bodiesOf(listener.receiver))).toEqual(turns);
    // What takes every event of its own is not shown the URL of another's endpoint.
    for (const other of [everything, all, invoices]) {
      expect(bodiesOf(other.receiver)).toEqual([]);
      expect(await findDeliveries(world.db, other.endpointId)).toEqual([]);
    }
    expect(bodiesOf(receiver).every((body) => /^\d$/.test(body))).toBe(true);
    const cancelled = await findDeliveries(world.db, off.endpointId);
    expect(cancelled.map((one) => one.reason)).toEqual(turns.map(() => 'endpoint_disabled'));
  });

  test('that people make are told as well, and only when something changed', async () => {
    const { tenant, endpointId } = await arrange();
    const listener = await add(tenant, { eventTypes: ['opsforge.endpoint.disabled'] });
    const started = start();
    const person = personAt(world, started, tenant);
    await disableEndpoint(person, endpointId);
    await disableEndpoint(person, endpointId);
    await enableEndpoint(person, endpointId);
    await disableEndpoint(person, endpointId);
    const requests = await listener.receiver.waitFor(2);
    expect(requests.map((one) => one.headers['opsforge-hops'])).toEqual(['1', '1']);
    expect(told(bodiesOf(listener.receiver))).toEqual([
      'disabled: disabled_by_request',
      'disabled: disabled_by_request',
    ]);
    expect(await countEvents(tenant.tenantId, 'opsforge.endpoint.disabled')).toBe(2);
  });

  test('that two leaders see are told once', async () => {
    const opened = Promise.withResolvers<void>();
    const { tenant, receiver, endpointId } = await arrange({ maxInFlight: 20 }, async () => {
      await opened.promise;
      return new Response(null, { status: 500 });
    });
    await add(tenant, { eventTypes: ['opsforge.**'] });
    await queueDeliveries(world.db.database, tenant, endpointId, numbers(20));
    const engines = [start({ workerName: 'one' }), start({ workerName: 'two' })];
    await receiver.waitFor(40);
    opened.resolve();
    await eventually(
      () => engines.map(({ engine }) => engine.counts()),
      (counts) => counts.every(({ inFlight, unrecorded }) => inFlight + unrecorded === 0),
    );
    expect(await countEvents(tenant.tenantId, 'opsforge.endpoint.failing')).toBe(1);
  });

  test('make no event when nobody listens, nor for another project', async () => {
    const { tenant, receiver, endpointId } = await refusing();
    await add(await createTenant(world.db.database));
    const started = start();
    await queueDeliveries(world.db.database, tenant, endpointId, numbers(5));
    started.engine.wakeEndpoints([endpointId]);
    await receiver.waitFor(5);
    await disableEndpoint(personAt(world, started, tenant), endpointId);
    const [row] = await world.db.admin.sql`
      select count(*)::integer as count from webhook_events where starts_with(type, 'opsforge.')
        and tenant_id = ${tenant.tenantId}`;
    expect(row?.['count']).toBe(0);
  });

  test('of listeners that fail one another end by themselves', async () => {
    const values = { maxInFlight: 1, retrySchedule: [], eventTypes: ['invoice.*', 'opsforge.**'] };
    const { tenant, receiver, endpointId } = await arrange(values, answers(500));
    const other = await add(tenant, values, answers(500));
    const { engine } = start();
    const fail = (id: EndpointId) => queueDeliveries(world.db.database, tenant, id, numbers(9));
    await Promise.all([fail(endpointId), fail(other.endpointId)]);
    engine.wakeEndpoints([endpointId, other.endpointId]);
    // Nine of its own, and one that says that the other fails.
    await Promise.all([receiver.waitFor(10), other.receiver.waitFor(10)]);
    await eventually(
      () => engine.counts(),
      ({ inFlight, unrecorded, queued }) => inFlight + unrecorded + queued === 0,
    );
    expect(await countEvents(tenant.tenantId, 'opsforge.endpoint.failing')).toBe(2);
    expect([receiver.requests.length, other.receiver.requests.length]).toEqual([10, 10]);
  });
});

test('the loops may make events of opsforge alone', async () => {
  const tenant = await createTenant(world.db.database);
  const endpointId = await createEndpointRow(world.db.database, tenant, 'http://127.0.0.1:9/');
  const { tenantId, projectId } = tenant;
  const codeOf = async (type: string) => {
    const id = Bun.randomUUIDv7();
    try {
      await world.db.database.withWorker(async (tx) => {
        await tx.run(
          'insertEvent',
          tx.sql`insert into webhook_events (id, tenant_id, project_id, type, payload)
            values (${id}, ${tenantId}, ${projectId}, ${type}, '1')`,
        );
        await tx.run(
          'insertQueued',
          tx.sql`insert into delivery_queue
            (id, tenant_id, project_id, event_id, endpoint_id, event_type)
            values (${id}, ${tenantId}, ${projectId}, ${id}, ${endpointId}, ${type})`,
        );
      });
      return 'written';
    } catch (error) {
      return databaseErrorCode(error);
    }
  };
  expect(await codeOf('opsforge.endpoint.failing')).toBe('written');
  expect(await codeOf('invoice.paid')).toBe('42501');
  const queued = world.db.database.withWorker((tx) =>
    tx.run(
      'insertQueued',
      tx.sql`insert into delivery_queue (id, tenant_id, project_id, event_id, endpoint_id, event_type)
        values (${Bun.randomUUIDv7()}, ${tenantId}, ${projectId}, ${Bun.randomUUIDv7()},
          ${endpointId}, 'invoice.paid')`,
    ),
  );
  expect(await queued.then(() => 'written', databaseErrorCode)).toBe('42501');
});
