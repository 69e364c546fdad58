/**
 * What holds for every operation of the document, so that a new one cannot be forgotten: it works
 * with a key that may, and is refused without a credential, without the scope, and to another
 * tenant.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { openapiDocument } from '../../src/controllers/server.ts';
import { newId, type ProjectId } from '../../src/domain/ids.ts';
import { listenerUrl, listeningReason } from '../../src/domain/listeners.ts';
import { createPasswordHasher } from '../../src/lib/password-hasher.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../support/deliveries.ts';
import { createAccount, someEmail } from '../support/people.ts';
import { createEndpointRow, createKey, type TestTenant } from '../support/tenants.ts';

type Operation = {
  name: string;
  method: string;
  path: string;
  takesBody: boolean;
  /** Parameters of the query without which it is a 422. */
  query: string;
  /** Wants no credential; tested by itself. */
  isPublic: boolean;
  example: unknown;
};

const operations: Operation[] = Object.entries(Object(openapiDocument()['paths'])).flatMap(
  ([path, methods]) =>
    Object.entries(Object(methods)).map(([method, value]) => {
      const operation = Object(value);
      return {
        name: String(operation.operationId),
        method: method.toUpperCase(),
        path,
        isPublic: operation.security?.length === 0,
        takesBody: operation.requestBody?.required === true,
        query: requiredQuery(operation.parameters ?? []),
        example: operation.requestBody?.content['application/json'].example,
      };
    }),
);

/** Each required parameter with the first value that it may have. */
function requiredQuery(parameters: { name: string; required: boolean; schema: unknown }[]) {
  const required = parameters.filter((one) => one.required && one.name !== 'id');
  const query = required.map(({ name, schema }): [string, string] => [
    name,
    String(Object(schema).enum?.[0]),
  ]);
  return new URLSearchParams(query).toString();
}

/** What each operation is tried on: makes what it needs and answers the id for its path. */
const arrange: Record<string, ((tenant: TestTenant) => Promise<string>) | null> = {
  postEvent: null,
  postEventBatch: null,
  streamEvents: null,
  listEvents: null,
  getEvent: (tenant) => createEventRow(api.db.database, tenant),
  listDeliveries: null,
  getDelivery: (tenant) => pending(tenant),
  listAttempts: (tenant) => pending(tenant),
  retryDelivery: (tenant) => ended(tenant),
  cancelDelivery: (tenant) => pending(tenant),
  listReplays: null,
  createReplay: null,
  getReplay: (tenant) => replay(tenant),
  cancelReplay: (tenant) => replay(tenant),
  createListener: null,
  pullDeliveries: (tenant) => listener(tenant),
  answerDelivery: (tenant) => pulled(tenant),
  listEndpoints: null,
  createEndpoint: null,
  getEndpoint: (tenant) => endpoint(tenant),
  updateEndpoint: (tenant) => endpoint(tenant),
  deleteEndpoint: (tenant) => endpoint(tenant),
  getEndpointStats: (tenant) => endpoint(tenant),
  getEndpointSecret: (tenant) => endpoint(tenant),
  rotateEndpointSecret: (tenant) => endpoint(tenant),
  testEndpoint: (tenant) => endpoint(tenant),
  enableEndpoint: (tenant) => endpoint(tenant),
  disableEndpoint: (tenant) => endpoint(tenant),
  pauseEndpoint: (tenant) => endpoint(tenant),
  resumeEndpoint: (tenant) => endpoint(tenant),
  listPublicKeys: null,
  listSources: null,
  createSource: null,
  getSource: (tenant) => source(tenant),
  updateSource: (tenant) => source(tenant),
  deleteSource: (tenant) => source(tenant),
  pauseSource: (tenant) => source(tenant),
  resumeSource: (tenant) => source(tenant),
  receiveSource: null,
  listPortalLinks: null,
  createPortalLink: null,
  revokePortalLink: (tenant) => portalLink(tenant),
  getPortalSettings: null,
  updatePortalSettings: null,
  listProjects: null,
  createProject: null,
  getProject: (tenant) => Promise.resolve(tenant.projectId),
  updateProject: (tenant) => Promise.resolve(tenant.projectId),
  deleteProject: (tenant) => emptyProject(tenant),
  listApiKeys: null,
  createApiKey: null,
  getApiKey: async (tenant) => (await createKey(api.db.database, tenant)).id,
  updateApiKey: async (tenant) => (await createKey(api.db.database, tenant)).id,
  revokeApiKey: async (tenant) => (await createKey(api.db.database, tenant)).id,
  listAuditEntries: null,
  exportAuditEntries: null,
  listMembers: null,
  getMember: (tenant) => member(tenant),
  updateMember: (tenant) => member(tenant),
  removeMember: (tenant) => member(tenant),
  listInvitations: null,
  createInvitation: null,
  getInvitation: (tenant) => invitation(tenant),
  revokeInvitation: (tenant) => invitation(tenant),
  getUsage: null,
};

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const endpoint = (tenant: TestTenant) =>
  createEndpointRow(api.db.database, tenant, 'https://example.com/');
