/** Portal links: what they let a customer see and do, and what never. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createIdentifyPortal, portalFramePolicy } from '../../src/controllers/portal.ts';
import { openapiDocument } from '../../src/controllers/server.ts';
import { AppError } from '../../src/domain/errors.ts';
import { findEndpoint } from '../../src/usecases/endpoints/find-endpoint.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../support/deliveries.ts';
import { createEndpointRow, type TestTenant } from '../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

type Sent = { body?: unknown };
const asked =
  (token: string) =>
  (method: string, path: string, sent: Sent = {}) =>
    api.send(method, `/api/v1${path}`, { key: token, ...sent });

/** What stands in everything that is another's, and so must never be in an answer. */
const marker = 'not-for-you';

/** A tenant with two customers and an endpoint of its own; each has deliveries of both kinds. */
async function newWorld() {
  const tenant = await api.newTenant();
  const admin = await api.keyOf(tenant, ['admin']);
  const things = async (customer: string | null, word: string) => {
    const { database } = api.db;
    const endpointId = await createEndpointRow(database, tenant, `https://example.com/${word}`, {
      customer,
      description: word,
    });
    const [pendingOf, endedOf] = [
      await createEventRow(database, tenant, { type: word }),
      await createEventRow(database, tenant, { type: word }),
    ];
    const pendingId = await createPendingRow(database, tenant, pendingOf, endpointId);
    const endedId = await createEndedRow(database, tenant, endedOf, endpointId, {
      status: 'failed',
      lastError: word,
    });
    await api.db.admin.sql`
      insert into delivery_attempts (tenant_id, delivery_id, id, attempt, outcome, started_at,
        duration_ms, request_headers, worker, response_body)
      values (${tenant.tenantId}, ${endedId}, ${Bun.randomUUIDv7()}, 1, 'failed', now(), 1, '{}',
        'w', ${word})`;
    return { endpointId, pendingId, endedId };
  };
  const own = await things('one', 'own');
  const others = [await things('two', marker), await things(null, marker)];
  const link = async (values: object = {}) => {
    const body = { customer: 'one', ...values };
    return asked(admin)('POST', '/portal-links', { body });
  };
  return { tenant, admin, own, others, link, token: (await link()).string('token') };
}

const input = (values: object = {}) => ({ body: { url: 'https://example.com/new', ...values } });

describe('a link', () => {
  test('is made for a customer, and shown once', async () => {
    const { admin, tenant, link } = await newWorld();
    const startedMs = Date.now();
    const made = await link({ expiresInSeconds: 120, permissions: ['read'] });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      ...{ customer: 'one', projectId: tenant.projectId, permissions: ['read'] },
      filter: { metadata: { customer: 'one' } },
    });
    expect(made.string('url')).toBe(`https://opsforge.test/portal/${made.string('token')}`);
    const lastsMs = Date.parse(made.string('expiresAt')) - startedMs;
    expect(lastsMs).toBeGreaterThan(119_000);
    expect(lastsMs).toBeLessThan(125_000);
    const list = await asked(admin)('GET', '/portal-links?customer=one');
    expect(list.ids()[0]).toBe(made.string('id'));
    expect(list.text).not.toContain(made.string('token'));
    expect((await asked(admin)('GET', '/portal-links?customer=two')).ids()).toEqual([]);
  });

  test.each([
    [{ customer: '' }],
    [{ customer: 'x'.repeat(129) }],
    [{ customer: 'one', expiresInSeconds: 7 * 86_400 + 1 }],
    [{ customer: 'one', permissions: ['write'] }],
    [{ customer: 'one', permissions: ['admin'] }],
    [{ customer: 'one', filter: { payload: { $bad: 1 } } }],
    [{ customer: 'one', other: 1 }],
  ])('is refused for the input %j', async (body) => {
    const { key } = await api.newTenant();
    expect((await asked(key)('POST', '/portal-links', { body })).status).toBe(422);
  });

  test('passes on nothing that its maker may not do', async () => {
    const tenant = await api.newTenant();
    const key = await api.keyOf(tenant, ['portal-links:write', 'endpoints:write']);
    const body = { customer: 'one' };
    const answer = await asked(key)('POST', '/portal-links', { body });
    expect([answer.status, answer.text]).toEqual([
      403,
      expect.stringContaining('deliveries:write'),
    ]);
  });

  test('that was revoked, is over, or was never made, opens nothing', async () => {
    const { admin, link } = await newWorld();
    const [revoked, over] = [await link(), await link()];
    for (const made of [revoked, over]) {
      expect((await asked(made.string('token'))('GET', '/endpoints')).status).toBe(200);
    }
    expect((await asked(admin)('DELETE', `/portal-links/${revoked.string('id')}`)).status).toBe(
      204,
    );
    expect((await asked(admin)('DELETE', `/portal-links/${revoked.string('id')}`)).status).toBe(
      404,
    );
    api.portal.clear();
    await api.db.admin.sql`
      update portal_links set expires_at = now() - interval '1 s' where id = ${over.string('id')}`;
    const unknown = `ofp_${'a'.repeat(43)}`;
    for (const token of [revoked.string('token'), over.string('token'), unknown, 'ofp_short']) {
      expect((await asked(token)('GET', '/endpoints')).status).toBe(401);
    }
  });

  test('ends with its project', async () => {
    const tenant = await api.newTenant();
    const admin = await api.keyOf(tenant, ['admin'], { tenantWide: true });
    const project = await asked(admin)('POST', '/projects', { body: { name: 'short' } });
    const body = { projectId: project.string('id'), customer: 'one' };
    const token = (await asked(admin)('POST', '/portal-links', { body })).string('token');
    expect((await asked(token)('GET', '/endpoints')).status).toBe(200);
    await asked(admin)('DELETE', `/projects/${project.string('id')}`);
    expect((await asked(token)('GET', '/endpoints')).status).toBe(401);
  });
});

