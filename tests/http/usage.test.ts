import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { dayOf } from '../../src/domain/days.ts';
import type { Quotas } from '../../src/domain/quotas.ts';
import { foldUsage } from '../../src/usecases/keeping/fold-usage.ts';
import { setQuotas } from '../../src/usecases/usage/set-quotas.ts';
import { warnOfQuotas } from '../../src/usecases/usage/warn-of-quotas.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { createEndpointRow, type TestTenant } from '../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const usage = '/api/v1/usage';
const today = () => dayOf(Date.now());

async function newAdmin() {
  const tenant = await api.newTenant();
  return { tenant, key: await api.keyOf(tenant, ['admin'], { tenantWide: true }) };
}

async function readUsage(key: string, query = '') {
  await foldUsage(api.db);
  const answer = await api.send('GET', usage + query, { key });
  expect(answer.status).toBe(200);
  return Object(answer.body);
}

function post(tenant: TestTenant, key: string, payload: unknown, id?: string) {
  const headers = id === undefined ? {} : { 'idempotency-key': id };
  const body = { type: 'a', payload, projectId: tenant.projectId };
  return api.send('POST', '/api/v1/webhooks', { key, body, headers });
}

/** As used before today, in the same month and kept window or not, as the day says. */
async function addUse(tenant: TestTenant, day: string, events: number, bytes: number) {
  await api.db.admin.sql`insert into usage_days (tenant_id, project_id, day, events, bytes)
    values (${tenant.tenantId}, ${tenant.projectId}, ${day}, ${events}, ${bytes})`;
}

function quotasOf({ tenantId }: TestTenant, changes: Partial<Quotas>): Promise<Quotas> {
  return setQuotas(
    { deps: api.deps, tenantId, actor: { kind: 'operator' }, origin: null },
    changes,
  );
}

describe('usage', () => {
  test('agrees with what was sent: each event once, its bytes as they came', async () => {
    const { tenant, key } = await newAdmin();
    await Promise.all(Array.from({ length: 25 }, () => post(tenant, key, 'é')));
    const events = Array.from({ length: 10 }, () => ({
      ...{ type: 'a', payload: { n: 1 }, projectId: tenant.projectId },
    }));
    await api.send('POST', '/api/v1/webhooks/batch', { key, body: { events } });
    await Promise.all([post(tenant, key, 1, 'same'), post(tenant, key, 1, 'same')]);
    await post(tenant, key, 1, 'same');
    expect((await post(tenant, key, 2, 'same')).status).toBe(409);

    const { days, totals, projects } = await readUsage(key, '?days=3');
    // `"é"` is four bytes, `{"n":1}` seven, `1` one.
    const counted = { events: 36, bytes: 25 * 4 + 10 * 7 + 1, deliveries: 0, attempts: 0 };
    expect(totals).toEqual(counted);
    expect(projects).toEqual([{ projectId: tenant.projectId, ...counted }]);
    expect(days).toHaveLength(3);
    expect(days[2]).toEqual({ date: today(), ...counted });
    expect(days[0]).toMatchObject({ events: 0 });
    const [stored] = await api.db.admin.sql`
      select count(*)::int as events, sum(octet_length(payload))::int as bytes
      from webhook_events where tenant_id = ${tenant.tenantId}`;
    expect(stored).toEqual({ events: counted.events, bytes: counted.bytes });
  });

  test('is told by project, and to a bound key of its own alone, without quotas', async () => {
    const { tenant, key } = await newAdmin();
    const body = { name: 'other' };
    const projectId = (await api.send('POST', '/api/v1/projects', { key, body })).string('id');
    const other = { ...tenant, projectId: projectId as TestTenant['projectId'] };
    await Promise.all([post(tenant, key, 1), post(other, key, 1), post(other, key, 1)]);
    await quotasOf(tenant, { eventsPerMonth: 10 });
    const all = await readUsage(key);
    expect(all.projects).toMatchObject([
      { projectId, events: 2 },
      { projectId: tenant.projectId, events: 1 },
    ]);
    expect(all.quotas).toMatchObject([{ name: 'eventsPerMonth', limit: 10, used: 3 }]);
    expect(await readUsage(key, `?projectId=${projectId}`)).toMatchObject({
      totals: { events: 2 },
    });
    const bound = await api.keyOf(tenant, ['usage:read']);
    const own = await readUsage(bound);
    expect(own).toMatchObject({ totals: { events: 1 }, quotas: [], warnings: [] });
    const foreign = await api.send('GET', `${usage}?projectId=${projectId}`, { key: bound });
    expect(foreign.status).toBe(404);
  });

  test('wants its scope and days that there are, and shows nothing of another tenant', async () => {
    const { tenant, key } = await newAdmin();
    await post(tenant, key, 1);
    const without = await api.keyOf(tenant, ['events:write']);
    expect((await api.send('GET', usage, { key: without })).status).toBe(403);
    for (const query of ['?days=0', '?days=401', '?days=x', '?projectId=1', '?month=1']) {
      expect((await api.send('GET', usage + query, { key })).status).toBe(422);
    }
    const other = await newAdmin();
    expect(await readUsage(other.key, `?projectId=${tenant.projectId}`)).toMatchObject({
      totals: { events: 0 },
      projects: [],
    });
  });
});

