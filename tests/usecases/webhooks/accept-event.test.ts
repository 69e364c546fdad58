import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { ReadyDelivery } from '../../../src/domain/dispatch/ready-delivery.ts';
import { AppError, type ErrorCode } from '../../../src/domain/errors.ts';
import { type EventId, newId } from '../../../src/domain/ids.ts';
import { createClock } from '../../../src/lib/clock.ts';
import type { Identity } from '../../../src/usecases/accounts/authenticate-key.ts';
import { createEventAcceptor } from '../../../src/usecases/webhooks/accept-event.ts';
import type { AcceptedEvent } from '../../../src/usecases/webhooks/candidate.ts';
import { createEndpointDirectory } from '../../../src/usecases/webhooks/endpoint-directory.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import {
  createEndpointRow,
  createKey,
  createTenant,
  type TestTenant,
} from '../../support/tenants.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

type Fixture = { tenant: TestTenant; identity: Identity; post: Post; handedOff: ReadyDelivery[] };
type Post = (
  body: unknown,
  more?: { key?: string; hops?: number; identity?: Identity },
) => Promise<AcceptedEvent>;

async function fixture(): Promise<Fixture> {
  const tenant = await createTenant(db.database);
  const { id } = await createKey(db.database, tenant);
  const identity: Identity = {
    tenantId: tenant.tenantId,
    actor: { kind: 'api_key', id, projectId: tenant.projectId, scopes: ['events:write'] },
  };
  const handedOff: ReadyDelivery[] = [];
  const clock = createClock();
  const acceptor = createEventAcceptor({
    database: db.database,
    clock,
    directory: createEndpointDirectory({ database: db.database, clock, cacheTrusted: () => true }),
    quotas: { requireRoom: () => {} },
    handOff: (deliveries) => void handedOff.push(...deliveries),
    wakeOrdered: () => {},
    accepted: () => {},
  });
  const post: Post = (body, more = {}) =>
    acceptor.accept(more.identity ?? identity, {
      text: typeof body === 'string' ? body : JSON.stringify(body),
      idempotencyKey: more.key ?? null,
      hops: more.hops ?? 0,
    });
  return { tenant, identity, post, handedOff };
}