describe('through a link, a customer', () => {
  test('sees its endpoints, their deliveries, attempts, figures and secret', async () => {
    const { own, token } = await newWorld();
    const portal = asked(token);
    expect((await portal('GET', '/endpoints')).ids()).toEqual([own.endpointId]);
    expect((await portal('GET', '/deliveries')).ids()).toEqual([own.endedId, own.pendingId]);
    const attempts = await portal('GET', `/deliveries/${own.endedId}/attempts`);
    expect(attempts.body).toMatchObject({ data: [{ responseBody: 'own' }] });
    for (const path of ['', '/stats', '/secret']) {
      expect((await portal('GET', `/endpoints/${own.endpointId}${path}`)).status).toBe(200);
    }
  });

  test('makes an endpoint that is its own, gets its own events, and is kept in its project', async () => {
    const { token, tenant, admin } = await newWorld();
    const made = await asked(token)('POST', '/endpoints', input({ eventTypes: ['invoice.*'] }));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      ...{ customer: 'one', filter: { metadata: { customer: 'one' } } },
      projectId: tenant.projectId,
    });
    const events = ['one', 'two'].map((customer) => ({
      ...{ type: 'invoice.paid', payload: 1, metadata: { customer } },
    }));
    await asked(admin)('POST', '/webhooks/batch', { body: { events } });
    const path = `/deliveries?endpointId=${made.string('id')}`;
    expect((await asked(token)('GET', path)).ids().length).toBe(1);
  });

  test('changes, pauses, resumes, enables, tests, and deletes its endpoint, and rotates its secret', async () => {
    const { own, token } = await newWorld();
    const portal = asked(token);
    const at = `/endpoints/${own.endpointId}`;
    const body = { url: 'https://example.com/changed', headers: { 'x-a': 'b' } };
    expect((await portal('PATCH', at, { body })).body).toMatchObject({ url: body.url });
    for (const action of ['pause', 'resume', 'enable', 'test', 'rotate-secret']) {
      const answer = await portal('POST', `${at}/${action}`);
      expect([action, answer.status]).toEqual([action, action === 'test' ? 202 : 200]);
    }
    expect((await portal('DELETE', at)).status).toBe(204);
    expect((await portal('GET', '/endpoints')).ids()).toEqual([]);
    const cancelled = await portal('GET', '/deliveries?status=cancelled');
    expect(cancelled.ids().length).toBe(2);
  });

  test('sends a delivery again, and cancels one', async () => {
    const { own, token } = await newWorld();
    const portal = asked(token);
    expect((await portal('POST', `/deliveries/${own.endedId}/retry`)).status).toBe(202);
    expect((await portal('POST', `/deliveries/${own.pendingId}/retry`)).status).toBe(202);
    expect((await portal('POST', `/deliveries/${own.pendingId}/cancel`)).status).toBe(200);
  });

  test('is on the tenant’s record by name, for each kind of change, and cannot read it', async () => {
    const { own, token, tenant, admin } = await newWorld();
    const portal = asked(token);
    const at = `/endpoints/${own.endpointId}`;
    await portal('POST', '/endpoints', input());
    await portal('PATCH', at, { body: { url: 'https://example.com/changed' } });
    for (const action of ['pause', 'resume', 'test', 'rotate-secret']) {
      await portal('POST', `${at}/${action}`);
    }
    await portal('GET', `${at}/secret`);
    await portal('POST', `/deliveries/${own.endedId}/retry`);
    await portal('POST', `/deliveries/${own.pendingId}/cancel`);
    await portal('DELETE', at);
    const list = await asked(admin)('GET', '/audit-log?actorKind=portal');
    const entries: { action: string; actor: unknown }[] = Object(list.body).data;
    expect(entries.map(({ action }) => action).toReversed()).toEqual([
      ...['endpoint.created', 'endpoint.updated', 'endpoint.paused', 'endpoint.resumed'],
      ...['endpoint.tested', 'endpoint.secret_rotated', 'endpoint.secret_revealed'],
      ...['delivery.retried', 'delivery.cancelled', 'endpoint.deleted'],
    ]);
    for (const { actor } of entries) expect(actor).toMatchObject({ kind: 'portal', label: 'one' });
    expect((await portal('GET', '/audit-log')).status).toBe(403);

    const forged = (values: { kind: string; label: string }) =>
      api.db.database
        .confinedTo({ projectId: tenant.projectId, customer: 'one' })
        .withTenant(tenant.tenantId, (tx) =>
          tx.run(
            'test',
            tx.sql`insert into audit_log (id, tenant_id, at, actor_kind, actor_label, action,
                target_id, target_label, project_id)
              values (${Bun.randomUUIDv7()}, ${tenant.tenantId}, now(), ${values.kind},
                ${values.label}, 'endpoint.updated', ${own.endpointId}, 't', ${tenant.projectId})`,
          ),
        );
    await forged({ kind: 'portal', label: 'one' });
    for (const values of [
      { kind: 'operator', label: 'one' },
      { kind: 'portal', label: 'two' },
    ]) {
      await expect(forged(values)).rejects.toThrow('does not reach');
    }
  });

  test('may only look when the link says so', async () => {
    const { own, link } = await newWorld();
    const portal = asked((await link({ permissions: ['read'] })).string('token'));
    expect((await portal('GET', `/endpoints/${own.endpointId}`)).status).toBe(200);
    expect((await portal('GET', `/endpoints/${own.endpointId}/secret`)).status).toBe(403);
    expect((await portal('POST', '/endpoints', input())).status).toBe(403);
    expect((await portal('POST', `/deliveries/${own.endedId}/retry`)).status).toBe(403);
  });

  test.each([
    ['filter', { filter: {} }],
    ['customer', { customer: 'two' }],
    ['eventTypes.1', { eventTypes: ['a', 'opsforge.**'] }],
  ])('does not choose %s', async (path, values) => {
    const { token, admin } = await newWorld();
    const made = await asked(token)('POST', '/endpoints', input());
    for (const answer of [
      await asked(token)('POST', '/endpoints', input(values)),
      await asked(token)('PATCH', `/endpoints/${made.string('id')}`, { body: values }),
    ]) {
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({ errors: [{ path }] });
    }
    const kept = await asked(admin)('GET', `/endpoints/${made.string('id')}`);
    expect(kept.body).toMatchObject({ customer: 'one', eventTypes: [] });
  });

  test('does not widen the types of an endpoint that the tenant made with a filter of its own', async () => {
    const { own, token } = await newWorld();
    const body = { eventTypes: ['**'] };
    const answer = await asked(token)('PATCH', `/endpoints/${own.endpointId}`, { body });
    expect(answer.body).toMatchObject({ errors: [{ path: 'eventTypes' }] });
  });
});

