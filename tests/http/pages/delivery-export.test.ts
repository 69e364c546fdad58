/** The list of deliveries as CSV: its filters, its bounds, and cells that no spreadsheet runs. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { type EndpointId, type EventId, newId } from '../../../src/domain/ids.ts';
import type { Ctx } from '../../../src/usecases/context.ts';
import { exportDeliveries } from '../../../src/usecases/deliveries/export-deliveries.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../../support/deliveries.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createEndpointRow, createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let endpointId: EndpointId;
let path: string;

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  endpointId = await createEndpointRow(pages.db.database, tenant, 'https://a.example/in', {
    description: '=cmd|"/c calc"!A1',
  });
  path = `/t/${tenant.name}/p/main/deliveries`;
  await pages.signIn(tenant);
});

const eventOf = (ageMs: number) =>
  createEventRow(pages.db.database, tenant, { id: newId<EventId>(Date.now() - ageMs) });
const ended = async (ageMs: number, values = {}) =>
  createEndedRow(pages.db.database, tenant, await eventOf(ageMs), endpointId, values);
const linesOf = (text: string) => text.split('\r\n').slice(0, -1);

describe('the export of deliveries', () => {
  test('has what the list shows by its filters, newest first, pending and ended', async () => {
    const failed = await ended(3_000, { status: 'failed', lastError: 'timeout, "slow"' });
    const delivered = await ended(2_000);
    const { database } = pages.db;
    const pending = await createPendingRow(database, tenant, await eventOf(1_000), endpointId);
    await ended(7_200_000);
    const list = await pages.get(`${path}?since=1h`);
    const [, href = ''] = /href="([^"]*\/export[^"]*)"/.exec(list.text) ?? [];
    expect(href).toBe(`${path}/export?since=1h`);
    const file = await pages.get(href);
    expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(file.headers.get('content-disposition')).toContain('deliveries.csv');
    const [head = '', ...rows] = linesOf(file.text);
    expect(head).toStartWith('id,status,eventType,endpoint,url,attempts');
    expect(rows.map((row) => row.split(',')[0])).toEqual([pending, delivered, failed]);
    expect(rows[2]).toContain('"timeout, ""slow"""');
    const only = await pages.get(`${path}/export?status=failed`);
    expect(linesOf(only.text)).toHaveLength(2);
    const one = await pages.get(`${path}/export?q=${delivered}`);
    expect(linesOf(one.text)[1]).toStartWith(delivered);
  });

  test('guards cells that a spreadsheet would run', async () => {
    await ended(1_000, { lastError: '@SUM(1)' });
    const { text } = await pages.get(`${path}/export`);
    expect(text).toContain(`,"'=cmd|""/c calc""!A1",`);
    expect(text).toContain(",'@SUM(1),");
  });

  test('says in its last line that there are more, and where they begin', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.push(await ended(1_000 * (index + 1)));
    const ctx: Ctx = {
      ...{ deps: pages.deps, tenantId: tenant.tenantId, origin: null },
      actor: { kind: 'operator' },
    };
    const query = { projectId: tenant.projectId };
    const read = async (rows: number, until?: Date) => {
      const limits = { rows, pageRows: 2, searches: 10 };
      const parts = exportDeliveries(ctx, until ? { ...query, until } : query, limits);
      const all = await Array.fromAsync(parts);
      const cuts = all.flatMap(({ cutAt }) => cutAt ?? []);
      return { cuts, ids: all.flatMap(({ described }) => described.map((one) => one.delivery.id)) };
    };
    expect(await read(5)).toEqual({ cuts: [], ids });
    for (const rows of [1, 2, 3, 4]) {
      const first = await read(rows);
      expect(first.ids).toEqual(ids.slice(0, rows));
      const rest = await read(10, new Date(first.cuts[0] ?? 0));
      expect(rest.ids).toEqual(ids.slice(rows - 1));
    }
  });

  test('refuses a filter that the list would not read', async () => {
    expect((await pages.get(`${path}/export?q=no%20type`)).status).toBe(422);
    expect((await pages.get(`${path}/export?since=soon`)).status).toBe(422);
    expect((await pages.get(`${path}/export?what=1`)).status).toBe(422);
  });

  test('is of one tenant and project alone, and for who is signed in', async () => {
    await ended(1_000);
    const other = await createTenant(pages.db.database);
    expect((await pages.get(`/t/${other.name}/p/main/deliveries/export`)).status).toBe(404);
    await pages.signIn(other);
    const theirs = await pages.get(`/t/${other.name}/p/main/deliveries/export`);
    expect(linesOf(theirs.text)).toHaveLength(1);
    expect((await pages.get(`${path}/export`)).status).toBe(404);
    pages.signOut();
    expect((await pages.get(`${path}/export`)).status).toBe(303);
  });
});
