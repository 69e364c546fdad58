import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { idAt } from '../../src/domain/ids.ts';
import { databaseErrorCode } from '../../src/repositories/transactions.ts';
import { exportAuditEntries } from '../../src/usecases/audit/export-audit-entries.ts';
import type { Ctx } from '../../src/usecases/context.ts';
import { type Answer, startApi, type TestApi } from '../support/api.ts';
import { createEndpointRow, createKey, type TestTenant } from '../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const log = '/api/v1/audit-log';

async function newAdmin() {
  const tenant = await api.newTenant();
  return { tenant, key: await api.keyOf(tenant, ['admin'], { tenantWide: true }) };
}

type Entry = Record<string, unknown> & { action: string; target: { id: string } };
const entriesOf = (answer: Answer): Entry[] => Object(answer.body).data;
const actionsOf = (answer: Answer) => entriesOf(answer).map(({ action }) => action);

/** Entries of the operator, a minute apart, the newest a minute old. */
async function addEntries(tenant: TestTenant, count: number, action = 'project.created') {
  await api.db.admin.sql`
    insert into audit_log (id, tenant_id, at, actor_kind, actor_label, action, target_id,
      target_label, project_id)
    select overlay(gen_random_uuid()::text placing left(uuid_at(at)::text, 14) from 1)::uuid,
      ${tenant.tenantId}, at, 'operator', 'command line', ${action}, gen_random_uuid(),
      'thing ' || n, ${tenant.projectId}
    from generate_series(1, ${count}::integer) n, lateral (select now() - n * interval '1 minute' as at) t`;
}

describe('an entry', () => {
  test('says who changed which fields of what, from which request', async () => {
    const { tenant, key } = await newAdmin();
    const headers = { 'x-request-id': 'change-1' };
    const id = await createEndpointRow(api.db.database, tenant, 'https://example.com/a');
    const body = { url: 'https://example.com/b', timeoutMs: 15_000, maxInFlight: 20 };
    await api.send('PATCH', `/api/v1/endpoints/${id}`, { key, body, headers });
    const [entry, ...others] = entriesOf(await api.send('GET', log, { key }));
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      actor: { kind: 'api_key', label: 'test' },
      action: 'endpoint.updated',
      target: { kind: 'endpoint', id, label: 'https://example.com/b' },
      projectId: tenant.projectId,
      before: { url: 'https://example.com/a', maxInFlight: 10 },
      after: { url: 'https://example.com/b', maxInFlight: 20 },
      requestId: 'change-1',
    });
    // The timeout was named and stayed as it was.
    expect(Object.keys(Object(entry?.['after'])).toSorted()).toEqual(['maxInFlight', 'url']);
  });

  test('is not made for settings that stay as they are', async () => {
    const { tenant, key } = await newAdmin();
    const url = 'https://example.com/a';
    const id = await createEndpointRow(api.db.database, tenant, url);
    await api.send('PATCH', `/api/v1/endpoints/${id}`, { key, body: { url } });
    expect(entriesOf(await api.send('GET', log, { key }))).toEqual([]);
  });

  test('holds no secret, and says of each that it changed', async () => {
    const { tenant, key } = await newAdmin();
    const secrets: string[] = [];
    const send = async (method: string, path: string, body?: object) => {
      const answer = await api.send(method, `/api/v1/${path}`, body ? { key, body } : { key });
      expect(answer.status).toBeLessThan(300);
      for (const name of ['secret', 'key']) {
        if (Object(answer.body)[name]) secrets.push(answer.string(name));
      }
      return String(Object(answer.body).id);
    };
    const { projectId } = tenant;
    const headers = { 'X-Token': 'header-one' };
    const auth = { kind: 'bearer', token: 'token-one' };
    const url = 'https://example.com/';
    const endpoint = await send('POST', 'endpoints', { projectId, url, headers, auth });
    await send('PATCH', `endpoints/${endpoint}`, {
      ...{ headers: { 'X-Token': 'header-two' }, auth: { ...auth, token: 'token-two' } },
    });
    await send('POST', `endpoints/${endpoint}/rotate-secret`, {});
    await send('GET', `endpoints/${endpoint}/secret`);
    await send('POST', 'api-keys', { name: 'a', scopes: ['events:read'] });
    const source = await send('POST', 'sources', { projectId, name: 's', kind: 'github' });
    await send('PATCH', `sources/${source}`, { secret: 'source-secret-two' });
    secrets.push('header-one', 'header-two', 'token-one', 'token-two', 'source-secret-two');
    expect(secrets.length).toBeGreaterThan(8);

    const rows = await api.db.admin.sql`
      select * from audit_log where tenant_id = ${tenant.tenantId}`;
    expect(rows.length).toBe(7);
    for (const secret of secrets) expect(JSON.stringify(rows)).not.toContain(secret);
    const updates = entriesOf(await api.send('GET', log, { key })).filter(({ action }) =>
      action.endsWith('.updated'),
    );
    expect(updates.map(({ after }) => after)).toEqual([
      { secret: '[masked]' },
      { headers: { 'X-Token': '[masked]' }, auth: { kind: 'bearer', token: '[masked]' } },
    ]);
  });

  test('is not there when the change is rolled back', async () => {
    const { tenant, key } = await newAdmin();
    const id = await createEndpointRow(api.db.database, tenant, 'https://example.com/');
    const refused = await api.send('DELETE', `/api/v1/projects/${tenant.projectId}`, { key });
    expect(refused.status).toBe(409);
    await api.send('POST', `/api/v1/endpoints/${id}/disable`, { key });
    expect((await api.send('POST', `/api/v1/endpoints/${id}/test`, { key })).status).toBe(409);
    expect(actionsOf(await api.send('GET', log, { key }))).toEqual(['endpoint.disabled']);
  });

  test('cannot be changed or deleted by whoever serves requests', async () => {
    const tenant = await api.newTenant();
    await addEntries(tenant, 1);
    const attempt = (text: string) =>
      api.db.database
        .withTenant(tenant.tenantId, (tx) => tx.run('test', tx.sql.unsafe(text)))
        .then(() => 'done', databaseErrorCode);
    expect(await attempt(`update audit_log set actor_label = 'x'`)).toBe('42501');
    expect(await attempt('delete from audit_log')).toBe('42501');
    expect(await attempt('truncate audit_log')).toBe('42501');
    expect(await attempt('select from audit_log')).toBe('done');
  });
});

