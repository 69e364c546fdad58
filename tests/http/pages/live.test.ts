/** /t/{tenant}/p/{project}/live: what an open page is told, who may hear it, and when it ends. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { eventually } from '../../support/delivery-engine.ts';
import { type EventStream, openPageStream } from '../../support/event-stream.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import type { TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
const streams: EventStream[] = [];

beforeAll(async () => {
  pages = await startPages();
});
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});
afterAll(() => pages.stop());

const pathOf = ({ name }: TestTenant, query = '') => `/t/${name}/p/main/live${query}`;

async function open(tenant: TestTenant, query = '', cookie = pages.cookie()) {
  const stream = await openPageStream(new URL(pathOf(tenant, query), pages.url), cookie);
  streams.push(stream);
  return stream;
}

async function post(key: string): Promise<void> {
  const body = { type: 'invoice.paid', payload: { n: 1 } };
  await pages.send('POST', '/api/v1/webhooks', { key, body });
}

/** Signed in as a viewer of a tenant of their own, with a stream that has begun. */
async function watch(query = '') {
  const tenant = await pages.newTenant();
  await pages.signIn(tenant, 'viewer');
  const stream = await open(tenant, query);
  const first = await stream.message(() => true);
  const later = () => stream.message((message) => message !== first);
  return { tenant, stream, first, later, cookie: pages.cookie() };
}

describe('an open page', () => {
  test('is told at first of all that it shows, then of what has news, and when to ask', async () => {
    const { tenant, first, later } = await watch();
    expect(first.kinds).toEqual(['events', 'deliveries', 'endpoints', 'replays', 'figures']);
    await post(tenant.key);
    const { kinds, ...rest } = await later();
    expect(kinds).toEqual(['events', 'deliveries']);
    expect(Object.keys(rest).toSorted()).toEqual(['fromMs', 'id', 'untilMs']);
  });

  test('is told of the kinds that it names alone', async () => {
    const { tenant, stream, first } = await watch('?types=replays,endpoints');
    expect(first.kinds).toEqual(['endpoints', 'replays']);
    await post(tenant.key);
    pages.deps.tellNews(tenant.projectId, ['replays']);
    await stream.message(({ kinds }) => kinds.join() === 'replays');
    expect(stream.messages.length).toBe(2);
  });

  test('hears nothing of another tenant', async () => {
    const other = await pages.newTenant();
    const { tenant, stream, first } = await watch();
    await post(other.key);
    pages.deps.tellNews(tenant.projectId, ['endpoints']);
    const next = await stream.message((message) => message !== first);
    expect(next.kinds).toEqual(['endpoints']);
  });

  test('reads nothing of the database for what it is told', async () => {
    const { tenant, later } = await watch();
    const before = pages.queries.get('listEvents') ?? 0;
    await post(tenant.key);
    await later();
    expect(pages.queries.get('listEvents') ?? 0).toBe(before);
  });

  test.each(['?types=events,nothing', '?types=', '?projectId=x'])(
    'is refused with the query %s',
    async (query) => {
      const tenant = await pages.newTenant();
      await pages.signIn(tenant);
      expect((await pages.get(pathOf(tenant, query))).status).toBe(422);
    },
  );

  test('of another tenant is not there, and nobody is sent to sign in', async () => {
    const [own, other] = [await pages.newTenant(), await pages.newTenant()];
    await pages.signIn(own);
    expect((await pages.get(pathOf(other))).status).toBe(404);
    pages.signOut();
    expect((await pages.get(pathOf(own), { authorization: `Bearer ${own.key}` })).status).toBe(303);
  });
});

describe('the stream of a page ends', () => {
  async function expectEnd(stream: EventStream) {
    const startedMs = performance.now();
    await stream.ended;
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  }

  test('within a second of the sign-out, and that of another session goes on', async () => {
    const { tenant, stream: staying } = await watch();
    await pages.signIn(tenant);
    const ending = await open(tenant);
    await ending.message(() => true);
    expect((await pages.post('/sign-out', {})).status).toBe(303);
    await expectEnd(ending);
    await post(tenant.key);
    await staying.message(({ kinds }) => kinds.join() === 'events,deliveries');
  });

  test('when its person is no longer of the tenant', async () => {
    const { tenant, stream } = await watch();
    const { sql } = pages.db.admin;
    const [row] = await sql`
      delete from memberships where tenant_id = ${tenant.tenantId} returning user_id as "userId"`;
    pages.deps.announceChange({ kind: 'people', userId: row?.['userId'] });
    await expectEnd(stream);
  });

  test('when its client goes away, which is noticed at once', async () => {
    const before = pages.streams.count();
    const { stream } = await watch();
    expect(pages.streams.count()).toBe(before + 1);
    stream.close();
    const count = () => pages.streams.count();
    expect(await eventually(count, (open) => open === before)).toBe(before);
  });
});

test('of one session there are 50 at most', async () => {
  const { tenant } = await watch();
  for (let count = 1; count < 50; count += 1) await open(tenant);
  const refused = await pages.get(pathOf(tenant));
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('5');
  await pages.signIn(tenant);
  expect((await open(tenant)).status).toBe(200);
});

test('a stop ends the streams of pages, and no new one begins', async () => {
  const { tenant, stream } = await watch();
  pages.streams.stop();
  await stream.ended;
  expect((await pages.get(pathOf(tenant))).status).toBe(503);
});