async function source(tenant: TestTenant) {
  const key = await api.keyOf(tenant, ['sources:write']);
  const body = { name: 'source', kind: 'github' };
  return (await api.send('POST', '/api/v1/sources', { key, body })).string('id');
}
async function pending(tenant: TestTenant) {
  const eventId = await createEventRow(api.db.database, tenant);
  return createPendingRow(api.db.database, tenant, eventId, await endpoint(tenant));
}
async function listener(tenant: TestTenant) {
  const state = { status: 'paused' as const, statusReason: listeningReason };
  return createEndpointRow(api.db.database, tenant, listenerUrl, state);
}
async function pulled(tenant: TestTenant) {
  const eventId = await createEventRow(api.db.database, tenant);
  return createPendingRow(api.db.database, tenant, eventId, await listener(tenant));
}
async function ended(tenant: TestTenant) {
  const eventId = await createEventRow(api.db.database, tenant);
  return createEndedRow(api.db.database, tenant, eventId, await endpoint(tenant));
}
async function replay(tenant: TestTenant) {
  const key = await api.keyOf(tenant, ['deliveries:write']);
  const filter = { since: '2026-01-31T00:00:00Z', until: '2026-02-01T00:00:00Z' };
  const made = await api.send('POST', '/api/v1/replays', { key, body: { filter } });
  return made.string('id');
}
async function member(tenant: TestTenant) {
  const passwords = createPasswordHasher();
  return (await createAccount(api.db, { passwords }, [{ tenant, role: 'member' }])).userId;
}
async function invitation(tenant: TestTenant) {
  const key = await api.keyOf(tenant, ['admin'], { tenantWide: true });
  const body = { email: someEmail(), role: 'viewer' };
  return (await api.send('POST', '/api/v1/invitations', { key, body })).string('id');
}
async function portalLink(tenant: TestTenant) {
  const key = await api.keyOf(tenant, ['admin']);
  const body = { customer: 'customer' };
  return (await api.send('POST', '/api/v1/portal-links', { key, body })).string('id');
}
async function emptyProject(tenant: TestTenant) {
  const key = await api.keyOf(tenant, ['admin'], { tenantWide: true });
  const made = await api.send('POST', '/api/v1/projects', { key, body: { name: 'empty' } });
  return made.string('id');
}

const projectCreators = [
  'postEvent',
  'postEventBatch',
  'createEndpoint',
  'createListener',
  'createSource',
  'createReplay',
  'createPortalLink',
  'updatePortalSettings',
];
const lists = [
  'streamEvents',
  'listEvents',
  'listDeliveries',
  'listEndpoints',
  'listSources',
  'listReplays',
  'listPortalLinks',
  'getPortalSettings',
];
function call(
  operation: Operation,
  id: string,
  key?: string,
  projectId?: ProjectId,
  headers: Record<string, string> = {},
) {
  const isBody = operation.method !== 'GET' && operation.example !== undefined;
  const namesProject = projectCreators.includes(operation.name);
  const named = namesProject && projectId ? { projectId } : {};
  const isProjectList = lists.includes(operation.name);
  const query = isProjectList && projectId ? `projectId=${projectId}` : operation.query;
  return api.send(operation.method, `${operation.path.replace('{id}', id)}?${query}`, {
    headers,
    ...(key === undefined ? {} : { key }),
    ...(isBody ? { body: naming(operation.example, named) } : {}),
  });
}