describe('the list', () => {
  test('is found by each filter', async () => {
    const { tenant, key } = await newAdmin();
    const { id: otherId, key: other } = await createKey(api.db.database, tenant, {
      ...{ scopes: ['admin'], projectId: null },
    });
    const make = (name: string, as: string) =>
      api.send('POST', '/api/v1/projects', { key: as, body: { name } });
    const first = (await make('Billing', key)).string('id');
    const second = (await make('Shipping', other)).string('id');
    await api.send('PATCH', `/api/v1/projects/${second}`, { key, body: { name: 'Freight' } });
    await addEntries(tenant, 1, 'api_key.revoked');

    const found = async (query: string) =>
      actionsOf(await api.send('GET', `${log}?${query}`, { key }));
    const [updated, created, revoked] = ['project.updated', 'project.created', 'api_key.revoked'];
    expect(await found('')).toEqual([updated, created, created, revoked]);
    expect(await found('action=project.updated')).toEqual([updated]);
    expect(await found('action=project.*')).toEqual([updated, created, created]);
    expect(await found(`actorId=${otherId}`)).toEqual([created]);
    expect(await found('actorKind=operator')).toEqual([revoked]);
    expect(await found(`targetId=${second}`)).toEqual([updated, created]);
    expect(await found(`targetId=${second}&actorId=${otherId}`)).toEqual([created]);
    expect(await found(`projectId=${first}`)).toEqual([created]);
    expect(await found('q=FREIGHT')).toEqual([updated]);
    expect(await found('q=nothing')).toEqual([]);
    const since = new Date(Date.now() - 30_000).toISOString();
    expect(await found(`since=${since}`)).toEqual([updated, created, created]);
    expect(await found(`until=${since}`)).toEqual([revoked]);
  });

  test('comes in pages, newest first, each entry once', async () => {
    const { tenant, key } = await newAdmin();
    await addEntries(tenant, 7);
    const labels: string[] = [];
    for (let query = '?limit=3', page = 0; page < 5; page += 1) {
      const answer = await api.send('GET', log + query, { key });
      labels.push(...entriesOf(answer).map(({ target }) => String(Object(target).label)));
      const cursor = Object(answer.body).nextCursor;
      if (cursor === null) break;
      query = `?limit=3&cursor=${cursor}`;
    }
    expect(labels).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `thing ${n}`));
  });

  test('says how far it looked when what is asked for is rare', async () => {
    const { tenant, key } = await newAdmin();
    await addEntries(tenant, 30_000);
    const answer = await api.send('GET', `${log}?q=nothing`, { key });
    expect(entriesOf(answer)).toEqual([]);
    expect(answer.string('searchedUntil')).toMatch(/Z$/);
    const rest = await api.send('GET', `${log}?q=nothing&cursor=${answer.string('nextCursor')}`, {
      key,
    });
    expect(rest.body).toEqual({ data: [], nextCursor: null });
    // Thirty thousand rows with their indexes, on a machine that others use as well.
  }, 30_000);

  test.each([
    'action=endpoint',
    'action=*',
    'actorId=x',
    'actorKind=nobody',
    'targetId=1',
    'since=yesterday',
    'limit=0',
    'unknown=1',
  ])('refuses %s', async (query) => {
    const { key } = await newAdmin();
    expect((await api.send('GET', `${log}?${query}`, { key })).status).toBe(422);
  });

  test('wants its own scope, and shows a bound key its project alone', async () => {
    const { tenant, key } = await newAdmin();
    const without = await api.keyOf(tenant, ['projects:write']);
    expect((await api.send('GET', log, { key: without })).status).toBe(403);
    const body = { name: 'elsewhere' };
    const elsewhere = (await api.send('POST', '/api/v1/projects', { key, body })).string('id');
    await addEntries(tenant, 1);
    const bound = await api.keyOf(tenant, ['audit-log:read']);
    expect(entriesOf(await api.send('GET', log, { key: bound })).length).toBe(1);
    const other = await api.send('GET', `${log}?projectId=${elsewhere}`, { key: bound });
    expect(other.status).toBe(404);
  });

  test('shows nothing of another tenant, whatever is asked for', async () => {
    const [{ tenant, key }, foreign] = await Promise.all([newAdmin(), newAdmin()]);
    await addEntries(tenant, 1);
    const [entry] = entriesOf(await api.send('GET', log, { key }));
    for (const query of [`targetId=${entry?.target.id}`, `projectId=${tenant.projectId}`, '']) {
      const answer = await api.send('GET', `${log}?${query}`, { key: foreign.key });
      expect(entriesOf(answer)).toEqual([]);
    }
  });
});