/** What the routes of the portal's things are asked about; the rest is refused whatever the id. */
const operations = Object.entries(Object(openapiDocument()['paths'])).flatMap(([path, methods]) =>
  Object.entries(Object(methods)).map(([method, value]) => ({
    name: String(Object(value).operationId),
    isPublic: Object(value).security?.length === 0,
    example: Object(value).requestBody?.content['application/json'].example,
    parameters: (Object(value).parameters ?? []) as Record<string, unknown>[],
    method: method.toUpperCase(),
    path: path.replace('/api/v1', ''),
  })),
);
const ofCustomers = ['/endpoints', '/deliveries'];

describe.each(operations.filter(({ isPublic }) => !isPublic))(
  'to a customer $name',
  (operation) => {
    const body = operation.method === 'GET' ? {} : { body: operation.example };

    test('shows and changes nothing of another, of the tenant, or of another tenant', async () => {
      const { token, others, tenant } = await newWorld();
      const stranger = await newWorld();
      const before = await rowsOf(tenant);
      const ids = [...others, stranger.own].flatMap((thing) => Object.values(thing));
      const isOfCustomers = ofCustomers.some((start) => operation.path.startsWith(start));
      const tried = operation.path.includes('{id}') ? ids : [''];
      for (const id of tried) {
        const path = operation.path.replace('{id}', id) + requiredQuery(operation.parameters);
        const answer = await asked(token)(operation.method, path, body);
        expect(answer.text).not.toContain(marker);
        if (operation.path.includes('{id}')) expect(answer.status).toBeOneOf([403, 404]);
        else if (!isOfCustomers) expect(answer.status).toBeOneOf([401, 403]);
      }
      expect(await rowsOf(tenant)).toEqual(before);
    });
  },
);