/** Of a batch, each event names its project. */
function naming(example: unknown, named: { projectId?: ProjectId }): object {
  const { events, ...body } = Object(example);
  if (!Array.isArray(events)) return { ...body, ...named };
  return { ...body, events: events.map((event) => ({ ...event, ...named })) };
}

const someId = newId<string>(Date.now());

test('every operation of the document is tried here, and nothing else', () => {
  expect(Object.keys(arrange).toSorted()).toEqual(operations.map(({ name }) => name).toSorted());
});

test('every body that must be sent has an example in the document', () => {
  const bare = operations.filter(({ takesBody, example }) => takesBody && example === undefined);
  expect(bare.map(({ name }) => name)).toEqual([]);
});

const guarded = operations.filter(({ isPublic }) => !isPublic);

describe.each(guarded)('$name', (operation) => {
  test('works for a key that may, bound to no project', async () => {
    const tenant = await api.newTenant();
    const key = await api.keyOf(tenant, ['admin'], { tenantWide: true });
    const id = (await arrange[operation.name]?.(tenant)) ?? '';
    const answer = await call(operation, id, key, tenant.projectId);
    expect(answer.status).toBeLessThan(300);
  });

  test('wants a credential', async () => {
    expect((await call(operation, someId)).status).toBe(401);
  });

  test('wants a scope', async () => {
    const tenant = await api.newTenant();
    const key = await api.keyOf(tenant, []);
    const id = (await arrange[operation.name]?.(tenant)) ?? '';
    expect((await call(operation, id, key)).status).toBe(403);
  });
});

/** Their record is the event itself, or the delivery's attempt. */
const ingesting = ['postEvent', 'postEventBatch', 'pullDeliveries', 'answerDelivery'];
/** Changes nothing, and yet somebody must be able to say who did it. */
const readingOnRecord = ['getEndpointSecret'];
const audited = guarded.filter(({ name, method }) =>
  method === 'GET' ? readingOnRecord.includes(name) : !ingesting.includes(name),
);

describe.each(audited)('$name', (operation) => {
  test('leaves an entry in the audit log: who, from which request', async () => {
    const tenant = await api.newTenant();
    const { id: actorId, key } = await createKey(api.db.database, tenant, {
      ...{ scopes: ['admin'], projectId: null },
    });
    const id = (await arrange[operation.name]?.(tenant)) ?? '';
    const requestId = `audit-${operation.name}`;
    const headers = { 'x-request-id': requestId };
    const answer = await call(operation, id, key, tenant.projectId, headers);
    expect(answer.status).toBeLessThan(300);
    const found = await api.send('GET', `/api/v1/audit-log?q=${requestId}`, { key });
    const { data } = Object(found.body);
    expect(data).toMatchObject([{ requestId, actor: { kind: 'api_key', id: actorId } }]);
    if (id !== '') expect(data[0].target.id).toBe(id);
  });

  test('leaves none when it is refused', async () => {
    const tenant = await api.newTenant();
    const { id: actorId, key } = await createKey(api.db.database, tenant, {
      scopes: ['members:read'],
    });
    const id = (await arrange[operation.name]?.(tenant)) ?? '';
    expect((await call(operation, id, key)).status).toBe(403);
    const [row] = await api.db.admin.sql`
      select count(*)::int as count from audit_log where actor_id = ${actorId}`;
    expect(row?.['count']).toBe(0);
  });
});

describe.each(guarded.filter(({ path }) => path.includes('{id}')))('$name', (operation) => {
  test('does not know what belongs to another tenant', async () => {
    const [owner, other] = await Promise.all([api.newTenant(), api.newTenant()]);
    const key = await api.keyOf(other, ['admin'], { tenantWide: true });
    const id = (await arrange[operation.name]?.(owner)) ?? '';
    const answer = await call(operation, id, key);
    expect(answer.status).toBe(404);
    expect(answer.text).not.toContain(owner.name);
  });

  test('does not know an id that is none', async () => {
    const tenant = await api.newTenant();
    const key = await api.keyOf(tenant, ['admin'], { tenantWide: true });
    expect((await call(operation, 'no-uuid', key)).status).toBe(404);
  });
});