describe('a quota', () => {
  test('that is used up ends accepting, by every way, with a problem that names it', async () => {
    const { tenant, key } = await newAdmin();
    await quotasOf(tenant, { eventsPerMonth: 2 });
    await api.quotas.refresh();
    for (let n = 0; n < 2; n += 1) expect((await post(tenant, key, n)).status).toBe(202);
    await foldUsage(api.db);
    await api.quotas.refresh();

    const events = [{ type: 'a', payload: 1, projectId: tenant.projectId }];
    const batch = { key, body: { events } };
    for (const refused of [
      await post(tenant, key, 3),
      await api.send('POST', '/api/v1/webhooks/batch', batch),
    ]) {
      expect(refused.status).toBe(429);
      expect(refused.string('detail')).toContain('2 events a month');
      const seconds = Number(refused.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(31 * 86_400);
    }
    const { warnings, quotas } = await readUsage(key);
    expect(quotas).toMatchObject([{ used: 2, ratio: 1, forecastAt: expect.any(String) }]);
    expect(warnings).toEqual([expect.stringContaining('used up')]);

    await quotasOf(tenant, { eventsPerMonth: null });
    await api.quotas.refresh();
    expect((await post(tenant, key, 3)).status).toBe(202);
  });

  test('of stored bytes counts what is kept, and of a month what is of this month', async () => {
    const { tenant, key } = await newAdmin();
    const now = new Date();
    const firstOfMonth = Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
    await addUse(tenant, dayOf(firstOfMonth - 1), 1_000, 0);
    await addUse(tenant, dayOf(Date.now() - 31 * 86_400_000), 0, 1_000);
    await addUse(tenant, today(), 1, 900);
    await quotasOf(tenant, { eventsPerMonth: 1_000, storedBytes: 1_000 });
    await api.quotas.refresh();
    expect((await post(tenant, key, 1)).status).toBe(202);
    const { quotas } = await readUsage(key);
    expect(quotas).toMatchObject([
      { name: 'eventsPerMonth', used: 2 },
      { name: 'storedBytes', used: 901, ratio: 0.901 },
    ]);
    await quotasOf(tenant, { storedBytes: 901 });
    await api.quotas.refresh();
    const refused = await post(tenant, key, 1);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('3600');
    expect(refused.string('detail')).toContain('901 bytes of stored payloads');
  });

  test('is no other tenant’s, nor in the way of what is no event', async () => {
    const [{ tenant, key }, other] = await Promise.all([newAdmin(), newAdmin()]);
    await addUse(tenant, today(), 5, 0);
    await quotasOf(tenant, { eventsPerMonth: 5 });
    await api.quotas.refresh();
    expect((await post(tenant, key, 1)).status).toBe(429);
    expect((await post(other.tenant, other.key, 1)).status).toBe(202);
    expect((await api.send('GET', '/api/v1/projects', { key })).status).toBe(200);
  });

  test('is warned of at four fifths: once, to the endpoints that name it, and in usage', async () => {
    const { tenant, key } = await newAdmin();
    const url = 'https://example.com/';
    const { database } = api.db;
    const listener = await createEndpointRow(database, tenant, url, {
      eventTypes: ['opsforge.quota.*'],
    });
    await createEndpointRow(database, tenant, url);
    await quotasOf(tenant, { eventsPerMonth: 10 });
    const told = () => api.db.admin.sql`
      select e.payload, q.endpoint_id from webhook_events e
      join delivery_queue q on q.tenant_id = e.tenant_id and q.event_id = e.id
      where e.tenant_id = ${tenant.tenantId} and e.type = 'opsforge.quota.warning'`;

    await addUse(tenant, today(), 7, 0);
    await warnOfQuotas(api.deps);
    expect([...(await told())]).toEqual([]);
    expect((await readUsage(key)).warnings).toEqual([]);

    await post(tenant, key, 1);
    await foldUsage(api.db);
    await Promise.all([warnOfQuotas(api.deps), warnOfQuotas(api.deps)]);
    await warnOfQuotas(api.deps);
    const [event, ...more] = await told();
    expect(more).toEqual([]);
    expect(event?.['endpoint_id']).toBe(listener);
    expect(JSON.parse(event?.['payload'])).toEqual({
      ...{ quota: 'eventsPerMonth', limit: 10, used: 8, ratio: 0.8 },
    });
    expect(api.woken).toContain(listener);
    const [warning] = (await readUsage(key)).warnings;
    expect(warning).toStartWith('The quota of 10 events a month is used to 80 %');

    await quotasOf(tenant, { eventsPerMonth: 9 });
    await warnOfQuotas(api.deps);
    expect((await told()).length).toBe(2);
  });

  test('of stored bytes is warned of again when it had come down in between', async () => {
    const { tenant } = await newAdmin();
    await createEndpointRow(api.db.database, tenant, 'https://example.com/', {
      eventTypes: ['opsforge.**'],
    });
    await quotasOf(tenant, { storedBytes: 100 });
    const countAt = async (bytes: number) => {
      await api.db.admin.sql`delete from usage_days where tenant_id = ${tenant.tenantId}`;
      await addUse(tenant, today(), 1, bytes);
      await warnOfQuotas(api.deps);
      const [row] = await api.db.admin.sql`select count(*)::int as count from webhook_events
        where tenant_id = ${tenant.tenantId}`;
      return row?.['count'];
    };
    expect(await countAt(85)).toBe(1);
    expect(await countAt(75)).toBe(1);
    expect(await countAt(85)).toBe(1);
    expect(await countAt(65)).toBe(1);
    expect(await countAt(85)).toBe(2);
  });

  test('is set by the operator alone, on record, and others hear of it', async () => {
    const { tenant, key } = await newAdmin();
    await quotasOf(tenant, { eventsPerMonth: 10 });
    expect(await quotasOf(tenant, { storedBytes: 5 })).toEqual({
      ...{ eventsPerMonth: 10, storedBytes: 5 },
    });
    expect(await quotasOf(tenant, {})).toEqual({ eventsPerMonth: 10, storedBytes: 5 });
    expect(api.changes).toContainEqual({ kind: 'quotas', tenantId: tenant.tenantId });
    const log = await api.send('GET', '/api/v1/audit-log', { key });
    expect(Object(log.body).data).toMatchObject([
      {
        ...{ action: 'tenant.quotas_changed', actor: { kind: 'operator' } },
        ...{ before: { storedBytes: null }, after: { storedBytes: 5 } },
      },
      { before: { eventsPerMonth: null }, after: { eventsPerMonth: 10 } },
    ]);
    const { id } = Object(
      (await api.send('POST', '/api/v1/api-keys', { key, body: { name: 'a', scopes: ['admin'] } }))
        .body,
    );
    const { tenantId } = tenant;
    const actor = { kind: 'api_key' as const, id, projectId: null, scopes: ['admin' as const] };
    const refused = setQuotas({ deps: api.deps, tenantId, actor, origin: null }, {});
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
  });
});
