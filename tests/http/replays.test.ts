import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type EndpointId, type EventId, newId, type ProjectId } from '../../src/domain/ids.ts';
import { runReplays } from '../../src/usecases/replays/run-replays.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { createEndedRow, createEventRow } from '../support/deliveries.ts';
import { createEndpointRow, type TestTenant } from '../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const replays = '/api/v1/replays';
const minuteMs = 60_000;
const at = (agoMs: number) => new Date(Date.now() - agoMs).toISOString();
const lastHour = () => ({ since: at(60 * minuteMs), until: at(0) });

type World = { tenant: TestTenant; key: string; endpointId: EndpointId };

async function newWorld(): Promise<World> {
  const tenant = await api.newTenant();
  const endpointId = await createEndpointRow(api.db.database, tenant, 'https://example.com/');
  return { tenant, key: tenant.key, endpointId };
}

async function failedEvent({ tenant, endpointId }: World): Promise<EventId> {
  const id = newId<EventId>(Date.now() - 10 * minuteMs);
  await createEventRow(api.db.database, tenant, { id });
  await createEndedRow(api.db.database, tenant, id, endpointId, { status: 'failed' });
  return id;
}

const post = (key: string, body: unknown) => api.send('POST', replays, { key, body });
const get = (key: string, path: string) => api.send('GET', path, { key });
const run = () => runReplays(api.deps, () => true);

describe('making one', () => {
  test('counts before it answers, then makes what it counted', async () => {
    const world = await newWorld();
    await failedEvent(world);
    await failedEvent(world);
    const filter = { status: 'failed', ...lastHour() };
    const preview = await post(world.key, { filter, dryRun: true });
    expect(preview.status).toBe(202);
    expect(preview.body).toMatchObject({
      ...{ status: 'done', dryRun: true, matched: 2, created: 0, delivered: 0, failed: 0 },
      ...{ projectId: world.tenant.projectId, endpointId: null, ratePerSecond: null },
      filter: { status: 'failed', type: null },
      completedAt: expect.any(String),
    });
    api.changes.length = 0;
    const { endpointId } = world;
    const made = await post(world.key, { filter, endpointId, ratePerSecond: 100 });
    expect(made.status).toBe(202);
    expect(made.body).toMatchObject({
      ...{ status: 'running', matched: 2, created: 0, endpointId, ratePerSecond: 100 },
      completedAt: null,
    });
    expect(api.changes).toEqual([{ kind: 'replays', tenantId: world.tenant.tenantId }]);
    await run();
    const path = `${replays}/${made.string('id')}`;
    expect((await get(world.key, path)).body).toMatchObject({ matched: 2, created: 2 });
    expect((await get(world.key, replays)).ids()).toEqual([
      made.string('id'),
      preview.string('id'),
    ]);
    const first = await get(world.key, `${replays}?limit=1`);
    expect(first.ids()).toEqual([made.string('id')]);
    const rest = await get(world.key, `${replays}?cursor=${first.string('nextCursor')}`);
    expect(rest.ids()).toEqual([preview.string('id')]);
  });

  test.each([
    ['no filter', {}, 'filter'],
    ['no until', { filter: { since: at(1) } }, 'filter.until'],
    ['an until before since', { filter: { since: at(0), until: at(1_000) } }, 'filter.until'],
    [
      'a long span',
      { filter: { since: at(36 * 24 * 60 * minuteMs), until: at(0) } },
      'filter.until',
    ],
    ['an unknown status', { filter: { ...lastHour(), status: 'pending' } }, 'filter.status'],
    ['a bad type', { filter: { ...lastHour(), type: '*.paid' } }, 'filter.type'],
    ['no rate at all', { filter: lastHour(), ratePerSecond: 0 }, 'ratePerSecond'],
    ['a text for dryRun', { filter: lastHour(), dryRun: 'yes' }, 'dryRun'],
    ['an endpoint that is no id', { filter: lastHour(), endpointId: 'x' }, 'endpointId'],
    ['a misspelt member', { filter: lastHour(), rate: 1 }, 'rate'],
  ])('with %s is refused by name', async (_, body, path) => {
    const world = await newWorld();
    const answer = await post(world.key, body);
    expect(answer.status).toBe(422);
    expect(answer.text).toContain(path);
  });

  test('wants a project of a credential that has none, and one that exists', async () => {
    const world = await newWorld();
    const key = await api.keyOf(world.tenant, ['deliveries:write'], { tenantWide: true });
    const filter = lastHour();
    expect((await post(key, { filter })).status).toBe(422);
    expect((await post(key, { filter, projectId: newId(0) })).status).toBe(404);
    const { projectId } = world.tenant;
    expect((await post(key, { filter, projectId })).status).toBe(202);
    expect((await get(key, replays)).status).toBe(422);
    expect((await get(key, `${replays}?projectId=${projectId}`)).ids()).toHaveLength(1);
  });

  test('wants the scope to write deliveries; to look, that to read them', async () => {
    const world = await newWorld();
    const reader = await api.keyOf(world.tenant, ['deliveries:read']);
    const made = await post(world.key, { filter: lastHour(), dryRun: true });
    const path = `${replays}/${made.string('id')}`;
    expect((await post(reader, { filter: lastHour(), dryRun: true })).status).toBe(403);
    expect((await api.send('POST', `${path}/cancel`, { key: reader })).status).toBe(403);
    expect((await get(reader, path)).status).toBe(200);
    expect((await get(reader, replays)).status).toBe(200);
  });

  test('does not know the endpoints of others, deleted ones and those of other projects', async () => {
    const [world, foreign] = await Promise.all([newWorld(), newWorld()]);
    const admin = await api.keyOf(world.tenant, ['admin'], { tenantWide: true });
    const project = await api.send('POST', '/api/v1/projects', { key: admin, body: { name: 'b' } });
    // Safe because the answer is a project's.
    const projectId = project.string('id') as ProjectId;
    const elsewhere = await createEndpointRow(
      api.db.database,
      { ...world.tenant, projectId },
      'https://example.com/',
    );
    const deleted = await createEndpointRow(api.db.database, world.tenant, 'https://example.com/', {
      deletedAt: new Date(),
    });
    for (const endpointId of [foreign.endpointId, elsewhere, deleted, newId(0)]) {
      const answer = await post(world.key, { filter: lastHour(), endpointId });
      expect(answer.status).toBe(404);
    }
    expect((await get(world.key, replays)).ids()).toEqual([]);
  });

  test('is refused for an endpoint that is disabled, and beside many others', async () => {
    const world = await newWorld();
    const { tenant, key } = world;
    const disabled = await createEndpointRow(api.db.database, tenant, 'https://example.com/', {
      status: 'disabled',
    });
    const body = { filter: { status: 'failed', ...lastHour() } };
    expect((await post(key, { ...body, endpointId: disabled })).status).toBe(409);
    await failedEvent(world);
    for (let made = 0; made < 20; made += 1) expect((await post(key, body)).status).toBe(202);
    expect((await post(key, body)).status).toBe(409);
    const [id] = (await get(key, replays)).ids();
    expect((await api.send('POST', `${replays}/${id}/cancel`, { key })).body).toMatchObject({
      status: 'cancelled',
    });
    expect((await post(key, body)).status).toBe(202);
  });
});