describe('the export', () => {
  const exported = (query: string, key: string) =>
    api.send('GET', `${log}/export?${query}`, { key });

  test('gives everything that the filters find as one JSON object a line', async () => {
    const { tenant, key } = await newAdmin();
    await addEntries(tenant, 1_203);
    await addEntries(tenant, 2, 'source.deleted');
    const answer = await exported('format=ndjson&action=project.*', key);
    expect(answer.headers.get('content-disposition')).toContain('audit-log.ndjson');
    const entries = answer.text
      .trimEnd()
      .split('\n')
      .map((line): Entry => JSON.parse(line));
    expect(new Set(entries.map(({ target }) => target.id)).size).toBe(1_203);
    const [first] = entriesOf(await api.send('GET', `${log}?action=project.*&limit=1`, { key }));
    expect(entries[0]).toEqual(first as Entry);
  });

  test('gives CSV whose cells no spreadsheet runs', async () => {
    const { tenant, key } = await newAdmin();
    const name = '=HYPERLINK("http://example.com","a")';
    const body = { name, projectId: tenant.projectId, scopes: ['events:read'] };
    await api.send('POST', '/api/v1/api-keys', { key, body, headers: { 'x-request-id': '-1' } });
    const answer = await exported('format=csv', key);
    const [head, line, end] = answer.text.split('\r\n');
    expect(head).toStartWith('at,actorKind,actorId,actorLabel,action,targetKind,targetId,');
    expect(line).toContain(`,"'=HYPERLINK(""http://example.com"",""a"")",`);
    expect(line).toContain(",'-1,");
    expect(line).not.toMatch(/,=|,"=/);
    expect(end).toBe('');
  });

  test('is complete or refused: past the bound it asks for a shorter time', async () => {
    const { tenant } = await newAdmin();
    await addEntries(tenant, 20);
    const { tenantId } = tenant;
    const ctx: Ctx = { deps: api.deps, tenantId, actor: { kind: 'operator' }, origin: null };
    const exportSince = (minutes: number) => {
      const since = new Date(Date.now() - (minutes + 0.5) * 60_000);
      return exportAuditEntries(ctx, { format: 'csv', since }, 10);
    };
    const refusal = await exportSince(11).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      ...{ code: 'conflict', message: expect.stringContaining('since and until') },
    });
    const entries = await Array.fromAsync(await exportSince(10));
    expect(entries.flat().map(({ target }) => target.label)).toEqual(
      Array.from({ length: 10 }, (_, at) => `thing ${at + 1}`),
    );
  });

  test('wants the scope and a format that there is, and gives a bound key its project', async () => {
    const { tenant, key } = await newAdmin();
    const without = await api.keyOf(tenant, ['events:read']);
    expect((await exported('format=csv', without)).status).toBe(403);
    expect((await exported('format=xlsx', key)).status).toBe(422);
    await api.send('POST', '/api/v1/projects', { key, body: { name: 'elsewhere' } });
    await addEntries(tenant, 2);
    const bound = await api.keyOf(tenant, ['audit-log:read']);
    expect((await exported('format=ndjson', bound)).text.trimEnd().split('\n').length).toBe(2);
    const foreign = await newAdmin();
    expect((await exported('format=ndjson', foreign.key)).text).toBe('');
  });
});

test('an entry’s id is of the time that it shows', async () => {
  const { key } = await newAdmin();
  await api.send('POST', '/api/v1/projects', { key, body: { name: 'a' } });
  const answer = await api.send('GET', log, { key });
  const at = Date.parse(answer.string('data.0.at'));
  expect(answer.string('data.0.id').slice(0, 13)).toBe(idAt(at).slice(0, 13));
});
