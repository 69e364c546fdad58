import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import type { EndpointId } from '../../src/domain/ids.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { createEventRow, createPendingRow } from '../support/deliveries.ts';
import { createEndpointRow, type TestTenant } from '../support/tenants.ts';

let api: TestApi;
let tenant: TestTenant & { key: string };
let endpointId: EndpointId;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());
beforeEach(async () => {
  tenant = await api.newTenant();
  endpointId = await createEndpointRow(api.db.database, tenant, 'https://example.com/');
});

/** Counts by place: the first is of times under 1 ms, then 1, 2, 5, 10, 20, 50 … */
async function addRow(table: string, at: string, counts: number[], answers: number[]) {
  const { sql } = api.db.admin;
  const [delivered = 0, failed = 0, attempts = 0, attemptsFailed = 0] = counts;
  await sql`insert into ${sql(table)} values (${tenant.tenantId}, ${tenant.projectId}, ${endpointId},
    ${at}::text::timestamptz, ${delivered}, ${failed}, ${attempts}, ${attemptsFailed},
    ${answers}::integer[], ${answers}::integer[])`;
}

const read = (query: string, key = tenant.key) =>
  api.send('GET', `/api/v1/endpoints/${endpointId}/stats${query}`, { key });

const day = 'since=2026-05-01T00:00:00Z&until=2026-05-02T00:00:00Z';

describe('the figures of an endpoint', () => {
  test('add up over the time that is asked for, with a row for each bucket', async () => {
    await addRow('delivery_stats_hour', '2026-04-30T23:00:00Z', [9, 9, 9, 9], [9]);
    await addRow('delivery_stats_hour', '2026-05-01T03:00:00Z', [8, 0, 8, 0], [0, 0, 0, 0, 8]);
    await addRow(
      'delivery_stats_hour',
      '2026-05-01T05:00:00Z',
      [1, 1, 4, 3],
      [0, 0, 0, 0, 0, 0, 0, 2],
    );
    await addRow('delivery_stats_hour', '2026-05-02T00:00:00Z', [9, 9, 9, 9], [9]);
    const answer = await read(`?${day}`);
    expect(answer.status).toBe(200);
    const body = Object(answer.body);
    expect(body.totals).toEqual({
      ...{ delivered: 9, failed: 1, attempts: 12, attemptsFailed: 3, successRatio: 0.9 },
      answerMs: { p50: 16, p95: 175 },
      latencyMs: { p50: 16, p95: 175 },
    });
    expect(body.series).toHaveLength(24);
    expect(body.series[3]).toMatchObject({ at: '2026-05-01T03:00:00.000Z', delivered: 8 });
    expect(body.series[4]).toMatchObject({ delivered: 0, successRatio: null });
    expect(body.series[4].answerMs).toEqual({ p50: null, p95: null });
    expect(body.pending).toEqual({ count: 0, more: false });
  });

  test('are read by the minute from the minutes', async () => {
    await addRow('delivery_stats_minute', '2026-05-01T03:07:00Z', [1, 0, 1, 0], [1]);
    const answer = await read(
      '?bucket=minute&since=2026-05-01T03:06:30Z&until=2026-05-01T03:08:30Z',
    );
    expect(answer.body).toMatchObject({
      since: '2026-05-01T03:06:00.000Z',
      until: '2026-05-01T03:09:00.000Z',
      series: [{ delivered: 0 }, { delivered: 1 }, { delivered: 0 }],
    });
  });

  test('are of the last day when no time is asked for, and tell what is pending', async () => {
    const eventId = await createEventRow(api.db.database, tenant);
    await createPendingRow(api.db.database, tenant, eventId, endpointId);
    const answer = await read('');
    expect(Object(answer.body).series).toHaveLength(24);
    expect(answer.body).toMatchObject({ bucket: 'hour', pending: { count: 1, more: false } });
    expect(Object((await read('?bucket=minute')).body).series).toHaveLength(60);
  });

  test('count what is pending no further than 10,000', async () => {
    await api.db.admin.sql`
      insert into delivery_queue (id, tenant_id, project_id, event_id, endpoint_id, event_type)
      select gen_random_uuid(), ${tenant.tenantId}, ${tenant.projectId}, gen_random_uuid(),
        ${endpointId}, 'a' from generate_series(1, 10001)`;
    expect((await read('')).body).toMatchObject({ pending: { count: 10_000, more: true } });
  });

  test.each([
    '?bucket=minute&since=2026-05-01T00:00:00Z&until=2026-05-02T00:01:00Z',
    '?since=2026-01-01T00:00:00Z&until=2026-05-01T00:00:00Z',
    '?since=2026-05-02T00:00:00Z&until=2026-05-01T00:00:00Z',
    '?bucket=day',
    '?since=yesterday',
    '?limit=5',
  ])('are refused for %s', async (query) => {
    expect((await read(query)).status).toBe(422);
  });

  test('want the scope endpoints:read, and the endpoint to be one of the tenant', async () => {
    const reader = await api.keyOf(tenant, ['endpoints:read']);
    expect((await read('', reader)).status).toBe(200);
    const other = await api.keyOf(tenant, ['deliveries:read']);
    expect((await read('', other)).status).toBe(403);
    expect((await read('', (await api.newTenant()).key)).status).toBe(404);
  });
});