describe('what another project of the tenant replays', () => {
  test('does not exist for a key of this one', async () => {
    const world = await newWorld();
    const admin = await api.keyOf(world.tenant, ['admin'], { tenantWide: true });
    const project = await api.send('POST', '/api/v1/projects', { key: admin, body: { name: 'b' } });
    const projectId = project.string('id');
    const made = await post(admin, { filter: lastHour(), projectId });
    const path = `${replays}/${made.string('id')}`;
    expect((await get(world.key, path)).status).toBe(404);
    expect((await api.send('POST', `${path}/cancel`, { key: world.key })).status).toBe(404);
    expect((await get(world.key, replays)).ids()).toEqual([]);
    expect((await get(admin, path)).status).toBe(200);
  });
});

test('one that is done cannot be cancelled', async () => {
  const world = await newWorld();
  const made = await post(world.key, { filter: lastHour(), dryRun: true });
  const path = `${replays}/${made.string('id')}/cancel`;
  expect((await api.send('POST', path, { key: world.key })).status).toBe(409);
});

test('the deliveries of an event include those of replays, pending and ended', async () => {
  const world = await newWorld();
  const { key } = world;
  const [eventId, otherId] = [await failedEvent(world), await failedEvent(world)];
  const filter = { status: 'failed', ...lastHour() };
  const [a, b] = [await post(key, { filter }), await post(key, { filter })];
  await run();
  await api.db.admin.sql`
    with gone as (delete from delivery_queue where replay_id = ${a.string('id')} returning *)
    insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type, status,
      attempts, created_at, completed_at, replay_id)
    select id, tenant_id, project_id, event_id, endpoint_id, event_type, 'delivered', 1, created_at,
      now(), replay_id from gone`;
  const list = (query: object) =>
    get(key, `/api/v1/deliveries?${new URLSearchParams({ ...query })}`);
  const all = await list({ eventId });
  expect(Object(all.body).data).toMatchObject([
    { status: 'pending', eventId, replayId: b.string('id'), nextAttemptAt: expect.any(String) },
    { status: 'delivered', eventId, replayId: a.string('id'), completedAt: expect.any(String) },
    { status: 'failed', eventId, replayId: null },
  ]);
  const [pending = '', delivered = '', failed = ''] = all.ids();
  expect((await list({ eventId, status: 'pending' })).ids()).toEqual([pending]);
  expect((await list({ eventId, status: 'delivered' })).ids()).toEqual([delivered]);
  expect((await list({ eventId, status: 'failed' })).ids()).toEqual([failed]);
  expect((await list({ eventId, endpointId: newId(0) })).ids()).toEqual([]);
  expect((await list({ eventId, type: 'order.*' })).ids()).toEqual([]);
  expect((await list({ eventId, replayId: a.string('id') })).ids()).toEqual([delivered]);
  expect((await list({ replayId: a.string('id'), status: 'failed' })).ids()).toEqual([]);
  expect((await list({ replayId: a.string('id') })).ids()).toHaveLength(2);
  expect(
    (await list({ replayId: b.string('id'), endpointId: world.endpointId })).ids(),
  ).toHaveLength(2);
  const first = await list({ eventId, limit: '1' });
  const rest = await list({ eventId, limit: '2', cursor: first.string('nextCursor') });
  expect([...first.ids(), ...rest.ids()]).toEqual(all.ids());
  const counts = { pending: 1, delivered: 1, failed: 1, cancelled: 0 };
  for (const id of [eventId, otherId]) {
    const event = await get(key, `/api/v1/events/${id}`);
    expect(event.body).toMatchObject({ deliveries: counts });
  }
  const events = await get(key, '/api/v1/events');
  expect(Object(events.body).data).toMatchObject([{ deliveries: counts }, { deliveries: counts }]);
  const stranger = await newWorld();
  const foreign = await get(stranger.key, `/api/v1/deliveries?eventId=${eventId}`);
  expect(foreign.ids()).toEqual([]);
});
