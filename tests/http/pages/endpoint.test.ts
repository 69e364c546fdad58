/** One endpoint: what its page tells, its forms, and who may use them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import type { EndpointId } from '../../../src/domain/ids.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../../support/deliveries.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import {
  createEndpointRow,
  createTenant,
  type TestTenant,
  testEndpointSecret,
} from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let list: string;
let endpointId: EndpointId;
let path: string;

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  list = `/t/${tenant.name}/p/main/endpoints`;
  endpointId = await add('ledger');
  path = `${list}/${endpointId}`;
  pages.outbound.refusal = null;
  await pages.signIn(tenant);
});

type Values = Parameters<typeof createEndpointRow>[3];

const add = (description: string, values: Values = {}, of = tenant) =>
  createEndpointRow(pages.db.database, of, 'https://ledger.example/hooks', {
    description,
    ...values,
  });
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000);
const partial = { 'hx-request': 'true', 'hx-request-type': 'partial' };

async function rowOf(id = endpointId) {
  const { sql } = pages.db.admin;
  const [row] =
    await sql`select *, paused_until is not null as held from endpoints where id = ${id}`;
  return Object(row);
}

async function auditActions(): Promise<string[]> {
  const { sql } = pages.db.admin;
  const rows = await sql<{ action: string }[]>`
    select action from audit_log where target_id = ${endpointId} order by id`;
  return rows.map(({ action }) => action);
}

describe('the page of an endpoint', () => {
  test('tells how it did, what waits and what was sent last', async () => {
    const eventId = await createEventRow(pages.db.database, tenant, { type: 'invoice.voided' });
    await createEndedRow(pages.db.database, tenant, eventId, endpointId, {
      ...{ eventType: 'invoice.voided', status: 'failed', lastStatusCode: 502 },
    });
    await createPendingRow(pages.db.database, tenant, eventId, endpointId);
    const { sql } = pages.db.admin;
    await sql`insert into delivery_stats_minute values (${tenant.tenantId}, ${tenant.projectId},
      ${endpointId}, date_trunc('minute', now()), 3, 0, 4, 1, array[0,0,0,0,0,0,4], array[0])`;
    const { text, status } = await pages.get(path);
    expect(status).toBe(200);
    expect(text).toMatch(/75\.00/);
    expect(text).toContain('3 succeeded, 1 failed');
    expect(text).toContain('invoice.voided');
    expect(text).toContain('502');
    expect(text).toContain('Show as a table');
    expect(text).toMatch(/Disable ledger and cancel 1 waiting delivery/);
    expect(await findPageOffences(text)).toEqual([]);
  });

  const hour = () => inHours(-1);
  const breaker = () => ({ failingSince: hour(), pausedUntil: inHours(1) });
  test.each<[string, () => Values, string]>([
    [
      'an open breaker',
      () => ({ ...breaker(), pauseReason: 'circuit_breaker' }),
      'one success closes the breaker',
    ],
    ['failures', () => ({ failingSince: hour() }), 'After 5 days without a success'],
    [
      'a Retry-After',
      () => ({ pausedUntil: inHours(1), pauseReason: 'retry_after' }),
      'The receiver asked to wait until',
    ],
    [
      'a pause',
      () => ({ status: 'paused', statusReason: 'paused_by_request' }),
      'Paused by people',
    ],
    ['a 410', () => ({ status: 'disabled', statusReason: 'gone' }), 'the receiver answered 410'],
  ])('says in words what %s means', async (_what, values, words) => {
    const id = await add('other', values());
    const { text } = await pages.get(`${list}/${id}`);
    expect(text).toContain(words);
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('says how long its breaker is open still', async () => {
    const id = await add('other', { ...breaker(), pauseReason: 'circuit_breaker' });
    const { text } = await pages.get(`${list}/${id}`);
    expect(text).toMatch(/Next attempt <time [^>]*data-until[^>]*>in (?:59 min|1 h)<\/time>/);
  });

  test('answers htmx with its figures alone', async () => {
    const { text } = await pages.get(path, { ...partial, 'hx-target': 'div#figures' });
    expect(text).toStartWith('<div id="figures"');
  });

  test.each([
    '',
    '/settings',
    '/signing',
    '/edit',
    '/disable',
    '/delete',
    '/signing/rotate',
    '/signing/end',
  ])(
    'keeps the rules of pages at "%s", is none of another project, and none of another tenant',
    async (tab) => {
      const own = await pages.get(path + tab);
      expect(own.status).toBe(200);
      expect(await findPageOffences(own.text)).toEqual([]);
      const other = await createTenant(pages.db.database);
      const theirs = await add('theirs', {}, other);
      expect((await pages.get(`${list}/${theirs}${tab}`)).status).toBe(404);
      await pages.post(`/t/${tenant.name}/projects/new`, { name: 'Second' });
      const elsewhere = `/t/${tenant.name}/p/second/endpoints/${endpointId}${tab}`;
      expect((await pages.get(elsewhere)).status).toBe(404);
    },
  );

  test('has no actions for a viewer, and shows no secret', async () => {
    await pages.signIn(tenant, 'viewer');
    for (const tab of ['', '/settings', '/signing']) {
      const { text, status } = await pages.get(path + tab);
      expect(status).toBe(200);
      for (const word of ['Send test', 'Reveal', 'Rotate', 'Delete…', 'Edit<']) {
        expect(text).not.toContain(word);
      }
      expect(text).not.toContain(testEndpointSecret);
    }
  });

  test('shows markup in its settings as text', async () => {
    const bad = '"><script>alert(1)</script>';
    const id = await add(bad, { eventTypes: [bad], filter: { type: bad } });
    for (const tab of ['', '/settings', '/signing', '/edit']) {
      const { text } = await pages.get(`${list}/${id}${tab}`);
      expect(text).toContain('&lt;script&gt;alert(1)');
      expect(await findPageOffences(text)).toEqual([]);
    }
  });
});

describe('a test event', () => {
  test('is shown until it has ended, and then by its answer', async () => {
    const sent = await pages.post(`${path}/test`, {});
    const shown = sent.headers.get('location') ?? '';
    expect(shown).toStartWith(`${path}?test=`);
    const waiting = await pages.get(shown);
    expect(waiting.text).toContain('The test event waits to be sent');
    expect(waiting.text).toContain('data-live="deliveries"');
    const id = shown.split('=')[1] ?? '';
    const { sql } = pages.db.admin;
    await sql`with gone as (delete from delivery_queue where id = ${id} returning *)
      insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type, status,
        attempts, created_at, completed_at)
      select id, tenant_id, project_id, event_id, endpoint_id, event_type, 'delivered', 1, now(), now()
      from gone`;
    await sql`insert into delivery_attempts (id, tenant_id, delivery_id, attempt, outcome, started_at,
        duration_ms, status_code, request_headers, worker)
      values (${crypto.randomUUID()}, ${tenant.tenantId}, ${id}, 1, 'delivered', now(), 84, 204, '{}', 'w')`;
    const done = await pages.get(shown, { ...partial, 'hx-target': 'div#test' });
    expect(done.text).toContain('The test event was delivered: answer 204');
    expect(done.text).toContain('84 ms');
    expect(done.text).not.toContain('hx-trigger');
  });

  test('is none of another endpoint', async () => {
    const sent = await pages.post(`${path}/test`, {});
    const query = (sent.headers.get('location') ?? '').slice(path.length);
    const { text } = await pages.get(`${list}/${await add('other')}${query}`);
    expect(text).not.toContain('test event');
  });

  test('is refused for a disabled endpoint', async () => {
    await pages.post(`${path}/disable`, {});
    expect((await pages.post(`${path}/test`, {})).status).toBe(409);
  });
});

describe('the state', () => {
  test('is paused and resumed, disabled and enabled', async () => {
    for (const [action, status] of [
      ['pause', 'paused'],
      ['resume', 'active'],
      ['disable', 'disabled'],
      ['enable', 'active'],
    ] as const) {
      const answer = await pages.post(`${path}/${action}`, {});
      expect(answer.headers.get('location')).toBe(path);
      expect((await rowOf()).status).toBe(status);
    }
  });
});

describe('deleting', () => {
  test('wants the name typed', async () => {
    const refused = await pages.post(`${path}/delete`, { name: 'ledge' });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('is not ledger: nothing was deleted');
    expect((await rowOf()).deleted_at).toBeNull();
    const answer = await pages.post(`${path}/delete`, { name: 'ledger' });
    expect(answer.headers.get('location')).toBe(list);
    expect((await rowOf()).deleted_at).not.toBeNull();
  });
});

describe('the signing secret', () => {
  test('is masked until somebody asks, which is on record', async () => {
    const masked = await pages.get(`${path}/signing`);
    expect(masked.text).not.toContain(testEndpointSecret);
    expect(masked.text).toContain(`••••${testEndpointSecret.slice(-4)}`);
    const part = await pages.post(
      `${path}/signing/reveal`,
      {},
      { ...partial, 'hx-target': 'div#secrets' },
    );
    expect(part.text).toStartWith('<div id="secrets"');
    expect(part.text).toContain(testEndpointSecret);
    const page = await pages.post(`${path}/signing/reveal`, {});
    expect(page.text).toStartWith('<!doctype html>');
    expect(page.text).toContain(testEndpointSecret);
    expect(await auditActions()).toEqual(['endpoint.secret_revealed', 'endpoint.secret_revealed']);
  });

  test('is rotated with an overlap, in which both are shown', async () => {
    const answer = await pages.post(`${path}/signing/rotate`, { overlapSeconds: '3600' });
    expect(answer.headers.get('location')).toBe(`${path}/signing`);
    const { text } = await pages.get(`${path}/signing`);
    expect(text).toContain('Previous');
    expect(text).toContain('ends <time');
    const refused = await pages.post(`${path}/signing/rotate`, { overlapSeconds: 'soon' });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('id="overlapSeconds-error"');
  });

  test('signs alone once the previous one is ended, which is said and done once', async () => {
    await pages.post(`${path}/signing/rotate`, { overlapSeconds: '3600' });
    expect((await pages.get(`${path}/signing`)).text).toContain('End the previous secret now');
    const answer = await pages.post(`${path}/signing/end`, {});
    expect(answer.headers.get('location')).toBe(`${path}/signing`);
    await pages.post(`${path}/signing/end`, {});
    const { text } = await pages.get(`${path}/signing`);
    expect(text).toContain('Current');
    expect(text).not.toContain('Previous');
    expect(text).not.toContain('End now');
    const ended = 'endpoint.previous_secrets_ended';
    expect(await auditActions()).toEqual(['endpoint.secret_rotated', ended]);
  });
});

describe('every form of an endpoint', () => {
  const forms = [
    'test',
    'pause',
    'resume',
    'enable',
    'disable',
    'signing/reveal',
    'signing/rotate',
    'signing/end',
    'delete',
    'edit',
  ];
  const fields = { name: 'ledger', url: 'https://ledger.example/hooks' };
  test.each(forms)('%s is refused to a viewer, and in another tenant', async (form) => {
    const other = await createTenant(pages.db.database);
    const theirs = await add('ledger', {}, other);
    expect((await pages.post(`${list}/${theirs}/${form}`, fields)).status).toBe(404);
    await pages.signIn(tenant, 'viewer');
    const answer = await pages.post(`${path}/${form}`, fields);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('lacks the permission endpoints:write');
  });
});
