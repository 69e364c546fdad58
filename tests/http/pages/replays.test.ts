/** Replays: how far each is, one that is counted before it starts, one that is cancelled. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { type EndpointId, type EventId, newId, type ReplayId } from '../../../src/domain/ids.ts';
import { runReplays } from '../../../src/usecases/replays/run-replays.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../../support/deliveries.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createEndpointRow, createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let list: string;
let endpointId: EndpointId;

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  list = `/t/${tenant.name}/p/main/replays`;
  endpointId = await createEndpointRow(pages.db.database, tenant, 'https://a.example/', {
    description: 'ledger',
  });
  await pages.signIn(tenant);
});

const partial = { 'hx-request': 'true', 'hx-request-type': 'partial' };

async function addFailed(count: number) {
  for (let index = 0; index < count; index += 1) {
    const id = newId<EventId>(Date.now() - 600_000);
    await createEventRow(pages.db.database, tenant, { id });
    await createEndedRow(pages.db.database, tenant, id, endpointId, { status: 'failed' });
  }
}

const fieldTime = (agoMs: number) => new Date(Date.now() - agoMs).toISOString().slice(0, 19);
const form = (changes: Record<string, string> = {}) => ({
  ...{ step: 'count', endpointId, 'filter.status': 'failed', 'filter.type': '' },
  ...{ 'filter.since': fieldTime(3_600_000), 'filter.until': fieldTime(0), ratePerSecond: '' },
  ...changes,
});
const send = (fields: Record<string, string>, headers = {}) =>
  pages.post(`${list}/new`, fields, headers);
const countedIn = (html: string) =>
  (/name="counted" value="([^"]*)"/.exec(html)?.[1] ?? '').replaceAll('&#34;', '"');

async function start(): Promise<string> {
  const fields = form();
  const counted = await send(fields);
  await send({ ...fields, step: 'start', counted: countedIn(counted.text) });
  const { sql } = pages.db.admin;
  const [row] = await sql<{ id: string }[]>`
    select id from replays where tenant_id = ${tenant.tenantId} and not dry_run`;
  return row?.id ?? '';
}

describe('a new replay', () => {
  test('is counted first, and then started with that number', async () => {
    await addFailed(3);
    const fields = form();
    const counted = await send(fields);
    expect(counted.status).toBe(200);
    expect(counted.text).toContain('3 deliveries match');
    expect(counted.text).toContain('Replay 3 deliveries');
    expect(await findPageOffences(counted.text)).toEqual([]);
    const started = await send({ ...fields, step: 'start', counted: countedIn(counted.text) });
    expect(started.headers.get('location')).toBe(list);
    const { text } = await pages.get(list);
    expect(text).toContain('1 is running');
    expect(text).toContain('data-live="replays deliveries"');
    expect(text).not.toContain('Nothing was replayed yet');
  });

  test('is counted again when something else was typed meanwhile', async () => {
    await addFailed(2);
    const counted = await send(form());
    const changed = form({ step: 'start', 'filter.type': 'other.type' });
    const again = await send({ ...changed, counted: countedIn(counted.text) });
    expect(again.status).toBe(200);
    expect(again.text).toContain('Nothing matches');
    expect((await pages.get(list)).text).toContain('Nothing was replayed yet');
  });

  test('is a part of the dialog that asked, which then has the number', async () => {
    await addFailed(1);
    const headers = { ...partial, 'hx-target': 'form#replay-dialog-form' };
    const { text } = await send(form(), headers);
    expect(text).toStartWith('<form id="replay-dialog-form"');
    expect(text).toContain('Replay 1 delivery');
    expect(text).toContain('Replay deliveries to ledger');
  });

  test('has a page with the endpoint chosen', async () => {
    const { text } = await pages.get(`${list}/new?endpoint=${endpointId}`);
    expect(text).toContain('Replay deliveries to ledger');
    expect(text).toContain(`value="${endpointId}" selected`);
    expect(await findPageOffences(text)).toEqual([]);
  });

  test.each<[string, Record<string, string>, string]>([
    ['filter.since', { 'filter.since': 'soon' }, 'must be a time'],
    ['filter.until', { 'filter.until': '2020-01-01T00:00' }, 'must be after since'],
    ['filter.type', { 'filter.type': 'a b' }, 'must be an event type'],
    ['ratePerSecond', { ratePerSecond: '0' }, 'must be'],
  ])('shows an error of %s at its field', async (field, changes, words) => {
    const answer = await send(form(changes));
    expect(answer.status).toBe(422);
    const [, error = ''] = answer.text.split(`id="${field}-error"`);
    expect(error.slice(0, 900)).toContain(words);
    expect(await findPageOffences(answer.text)).toEqual([]);
  });

  test("is refused to a viewer, and for another tenant's endpoint", async () => {
    const other = await createTenant(pages.db.database);
    const theirs = await createEndpointRow(pages.db.database, other, 'https://b.example/');
    expect((await send(form({ endpointId: theirs }))).status).toBe(404);
    await pages.signIn(tenant, 'viewer');
    expect((await send(form())).status).toBe(403);
    expect((await pages.get(list)).text).not.toContain('New replay');
  });
});

describe('the list', () => {
  test('shows how far each is, those that ended too, and none of another tenant', async () => {
    await addFailed(2);
    await start();
    await runReplays(pages.deps, () => true);
    const { text } = await pages.get(list);
    expect(text).toContain('ledger');
    expect(text).toContain('all types, failed');
    expect(text).toContain('2 to go');
    expect(text).toContain('0 delivered, 0 given up of 2');
    expect(await findPageOffences(text)).toEqual([]);
    const part = await pages.get(list, { ...partial, 'hx-target': 'div#replay-list' });
    expect(part.text).toStartWith('<div id="replay-list"');
    const other = await createTenant(pages.db.database);
    await pages.signIn(other);
    expect((await pages.get(`/t/${other.name}/p/main/replays`)).text).not.toContain('ledger');
    expect((await pages.get(list)).status).toBe(404);
  });
});

describe('a running replay', () => {
  /** Made a minute ago, with `count` of its 40 delivered and the rest pending. */
  async function running(count: number, endedAgoMs: number): Promise<string> {
    await addFailed(40);
    const id = await start();
    const { sql } = pages.db.admin;
    await sql`update replays set created_at = now() - interval '5 minutes', phase = 'settling',
      matched = 40, created = 40 where id = ${id}`;
    const replayId = id as ReplayId; // Safe because it was just read.
    for (let index = 0; index < 40; index += 1) {
      const eventId = await createEventRow(pages.db.database, tenant);
      const completedAt = new Date(Date.now() - endedAgoMs);
      if (index < count) {
        const values = { replayId, completedAt };
        await createEndedRow(pages.db.database, tenant, eventId, endpointId, values);
      } else {
        await createPendingRow(pages.db.database, tenant, eventId, endpointId, { replayId });
      }
    }
    return id;
  }

  test('says how fast it was in the last minute and how long it takes, here and at its endpoint', async () => {
    await running(30, 20_000);
    const { text } = await pages.get(list);
    expect(text).toContain('0.5 a second, no limit');
    expect(text).toContain('done in 20 s');
    expect(text).toContain('1 is running: the one for ledger is done in 20 s.');
    const page = await pages.get(`/t/${tenant.name}/p/main/endpoints/${endpointId}`);
    expect(page.text).toContain('A replay is running');
    expect(page.text).toContain('30 of 40 sent again, 0.5 a second, done in 20 s.');
    expect(await findPageOffences(page.text)).toEqual([]);
  });

  test('of which nothing ended in the last minute promises no end', async () => {
    await running(30, 90_000);
    const { text } = await pages.get(list);
    expect(text).toContain('none ended lately, no limit');
    expect(text).not.toContain('done in');
    const other = await createTenant(pages.db.database);
    await pages.signIn(other);
    const theirs = await createEndpointRow(pages.db.database, other, 'https://b.example/');
    const page = await pages.get(`/t/${other.name}/p/main/endpoints/${theirs}`);
    expect(page.text).not.toContain('replay is running');
  });
});

describe('cancelling', () => {
  test('asks with the number, and then nothing more is sent', async () => {
    await addFailed(2);
    const id = await start();
    const asked = await pages.get(`${list}/${id}/cancel`);
    expect(asked.text).toContain('Cancel 2 deliveries');
    expect(await findPageOffences(asked.text)).toEqual([]);
    const answer = await pages.post(`${list}/${id}/cancel`, {});
    expect(answer.headers.get('location')).toBe(list);
    expect((await pages.get(list)).text).toContain('Cancelled');
  });

  test('is refused to a viewer, and of another tenant', async () => {
    await addFailed(1);
    const id = await start();
    await pages.signIn(tenant, 'viewer');
    expect((await pages.post(`${list}/${id}/cancel`, {})).status).toBe(403);
    const other = await createTenant(pages.db.database);
    await pages.signIn(other);
    const path = `/t/${other.name}/p/main/replays/${id}/cancel`;
    expect((await pages.get(path)).status).toBe(404);
    expect((await pages.post(path, {})).status).toBe(404);
  });
});
