/**
 * A tenant whose every text holds one word, its marker, so that it is found wherever it leaks to.
 * Slugs and ids are left without it: who asks for them may see them again.
 */
import type { EndpointId, EventId } from '../../../src/domain/ids.ts';
import { createPasswordHasher } from '../../../src/lib/password-hasher.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../deliveries.ts';
import { createAccount } from '../people.ts';
import type { TestPages } from '../signed-in.ts';
import { createTenant, type TestTenant } from '../tenants.ts';

export type MarkedTenant = TestTenant & { marker: string };

const passwords = createPasswordHasher();

export async function createMarkedTenant(pages: TestPages): Promise<MarkedTenant> {
  const tenant = await createTenant(pages.db.database);
  const marker = `zq${tenant.tenantId.slice(-12)}zq`;
  const { sql } = pages.db.admin;
  await sql`update tenants set name = ${marker} where id = ${tenant.tenantId}`;
  await sql`update projects set name = ${marker} where id = ${tenant.projectId}`;
  return { ...tenant, marker };
}

const thingNames = [
  ...(['endpoint', 'event', 'delivery', 'pending delivery', 'replay', 'source'] as const),
  ...(['api key', 'member', 'invitation', 'portal link'] as const),
];
/** What the path of a page may name; a new thing is a line here and a maker below. */
export type ThingName = (typeof thingNames)[number];

type Maker = (pages: TestPages, tenant: MarkedTenant) => Promise<string>;

/** Each makes one and answers its id. */
const makers: Record<ThingName, Maker> = {
  async endpoint(pages, { marker, ...tenant }) {
    return post(pages, tenant, '/endpoints', {
      url: `https://example.com/${marker}`,
      description: marker,
      customer: marker,
      eventTypes: [`${marker}.*`],
      headers: { 'x-marker': marker },
      auth: { kind: 'bearer', token: marker },
      filter: { payload: { word: marker } },
    });
  },
  event: (pages, { marker, ...tenant }) =>
    createEventRow(pages.db.database, tenant, {
      type: marker,
      payload: JSON.stringify({ word: marker }),
      orderingKey: marker,
      metadata: { word: marker },
    }),
  async delivery(pages, tenant) {
    const { marker, tenantId } = tenant;
    const [eventId, endpointId] = await eventAndEndpoint(pages, tenant);
    const id = await createEndedRow(pages.db.database, tenant, eventId, endpointId, {
      ...{ eventType: marker, status: 'failed', lastError: marker, reason: 'retries_exhausted' },
    });
    const headers = JSON.stringify({ 'x-marker': marker });
    const { sql } = pages.db.admin;
    await sql`
      insert into delivery_attempts (tenant_id, delivery_id, id, attempt, outcome, started_at,
        duration_ms, status_code, request_headers, response_headers, response_body, error_message,
        worker)
      values (${tenantId}, ${id}, ${Bun.randomUUIDv7()}, 1, 'failed', now(), 1, 500,
        ${headers}::text::json, ${headers}::text::json, ${marker},
        ${marker}, ${marker})`;
    return id;
  },
  async 'pending delivery'(pages, tenant) {
    const [eventId, endpointId] = await eventAndEndpoint(pages, tenant);
    const { marker } = tenant;
    return createPendingRow(pages.db.database, tenant, eventId, endpointId, { eventType: marker });
  },
  replay: (pages, { marker, ...tenant }) =>
    post(pages, tenant, '/replays', {
      filter: { type: `${marker}.*`, since: '2026-01-31T00:00:00Z', until: '2026-02-01T00:00:00Z' },
    }),
  async source(pages, { marker, ...tenant }) {
    const input = { name: marker, kind: 'github', eventType: marker };
    const id = await post(pages, tenant, '/sources', input);
    await pages.db.admin.sql`
      insert into source_counts (tenant_id, source_id, hour, outcome, reason, messages, last_at)
      values (${tenant.tenantId}, ${id}, date_trunc('hour', now()), 'refused', ${marker}, 1, now())`;
    return id;
  },
  'api key': (pages, { marker, ...tenant }) =>
    post(pages, tenant, '/api-keys', { name: marker, scopes: ['events:read'] }),
  async member(pages, { marker, ...tenant }) {
    const { userId } = await createAccount(pages.db, { passwords }, [{ tenant, role: 'member' }]);
    const email = `${marker}-${userId}@opsforge.test`;
    await pages.db.admin.sql`
      update users set name = ${marker}, email = ${email} where id = ${userId}`;
    return userId;
  },
  invitation: (pages, { marker, ...tenant }) =>
    post(pages, tenant, '/invitations', {
      email: `${marker}-${crypto.randomUUID()}@opsforge.test`,
      role: 'viewer',
    }),
  'portal link': async (pages, tenant) => (await makePortalLink(pages, tenant)).id,
};

/** For the customer that all of this tenant's things are made for, by its marker. */
export async function makePortalLink(
  pages: TestPages,
  { marker, ...tenant }: MarkedTenant,
  values: { permissions?: readonly string[]; expiresInSeconds?: number } = {},
): Promise<{ id: string; token: string }> {
  const made = await send(pages, tenant, '/portal-links', { customer: marker, ...values });
  return { id: made.string('id'), token: made.string('token') };
}

/** Another customer of the same tenant: its things have a marker of their own. */
export const anotherCustomer = (tenant: MarkedTenant): MarkedTenant => ({
  ...tenant,
  marker: `zc${crypto.randomUUID().slice(-12)}zc`,
});

export const makeThing = (pages: TestPages, tenant: MarkedTenant, name: ThingName) =>
  makers[name](pages, tenant);

/** One of everything; its ids by name. */
export async function fillTenant(
  pages: TestPages,
  tenant: MarkedTenant,
): Promise<ReadonlyMap<ThingName, string>> {
  const ids = new Map<ThingName, string>();
  const { marker, projectId } = tenant;
  const key = await pages.keyOf(tenant, ['admin'], { tenantWide: true });
  await pages.send('PATCH', '/api/v1/portal-settings', { key, body: { projectId, name: marker } });
  for (const name of thingNames) ids.set(name, await makers[name](pages, tenant));
  return ids;
}

async function eventAndEndpoint(pages: TestPages, tenant: MarkedTenant) {
  // Safe because the makers make what their names say.
  const eventId = (await makers.event(pages, tenant)) as EventId;
  return [eventId, (await makers.endpoint(pages, tenant)) as EndpointId] as const;
}

async function post(pages: TestPages, tenant: TestTenant, path: string, values: object) {
  return (await send(pages, tenant, path, values)).string('id');
}

async function send(pages: TestPages, tenant: TestTenant, path: string, values: object) {
  const key = await pages.keyOf(tenant, ['admin'], { tenantWide: true });
  const isTenants = path === '/invitations' || path === '/api-keys';
  const body = isTenants ? values : { projectId: tenant.projectId, ...values };
  const made = await pages.send('POST', `/api/v1${path}`, { key, body });
  if (made.status >= 300) throw new Error(`POST ${path}: ${made.status} ${made.text}`);
  return made;
}
