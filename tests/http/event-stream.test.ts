/** /api/v1/events/stream: what comes, when, from where it goes on, and when it ends. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { createLiveStreams, type LiveSource } from '../../src/controllers/live-streams.ts';
import { AppError } from '../../src/domain/errors.ts';
import { type EventId, newId, type TenantId } from '../../src/domain/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { createEventRow } from '../support/deliveries.ts';
import { eventually } from '../support/delivery-engine.ts';
import { type EventStream, openStream } from '../support/event-stream.ts';
import { createEndpointRow, type TestTenant } from '../support/tenants.ts';

let api: TestApi;
const streams: EventStream[] = [];

beforeAll(async () => {
  api = await startApi();
});
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});
afterAll(() => api.stop());

async function open(key: string, options: Parameters<typeof openStream>[2] = {}) {
  const stream = await openStream(api.url, key, options);
  streams.push(stream);
  return stream;
}

async function post(key: string, type = 'invoice.paid'): Promise<string> {
  const body = { type, payload: { n: 1 } };
  return (await api.send('POST', '/api/v1/webhooks', { key, body })).string('id');
}

const holds = (id: string) => (message: EventStream['messages'][number]) =>
  message.events?.data.some((event) => event.id === id) ?? false;

describe('a stream', () => {
  test('shows an event and its delivery as the lists do, without the payload', async () => {
    const tenant = await api.newTenant();
    const endpointId = await createEndpointRow(api.db.database, tenant, 'http://127.0.0.1:9/');
    const stream = await open(tenant.key);
    const id = await post(tenant.key);
    const message = await stream.message(holds(id));
    const [listed] = Object(
      (await api.send('GET', '/api/v1/events', { key: tenant.key })).body,
    ).data;
    expect(message.events?.data).toEqual([listed]);
    expect(JSON.stringify(message)).not.toContain('payload');
    const deliveries = await api.send('GET', '/api/v1/deliveries', { key: tenant.key });
    expect(message.deliveries?.data).toEqual(Object(deliveries.body).data);
    expect(message.deliveries?.data).toMatchObject([{ endpointId, status: 'pending' }]);
  });

  test('says at first all its kinds, then those that have news', async () => {
    const tenant = await api.newTenant();
    const stream = await open(tenant.key);
    const first = await stream.message(() => true);
    expect(first.kinds).toEqual(['events', 'deliveries', 'endpoints', 'replays', 'figures']);
    await post(tenant.key);
    const next = await stream.message((message) => message !== first);
    expect(next.kinds).toEqual(['events', 'deliveries']);
  });

  test('shows an event once, and a delivery again when it has changed', async () => {
    const tenant = await api.newTenant();
    await createEndpointRow(api.db.database, tenant, 'http://127.0.0.1:9/');
    const stream = await open(tenant.key);
    const id = await post(tenant.key);
    const [delivery] = (await stream.message(holds(id))).deliveries?.data ?? [];
    await api.send('POST', `/api/v1/deliveries/${delivery?.id}/cancel`, { key: tenant.key });
    const later = await stream.message(
      (message) => message.deliveries?.data.some(({ status }) => status === 'cancelled') ?? false,
    );
    expect(later.deliveries?.data.map((one) => one.id)).toEqual([delivery?.id ?? '']);
    expect(stream.messages.filter(holds(id)).length).toBe(1);
  });

  test('of 500 events within a moment brings few messages, of bounded size, and says how many more', async () => {
    const tenant = await api.newTenant();
    const stream = await open(tenant.key);
    await stream.message(() => true);
    const events = Array.from({ length: 500 }, (_, n) => ({ type: 'a', payload: n }));
    const startedMs = performance.now();
    const key = tenant.key;
    await api.send('POST', '/api/v1/webhooks/batch', { key, body: { events } });
    const full = await stream.message(({ events: got }) => (got?.more ?? 0) > 0);
    expect(full.events?.data.length).toBe(50);
    expect(full.events?.more).toBe(150);
    await post(key, 'last');
    await stream.message(
      ({ events: got }) => got?.data.some(({ type }) => type === 'last') ?? false,
    );
    const seconds = (performance.now() - startedMs) / 1_000;
    expect(stream.messages.length).toBeLessThanOrEqual(3 + Math.ceil(2 * seconds));
  });

  test('takes only the kinds that are asked for', async () => {
    const tenant = await api.newTenant();
    const stream = await open(tenant.key, { query: '?types=endpoints,events' });
    const first = await stream.message(() => true);
    expect(first.kinds).toEqual(['events', 'endpoints']);
    expect(first.deliveries).toBeUndefined();
  });

  test('shares one read of the database among its viewers', async () => {
    const tenant = await api.newTenant();
    const viewers = await Promise.all(Array.from({ length: 30 }, () => open(tenant.key)));
    await Promise.all(viewers.map((stream) => stream.message(() => true)));
    const before = api.queries.get('listEvents') ?? 0;
    const id = await post(tenant.key);
    await Promise.all(viewers.map((stream) => stream.message(holds(id))));
    expect((api.queries.get('listEvents') ?? 0) - before).toBe(1);
  });
});

describe('after a lost connection', () => {
  test('a stream goes on where it was, and shows what was committed late', async () => {
    const tenant = await api.newTenant();
    const first = await open(tenant.key);
    const seen = await post(tenant.key);
    const { id: lastEventId } = await first.message(holds(seen));
    first.close();
    const missed = await post(tenant.key);
    // Made by another process 10 s before, committed now.
    const late = newId<EventId>(Date.now() - 10_000);
    await createEventRow(api.db.database, tenant, { id: late });
    const again = await open(tenant.key, { lastEventId });
    const message = await again.message(() => true);
    const ids = message.events?.data.map(({ id }) => id);
    expect(ids).toEqual([missed, seen, late]);
  });

  test('a stream that comes back after long goes on from there, with the newest of it', async () => {
    const tenant = await api.newTenant();
    const nowMs = Date.now();
    const older = newId<EventId>(nowMs - 3_600_000);
    const oldest = newId<EventId>(nowMs - 7_200_000);
    for (const id of [older, oldest]) await createEventRow(api.db.database, tenant, { id });
    const lastEventId = String(nowMs - 3_610_000);
    const message = await (await open(tenant.key, { lastEventId })).message(() => true);
    expect(message.events?.data.map(({ id }) => id)).toEqual([older]);
  });

  test('what a viewer catches up on is not shown to the others again', async () => {
    const tenant = await api.newTenant();
    const steady = await open(tenant.key);
    const id = newId<EventId>(Date.now() - 3_600_000);
    await createEventRow(api.db.database, tenant, { id });
    await steady.message(() => true);
    const back = await open(tenant.key, { lastEventId: String(Date.now() - 3_610_000) });
    await back.message(holds(id));
    const last = await post(tenant.key);
    await steady.message(holds(last));
    expect(steady.messages.filter(holds(id))).toEqual([]);
  });

  test('an id that is none of ours is as if there was none', async () => {
    const tenant = await api.newTenant();
    const stream = await open(tenant.key, { lastEventId: 'abc' });
    expect((await stream.message(() => true)).events).toEqual({ data: [], more: 0 });
  });
});

describe('a stream is refused', () => {
  test.each([['?types=events,nothing'], ['?types='], ['?projectId=x'], ['?other=1']])(
    'with the query %s',
    async (query) => {
      const { key } = await api.newTenant();
      const answer = await api.send('GET', `/api/v1/events/stream${query}`, { key });
      expect(answer.status).toBe(422);
    },
  );

  test('without the scope of a kind that it names; without naming it, the kind is left out', async () => {
    const tenant = await api.newTenant();
    const key = await api.keyOf(tenant, ['events:read']);
    const named = await api.send('GET', '/api/v1/events/stream?types=deliveries', { key });
    expect(named.status).toBe(403);
    const first = await (await open(key)).message(() => true);
    expect(first.kinds).toEqual(['events']);
  });

  test('of a project of another tenant, and shows nothing of it', async () => {
    const [owner, other] = await Promise.all([api.newTenant(), api.newTenant()]);
    const key = await api.keyOf(other, ['admin'], { tenantWide: true });
    const path = `/api/v1/events/stream?projectId=${owner.projectId}`;
    expect((await api.send('GET', path, { key })).status).toBe(404);
    const own = await open(other.key);
    const first = await own.message(() => true);
    await post(owner.key);
    const id = await post(other.key);
    await own.message(holds(id));
    expect(own.messages.flatMap(({ events }) => events?.data ?? []).map((one) => one.id)).toEqual([
      id,
    ]);
    expect(own.messages[0]).toEqual(first);
  });
});

describe('a stream ends', () => {
  async function revoke(tenant: TestTenant, id: string) {
    const key = await api.keyOf(tenant, ['api-keys:write']);
    expect((await api.send('DELETE', `/api/v1/api-keys/${id}`, { key })).status).toBe(204);
  }

  test('within a second of the end of its key, and those of other keys go on', async () => {
    const tenant = await api.newTenant();
    const manager = await api.keyOf(tenant, ['admin']);
    const body = { name: 'viewer', scopes: ['events:read'] };
    const made = await api.send('POST', '/api/v1/api-keys', { key: manager, body });
    const [ending, staying] = [await open(made.string('key')), await open(tenant.key)];
    await ending.message(() => true);
    await revoke(tenant, made.string('id'));
    const revokedMs = performance.now();
    await ending.ended;
    expect(performance.now() - revokedMs).toBeLessThan(1_000);
    const id = await post(tenant.key);
    await staying.message(holds(id));
  });

  test('when its client goes away, which is noticed at once', async () => {
    const tenant = await api.newTenant();
    const before = api.streams.count();
    const stream = await open(tenant.key);
    await stream.message(() => true);
    expect(api.streams.count()).toBe(before + 1);
    stream.close();
    await eventually(
      () => api.streams.count(),
      (count) => count === before,
    );
  });
});

describe('the streams of a process', () => {
  const request = new Request('http://127.0.0.1/');
  const source = (values: Partial<LiveSource> = {}): LiveSource => ({
    tenantId: newId<TenantId>(Date.now()),
    session: null,
    attach: () => () => {},
    authorise: async () => {},
    ...values,
  });
  const start = (limits: { streamsMax?: number; tenantStreamsMax?: number } = {}) =>
    createLiveStreams({
      ...{ limitIdle: () => {}, changesHeard: () => true, log: createLog('silent') },
      ...limits,
    });
  const codeOf = (work: () => unknown) => {
    try {
      work();
      return null;
    } catch (error) {
      return error instanceof AppError ? error.code : error;
    }
  };

  test('are bounded for each tenant, and there is room again when one leaves', async () => {
    const all = start({ tenantStreamsMax: 2 });
    const one = source();
    const first = all.open(request, one);
    all.open(request, one);
    expect(codeOf(() => all.open(request, one))).toBe('rate_limited');
    all.open(request, source());
    await first.body?.cancel();
    all.open(request, one);
    expect(all.count()).toBe(3);
    all.stop();
  });

  test('are bounded in all', () => {
    const all = start({ streamsMax: 2 });
    all.open(request, source());
    all.open(request, source());
    expect(codeOf(() => all.open(request, source()))).toBe('unavailable');
    all.stop();
  });

  test('let go of a client that does not read, and of its connection', async () => {
    let left = 0;
    let say: (text: string) => void = () => {};
    const all = createLiveStreams({
      limitIdle: (of, seconds) => server.timeout(of, seconds),
      ...{ changesHeard: () => true, log: createLog('silent') },
    });
    const stuck = source({
      attach(_since, onMessage) {
        say = (text) => onMessage({ cursor: '1', text });
        return () => {
          left += 1;
        };
      },
    });
    const server = Bun.serve({
      ...{ hostname: '127.0.0.1', port: 0, fetch: (of) => all.open(of, stuck) },
    });
    const socket = connect(Number(server.port), '127.0.0.1').pause();
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await eventually(
      () => all.count(),
      (count) => count === 1,
    );
    // What the system's buffers take, then what is kept here.
    for (let sent = 0; sent < 1_000 && left === 0; sent += 1) {
      say('x'.repeat(64 * 1024));
      await new Promise(setImmediate);
    }
    expect([left, all.count()]).toEqual([1, 0]);
    await eventually(
      () => server.pendingRequests,
      (count) => count === 0,
      15_000,
    );
    socket.destroy();
    await server.stop(true);
  }, 20_000);

  test('end at the stop, and no new one begins', async () => {
    const all = start();
    const response = all.open(request, source());
    all.stop();
    expect(await response.text()).toMatch(/^retry: \d{4}\n\n$/);
    expect(codeOf(() => all.open(request, source()))).toBe('unavailable');
  });

  test('go on while the database is away, and end when the credential is gone', async () => {
    const all = start();
    const one = source({
      authorise: () => Promise.reject(new AppError('unavailable', 'The database is away.')),
    });
    const gone = source({
      authorise: () => Promise.reject(new AppError('unauthenticated', 'It was revoked.')),
    });
    all.open(request, one);
    const ended = all.open(request, gone);
    all.recheck(null);
    await ended.text();
    expect(all.count()).toBe(1);
    all.stop();
  });
});