/** What a list wants to be told: the first that its schema allows. */
function requiredQuery(parameters: readonly Record<string, unknown>[]): string {
  const wanted = parameters.filter((one) => one['in'] === 'query' && one['required'] === true);
  const pairs = wanted.map((one) => [one['name'], Object(one['schema']).enum[0]]);
  return pairs.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(pairs))}`;
}

/** Everything of the tenant that is not the customer's. */
async function rowsOf({ tenantId }: TestTenant) {
  const { sql } = api.db.admin;
  const queries = ['endpoints', 'endpoint_secrets', 'delivery_queue', 'deliveries'].map(
    (table) => sql`
      select to_jsonb(t) as row from ${sql(table)} t
      where tenant_id = ${tenantId}
        and ${sql(table === 'endpoints' ? 'id' : 'endpoint_id')} in (
          select id from endpoints where tenant_id = ${tenantId} and customer is distinct from 'one'
        )
      order by t.id`,
  );
  return (await Promise.all(queries)).map((rows) => [...rows]);
}

describe('a visit', () => {
  const visit = (token: string) =>
    createIdentifyPortal(api.portal)(
      new Request(`https://opsforge.test/portal/${token}/endpoints`),
    );

  test('is of the customer, in the name and colours of the tenant', async () => {
    const { admin, token, tenant } = await newWorld();
    expect((await visit(token)).look).toEqual({
      ...{ name: 'main', color: null, darkColor: null, frameOrigins: [] },
    });
    const body = { name: 'Acme', color: '#2559BF', frameOrigins: ['https://app.example.com/'] };
    const saved = await asked(admin)('PATCH', '/portal-settings', { body });
    expect(saved.body).toMatchObject({ color: '#2559bf', darkColor: null });
    const { ctx, look, expiresAt } = await visit(token);
    expect(ctx.actor).toMatchObject({ kind: 'portal', customer: 'one' });
    expect(ctx.tenantId).toBe(tenant.tenantId);
    expect(look).toMatchObject({ name: 'Acme', color: '#2559bf' });
    expect(look.darkColor).toMatch(/^#[0-9a-f]{6}$/);
    expect(expiresAt.getTime()).toBeGreaterThan(Date.now());
    expect(portalFramePolicy(look)).toBe('frame-ancestors https://app.example.com');
    await asked(admin)('PATCH', '/portal-settings', { body: { frameOrigins: [] } });
    expect(portalFramePolicy((await visit(token)).look)).toBe("frame-ancestors 'none'");
    expect((await visit(token)).look.name).toBe('Acme');
  });

  test('of a path without a token that holds is refused', async () => {
    await expect(visit('ofp_x')).rejects.toThrow(AppError);
  });

  test('whose context was given the transactions of the whole tenant is a defect, not an answer', async () => {
    const { token, own } = await newWorld();
    const { ctx } = await visit(token);
    const wide = { ...ctx, deps: api.deps };
    await expect(findEndpoint(wide, own.endpointId)).rejects.toThrow('not those of its actor');
    const { database } = ctx.deps;
    await expect(database.withWorker(async () => 1)).rejects.toThrow('does not reach');
  });
});

describe('how a portal looks', () => {
  test.each([
    ['color', { color: '#ffcc00' }],
    ['darkColor', { darkColor: '#101010' }],
    ['color', { color: 'red' }],
    ['frameOrigins.0', { frameOrigins: ['https://*.example.com'] }],
    ['frameOrigins.0', { frameOrigins: ["https://a.example 'self'"] }],
    ['frameOrigins.1', { frameOrigins: ['https://a.example', 'https://b.example/path'] }],
    ['frameOrigins.0', { frameOrigins: ['javascript:1'] }],
    ['name', { name: '' }],
  ])('is refused at %s for %j', async (path, body) => {
    const { key } = await api.newTenant();
    const answer = await asked(key)('PATCH', '/portal-settings', { body });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ path }] });
  });
});