async function codeOf(promise: Promise<unknown>): Promise<ErrorCode | 'accepted'> {
  try {
    await promise;
    return 'accepted';
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

async function countRows(tenant: TestTenant) {
  const [row] = await db.admin.sql<
    { events: number; queued: number; ended: number; keys: number }[]
  >`
    select (select count(*)::int from webhook_events where tenant_id = ${tenant.tenantId}) as events,
      (select count(*)::int from delivery_queue where tenant_id = ${tenant.tenantId}) as queued,
      (select count(*)::int from deliveries where tenant_id = ${tenant.tenantId}) as ended,
      (select count(*)::int from idempotency_keys where tenant_id = ${tenant.tenantId}) as keys`;
  return row;
}

describe('accepting an event', () => {
  test('commits it with a delivery for each endpoint that wants its type', async () => {
    const { tenant, post, handedOff } = await fixture();
    const wanting = await createEndpointRow(db.database, tenant, 'http://127.0.0.1:9/a', {
      eventTypes: ['invoice.*'],
    });
    await createEndpointRow(db.database, tenant, 'http://127.0.0.1:9/b', {
      eventTypes: ['user.*'],
    });
    const accepted = await post({ type: 'invoice.paid', payload: { a: 1 } });
    expect(accepted).toMatchObject({ deliveries: 1, duplicate: false, type: 'invoice.paid' });
    expect(handedOff.map(({ endpointId, eventId }) => [endpointId, eventId])).toEqual([
      [wanting, accepted.id],
    ]);
    expect(await countRows(tenant)).toEqual({ events: 1, queued: 1, ended: 0, keys: 0 });
  });

  test('keeps the payload as it was written', async () => {
    const { post, handedOff, tenant } = await fixture();
    await createEndpointRow(db.database, tenant, 'http://127.0.0.1:9/');
    const payload = '{"n":12345678901234567890,"x":1.0,"e":"\\u00e9", "z":"\\u0000\\ud800"}';
    const { id } = await post(`{"type":"a","payload":${payload}}`);
    const [row] = await db.admin.sql`select payload from webhook_events where id = ${id}`;
    expect([row?.['payload'], handedOff[0]?.payload]).toEqual([payload, payload]);
  });

  test('records what comes for a disabled endpoint as cancelled', async () => {
    const { tenant, post, handedOff } = await fixture();
    await createEndpointRow(db.database, tenant, 'http://127.0.0.1:9/', { status: 'disabled' });
    await post({ type: 'a', payload: null });
    const [row] = await db.admin.sql`
      select status, reason from deliveries where tenant_id = ${tenant.tenantId}`;
    expect(row).toMatchObject({ status: 'cancelled', reason: 'endpoint_disabled' });
    expect(handedOff).toEqual([]);
  });

  test('gives an event for an ordered endpoint the next position and leaves it to the table', async () => {
    const { tenant, post, handedOff } = await fixture();
    await createEndpointRow(db.database, tenant, 'http://127.0.0.1:9/', { ordered: true });
    const first = await post({ type: 'a', payload: 1, orderingKey: 'k' });
    const second = await post({ type: 'a', payload: 2, orderingKey: 'k' });
    const rows = await db.admin.sql`
      select event_id from delivery_queue where tenant_id = ${tenant.tenantId} order by position`;
    expect(rows.map((row) => row['event_id'])).toEqual([first.id, second.id]);
    expect(handedOff).toEqual([]);
  });

  test('answers a repeat under the same key with the first answer, alone and in one group', async () => {
    const { tenant, post } = await fixture();
    const body = { type: 'a', payload: 1, metadata: { b: '2', a: '1' } };
    const first = await post(body, { key: 'k1' });
    const again = await post({ ...body, metadata: { a: '1', b: '2' } }, { key: 'k1' });
    expect(again).toEqual({ ...first, duplicate: true, receivedAtMs: expect.any(Number) });
    expect(Math.abs(again.receivedAtMs - first.receivedAtMs)).toBeLessThan(1);
    const together = await Promise.all([1, 2, 3].map(() => post(body, { key: 'k2' })));
    expect(new Set(together.map(({ id }) => id)).size).toBe(1);
    expect(together.map(({ duplicate }) => duplicate).toSorted()).toEqual([false, true, true]);
    expect(await countRows(tenant)).toMatchObject({ events: 2, keys: 2 });
  });

  test('refuses other content under a held key', async () => {
    const { tenant, post } = await fixture();
    await post({ type: 'a', payload: 1 }, { key: 'k' });
    expect(await codeOf(post({ type: 'a', payload: 2 }, { key: 'k' }))).toBe('conflict');
    expect(await codeOf(post({ type: 'b', payload: 1 }, { key: 'k' }))).toBe('conflict');
    expect(await codeOf(post({ type: 'a', payload: 1, orderingKey: 'o' }, { key: 'k' }))).toBe(
      'conflict',
    );
    expect(await countRows(tenant)).toMatchObject({ events: 1, keys: 1 });
  });

  test('takes a key again once 24 hours have passed', async () => {
    const { tenant, post } = await fixture();
    const first = await post({ type: 'a', payload: 1 }, { key: 'k' });
    await db.admin.sql`update idempotency_keys set created_at = now() - interval '24 hours 1 second'
      where tenant_id = ${tenant.tenantId}`;
    const second = await post({ type: 'a', payload: 2 }, { key: 'k' });
    expect(second.duplicate).toBe(false);
    expect(second.id).not.toBe(first.id);
  });

  test('keeps the same key of two projects apart', async () => {
    const one = await fixture();
    const two = await fixture();
    await one.post({ type: 'a', payload: 1 }, { key: 'k' });
    expect(await two.post({ type: 'a', payload: 2 }, { key: 'k' })).toMatchObject({
      duplicate: false,
    });
  });

  test('holds the id that a client chose: a repeat gets the first answer, all else a conflict', async () => {
    const { tenant, post } = await fixture();
    const id = newId<EventId>(Date.now());
    const first = await post({ type: 'a', payload: 1, id });
    expect(first.id).toBe(id);
    expect(await post({ type: 'a', payload: 1, id })).toMatchObject({ id, duplicate: true });
    expect(await codeOf(post({ type: 'a', payload: 2, id }))).toBe('conflict');
    expect(await codeOf(post({ type: 'a', payload: 1, id }, { key: 'other' }))).toBe('conflict');
    // The key that came with the refused id is free for another event.
    expect(await post({ type: 'x', payload: 9 }, { key: 'other' })).toMatchObject({
      duplicate: false,
    });
    expect(await countRows(tenant)).toMatchObject({ events: 2 });
  });

  test('refuses the id of an event that opsforge named, and accepts its neighbours in the group', async () => {
    const { tenant, post } = await fixture();
    const { id } = await post({ type: 'a', payload: 1 });
    const codes = await Promise.all([
      codeOf(post({ type: 'a', payload: 'before' })),
      codeOf(post({ type: 'a', payload: 1, id })),
      codeOf(post({ type: 'a', payload: 'after' })),
    ]);
    expect(codes).toEqual(['accepted', 'conflict', 'accepted']);
    expect(await countRows(tenant)).toMatchObject({ events: 3, keys: 0 });
  });

  test('judges a repeat anew when the neighbour it repeats was itself refused', async () => {
    const { tenant, post } = await fixture();
    const { id } = await post({ type: 'a', payload: 1, id: newId<EventId>(Date.now()) });
    const [refused, kept] = await Promise.all([
      codeOf(post({ type: 'b', payload: 1, id }, { key: 'k' })),
      post({ type: 'b', payload: 1 }, { key: 'k' }),
    ]);
    expect(refused).toBe('conflict');
    expect(kept.duplicate).toBe(false);
    expect(await countRows(tenant)).toMatchObject({ events: 2 });
  });

  test('refuses poisoned events and accepts the ones beside them', async () => {
    const { tenant, post } = await fixture();
    const poisoned = [
      '{"type":"a","payload":1,"orderingKey":"\\u0000"}',
      '{"type":"a","payload":1,"metadata":{"k":"\\ud800"}}',
      '{"type":"a","payload":1,"payload":2}',
      '{"type":"a","payload":1,"\\u0070ayload":2}',
    ];
    const codes = await Promise.all([
      codeOf(post({ type: 'a', payload: 1 })),
      ...poisoned.map((text) => codeOf(post(text))),
      codeOf(post({ type: 'a', payload: 2 })),
    ]);
    expect(codes).toEqual(['accepted', 'invalid', 'invalid', 'invalid', 'invalid', 'accepted']);
    expect(await countRows(tenant)).toMatchObject({ events: 2 });
  });

  test('refuses a key without the scope, a project that is not there and one not bound to any', async () => {
    const { identity, post } = await fixture();
    const other = await fixture();
    const acting = (actor: Partial<Identity['actor']>): Identity => ({
      ...identity,
      actor: { ...identity.actor, ...actor },
    });
    const body = { type: 'a', payload: 1 };
    const reader = acting({ scopes: ['events:read'] });
    expect(await codeOf(post(body, { identity: reader }))).toBe('forbidden');
    const elsewhere = { ...body, projectId: other.tenant.projectId };
    expect(await codeOf(post(elsewhere))).toBe('not_found');
    const unbound = acting({ projectId: null });
    expect(await codeOf(post(body, { identity: unbound }))).toBe('invalid');
    expect(await codeOf(post(elsewhere, { identity: unbound }))).toBe('not_found');
    const named = { ...body, projectId: identity.actor.projectId };
    expect(await codeOf(post(named, { identity: unbound }))).toBe('accepted');
  });

  test('refuses an id of another time, a bad key and an event that goes in a circle', async () => {
    const { post } = await fixture();
    const body = { type: 'a', payload: 1 };
    const dayMs = 86_400_000;
    for (const atMs of [Date.now() - dayMs - 1_000, Date.now() + 301_000]) {
      expect(await codeOf(post({ ...body, id: newId(atMs) }))).toBe('invalid');
    }
    expect(await codeOf(post(body, { key: 'a b' }))).toBe('invalid');
    expect(await codeOf(post(body, { key: 'x'.repeat(256) }))).toBe('invalid');
    expect(await codeOf(post(body, { hops: 3 }))).toBe('accepted');
    expect(await codeOf(post(body, { hops: 4 }))).toBe('invalid');
  });

  test('writes hundreds of concurrent events of several tenants, each to its own', async () => {
    const fixtures = await Promise.all([fixture(), fixture(), fixture()]);
    const count = 200;
    await Promise.all(
      fixtures.flatMap(({ post }) =>
        Array.from({ length: count }, (_, n) => post({ type: 'a', payload: n })),
      ),
    );
    for (const { tenant } of fixtures) {
      expect(await countRows(tenant)).toMatchObject({ events: count });
    }
  });
});
